/** The view `timeline`: its frame only, so far. */
import { Empty } from '../../ui/Empty';

export function TimelineView() {
  return <Empty icon="timeline" title="Timeline" />;
}
