/** The view `metrics`: its frame only, so far. */
import { Empty } from '../../ui/Empty';

export function MetricsView() {
  return <Empty icon="metrics" title="Metrics" />;
}
