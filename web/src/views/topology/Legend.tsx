/** What colours and shapes mean, with how many pods have each. */
import { cluster } from '../../state/run';
import { StateDot } from '../../ui/StateDot';
import { podStates } from '../../ui/states';
import { text as uiText } from '../../ui/text';
import type { Group } from './groups';
import { text } from './text';
import { count } from './words';

/** More groups than this are not named: they would need more colours than can be told apart. */
const NAMED = 8;

export function Legend({ groups }: { groups: readonly Group[] }) {
  const { counts } = cluster.value.totals;
  if (groups.length > 0) {
    return (
      <ul class="topology-legend" aria-label={text().groups}>
        {groups.slice(0, NAMED).map((group, at) => (
          <li key={group.key}>
            <span class="topology-swatch" style={{ background: `var(--stage-group-${(at % NAMED) + 1})` }} />
            <b>{group.count}</b> {group.label || text().unowned}
          </li>
        ))}
        {groups.length > NAMED && <li>+{groups.length - NAMED}</li>}
      </ul>
    );
  }
  return (
    <ul class="topology-legend" aria-label={text().legend}>
      {podStates.map(state => (
        <li key={state} class={counts[state] === 0 ? 'none' : ''}>
          <StateDot state={state} label={false} />
          <b>{count(counts[state])}</b> {uiText().states[state]}
        </li>
      ))}
    </ul>
  );
}
