/** The scenarios that come along, in groups; an empty cluster; files of one's own. */
import './gallery.css';
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { openFiles } from '../app/files';
import { openScenario } from '../app/start';
import { scenarios } from '../bundle/scenarios';
import { emptyCluster, openRun } from '../state/open';
import { attempt } from '../state/problems';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { Icon } from '../ui/Icon';
import { groupOf, groups, headOf, rank } from './catalog';
import { text } from './text';

const entries = scenarios
  .map(({ name, text: file }) => ({ name, group: groupOf(name), ...{ head: headOf(file) } }))
  .sort((one, other) => rank(one.name) - rank(other.name));

/** With a capital letter, unless it is a field's name: `maxSurge 1`. */
function capital(name: string): string {
  return /^[a-z]+[A-Z]/.test(name) ? name : name.charAt(0).toUpperCase() + name.slice(1);
}

function lineOf(name: string, otherwise: string): string {
  return (text().lines as Readonly<Record<string, string>>)[name] ?? otherwise;
}

export function Gallery({ close }: { close: () => void }) {
  const wanted = useSignal('');
  const seed = useSignal('');
  const file = useRef<HTMLInputElement>(null);
  const number = () => (/^\d+$/.test(seed.peek()) ? Number(seed.peek()) : undefined);
  const word = wanted.value.trim().toLowerCase();
  const fitting = entries.filter(({ name, head }) =>
    `${name} ${head.name} ${head.description} ${lineOf(name, '')}`.toLowerCase().includes(word),
  );
  return (
    <Dialog title={text().title} close={close} wide>
      <div class="gallery">
        <p class="gallery-intro">{text().intro}</p>
        <div class="gallery-tools">
          <label class="gallery-search">
            <Icon name="search" size={14} />
            <input
              type="search"
              autofocus
              value={wanted.value}
              placeholder={text().search}
              aria-label={text().search}
              onInput={event => {
                wanted.value = event.currentTarget.value;
              }}
            />
          </label>
          <label class="gallery-seed" title={text().seedHint}>
            <span>{text().seed}</span>
            <input
              inputMode="numeric"
              pattern="[0-9]*"
              size={6}
              value={seed.value}
              onInput={event => {
                seed.value = event.currentTarget.value;
              }}
            />
          </label>
          <Button icon="folder" onClick={() => file.current?.click()}>
            {text().open}
          </Button>
          <input
            ref={file}
            type="file"
            class="visually-hidden"
            tabIndex={-1}
            aria-hidden="true"
            multiple
            accept=".yaml,.yml,.json"
            onChange={event => {
              const chosen = [...(event.currentTarget.files ?? [])];
              close();
              attempt(openFiles(chosen));
            }}
          />
        </div>
        {word === '' && (
          <button
            type="button"
            class="gallery-card empty-cluster"
            onClick={() => {
              close();
              const own = number();
              attempt(openRun(own === undefined ? emptyCluster : { ...emptyCluster, seed: own }));
            }}
          >
            <span class="gallery-name">{text().empty}</span>
            <span class="gallery-line">{text().emptyLine}</span>
          </button>
        )}
        {fitting.length === 0 && <p class="gallery-intro">{text().none}</p>}
        {groups.map(group => {
          const members = fitting.filter(entry => entry.group === group);
          return (
            members.length > 0 && (
              <section key={group} class="gallery-group">
                <h3>{text().groups[group]}</h3>
                <div class="gallery-cards">
                  {members.map(({ name, head }) => (
                    <button
                      key={name}
                      type="button"
                      class="gallery-card"
                      title={head.description}
                      onClick={() => {
                        close();
                        attempt(openScenario(name, number()));
                      }}
                    >
                      <span class="gallery-name">{capital(head.name || name)}</span>
                      <span class="gallery-line">{lineOf(name, head.description)}</span>
                    </button>
                  ))}
                </div>
              </section>
            )
          );
        })}
      </div>
    </Dialog>
  );
}
