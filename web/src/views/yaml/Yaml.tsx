/** The view `yaml`: its frame only, so far. */
import { Empty } from '../../ui/Empty';

export function YamlView() {
  return <Empty icon="yaml" title="Yaml" />;
}
