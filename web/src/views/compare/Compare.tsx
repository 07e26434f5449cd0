/** The view `compare`: its frame only, so far. */
import { Empty } from '../../ui/Empty';

export function CompareView() {
  return <Empty icon="compare" title="Compare" />;
}
