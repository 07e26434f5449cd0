/** The view `events`: its frame only, so far. */
import { Empty } from '../../ui/Empty';

export function EventsView() {
  return <Empty icon="events" title="Events" />;
}
