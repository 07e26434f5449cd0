/** The view `packet`: its frame only, so far. */
import { Empty } from '../../ui/Empty';

export function PacketView() {
  return <Empty icon="packet" title="Packet" />;
}
