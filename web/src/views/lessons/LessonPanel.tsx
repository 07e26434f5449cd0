/** The lesson that is open, beside the stage: its text, goals and hints. */
import { Empty } from '../../ui/Empty';

export function LessonPanel() {
  return <Empty icon="lessons" title="Lesson" />;
}
