/** The search: type a part of a name, and go there. */
import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { kindIcon } from '../details/kinds';
import { playing } from '../state/clock';
import { type Dialogue, dialogue, openSide } from '../state/layout';
import { objectsOf } from '../state/objects';
import { cluster } from '../state/run';
import { openView, select } from '../state/selection';
import { openTerminal } from '../state/terminals';
import { Icon, type IconName } from '../ui/Icon';
import { views } from '../views/registry';
import { type Entry, find } from './palette';
import { text } from './text';

function* entries(): Generator<Entry> {
  for (const object of objectsOf(cluster.value)) {
    const note = [object.kind, object.namespace].filter(Boolean).join(' · ');
    const act = () => {
      select({ kind: 'object', object });
      openSide('details');
    };
    yield { key: object.id, icon: kindIcon(object.kind), title: object.name, note, act };
  }
  for (const { name, icon, title } of views) {
    yield { key: `view ${name}`, icon, title: title(), note: text().palette.view, act: () => openView(name) };
  }
  const note = text().palette.action;
  const action = (title: string, icon: IconName, act: () => void): Entry => ({
    key: `do ${title}`,
    icon,
    title,
    note,
    act,
  });
  const dialog = (title: string, icon: IconName, which: Dialogue) =>
    action(title, icon, () => {
      dialogue.value = which;
    });
  yield dialog(text().gallery, 'gallery', 'gallery');
  yield dialog(text().share, 'share', 'share');
  yield dialog(text().help, 'keyboard', 'shortcuts');
  yield action(text().side.faults, 'fault', () => openSide('faults'));
  yield action(text().panes.terminal, 'terminal', () => openTerminal(true));
  yield action(playing.value ? text().time.pause : text().time.play, playing.value ? 'pause' : 'play', () => {
    playing.value = !playing.peek();
  });
}

export function Palette({ close }: { close: () => void }) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const wanted = useSignal('');
  const place = useSignal(0);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  const found = find(entries(), wanted.value);
  const current = Math.min(place.value, Math.max(0, found.length - 1));
  const choose = (entry: Entry | undefined) => {
    if (entry) {
      close();
      entry.act();
    }
  };
  const move = (by: number) => {
    place.value = found.length === 0 ? 0 : (current + by + found.length) % found.length;
    requestAnimationFrame(() =>
      dialog.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }),
    );
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the browser closes it by Escape itself; the click is on what lies around it
    <dialog
      ref={dialog}
      class="palette"
      aria-label={text().search}
      onCancel={event => {
        event.preventDefault();
        close();
      }}
      onClick={event => {
        if (event.target === dialog.current) {
          close();
        }
      }}
    >
      <div class="palette-frame">
        <label class="palette-head">
          <Icon name="search" />
          <input
            type="text"
            role="combobox"
            aria-expanded="true"
            aria-controls={id}
            aria-label={text().search}
            {...(found[current] ? { 'aria-activedescendant': `${id}-${current}` } : {})}
            placeholder={text().palette.placeholder}
            autocomplete="off"
            spellcheck={false}
            value={wanted.value}
            onInput={event => {
              wanted.value = event.currentTarget.value;
              place.value = 0;
            }}
            onKeyDown={event => {
              if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
                event.preventDefault();
                move(event.key === 'ArrowDown' ? 1 : -1);
              } else if (event.key === 'Enter') {
                event.preventDefault();
                choose(found[current]);
              }
            }}
          />
        </label>
        <div class="palette-list" id={id} role="listbox" aria-label={text().search} tabIndex={-1}>
          {found.map((entry, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys go to the input, which names the current option
            <div
              key={entry.key}
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              class="palette-entry"
              aria-selected={index === current}
              onPointerMove={() => {
                place.value = index;
              }}
              onClick={() => choose(entry)}
            >
              <Icon name={entry.icon} />
              <span class="palette-title">{entry.title}</span>
              <span class="palette-note">{entry.note}</span>
            </div>
          ))}
        </div>
        {found.length === 0 && <p class="palette-none">{text().palette.none}</p>}
      </div>
    </dialog>
  );
}
