/** The view `builder`: its frame only, so far. */
import { Empty } from '../../ui/Empty';

export function BuilderView() {
  return <Empty icon="builder" title="Builder" />;
}
