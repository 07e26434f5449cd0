/** Updates for tests: what the model says when nothing happened. */
import type { Update } from '../sim/frames';
import { nothing } from './cluster';

/** An update at a moment, of which only what matters need be said. */
export function update(at: number, change: Partial<Omit<Update, 'frame'>> & { whole?: boolean } = {}): Update {
  const { epoch, next, revision, handled, crowd, totals } = nothing;
  const { whole = false, ...rest } = change;
  return {
    frame: {
      at,
      epoch,
      horizon: at,
      next,
      revision,
      handled,
      crowd,
      totals,
      whole,
      nodes: [],
      pods: [],
      owners: [],
      services: [],
      ingresses: [],
      gone: [],
    },
    messages: [],
    messagesLeftOut: 0,
    prints: [],
    branches: [],
    branch: 0,
    goals: [],
    acted: 0,
    ahead: 0,
    ...rest,
  };
}
