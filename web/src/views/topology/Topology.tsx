/** The view `topology`: its frame only, so far. */
import { Empty } from '../../ui/Empty';

export function TopologyView() {
  return <Empty icon="topology" title="Topology" />;
}
