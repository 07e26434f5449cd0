/** The view `story`: its frame only, so far. */
import { Empty } from '../../ui/Empty';

export function StoryView() {
  return <Empty icon="story" title="Story" />;
}
