/** The view `lessons`: its frame only, so far. */
import { Empty } from '../../ui/Empty';

export function LessonsView() {
  return <Empty icon="lessons" title="Lessons" />;
}
