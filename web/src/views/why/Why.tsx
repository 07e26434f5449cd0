/** Why something is as it is: the side panel's part about what is selected. */
import type { Selection } from '../../state/selection';
import { Empty } from '../../ui/Empty';

export function WhyView({ about }: { about: Selection }) {
  return <Empty icon="why" title={about.kind} />;
}
