/** The view `ownership`: its frame only, so far. */
import { Empty } from '../../ui/Empty';

export function OwnershipView() {
  return <Empty icon="ownership" title="Ownership" />;
}
