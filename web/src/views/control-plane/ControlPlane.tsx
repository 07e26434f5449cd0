/** The view `control-plane`: its frame only, so far. */
import { Empty } from '../../ui/Empty';

export function ControlPlaneView() {
  return <Empty icon="control-plane" title="ControlPlane" />;
}
