/** The view `yaml`: files to write and apply, and any object as it is or was. */
import { Tabs } from '../../ui/Tabs';
import { FilesPane } from './FilesPane';
import { mode } from './mode';
import { ObjectPane } from './ObjectPane';
import { text } from './text';
import './fields.css';
import './Yaml.css';

export function YamlView() {
  return (
    <div class="yaml">
      <div class="yaml-modes">
        <Tabs
          label={text().modesLabel}
          tabs={[
            { name: 'files', title: text().modes.files, icon: 'file' },
            { name: 'object', title: text().modes.object, icon: 'pod' },
          ]}
          current={mode.value}
          choose={chosen => {
            mode.value = chosen;
          }}
        />
      </div>
      {mode.value === 'files' ? <FilesPane /> : <ObjectPane />}
    </div>
  );
}
