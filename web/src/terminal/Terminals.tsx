/** The terminals below the stage: tabs, and up to three side by side. */
import '@xterm/xterm/css/xterm.css';
import './terminal.css';
import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { writeFile } from '../state/files';
import { dockOpen } from '../state/layout';
import { attempt, notify } from '../state/problems';
import { openView } from '../state/selection';
import {
  closeTerminal,
  focused,
  missingFiles,
  openTerminal,
  SHOWN_MAX,
  shownTerminals,
  showOnly,
  showTerminal,
  type Terminal,
  terminals,
} from '../state/terminals';
import { Button } from '../ui/Button';
import { Screen } from './screen';
import { text } from './text';

/** Screens outlive the page's parts that show them: what they show is found again. */
const screens = new Map<number, Screen>();

function screenOf(id: number): Screen {
  let screen = screens.get(id);
  if (!screen) {
    screen = new Screen(id);
    screens.set(id, screen);
  }
  return screen;
}

/** Puts the keyboard's focus into the terminal that was typed into last. */
export function focusTerminal(): void {
  screens.get(focused.peek())?.focus();
}

function ScreenFrame({ id }: { id: number }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) {
      return undefined;
    }
    const screen = screenOf(id);
    screen.show(element);
    const observer = new ResizeObserver(() => screen.resize());
    observer.observe(element);
    return () => {
      observer.disconnect();
      screen.element.remove();
    };
  }, [id]);
  return (
    <div
      class="screen-frame"
      data-focused={focused.value === id && shownTerminals.value.length > 1}
      ref={place}
      onFocusIn={() => {
        focused.value = id;
      }}
    />
  );
}

function TerminalTab({ terminal }: { terminal: Terminal }) {
  const { id } = terminal;
  const name = text().tab(String(id + 1));
  const shown = shownTerminals.value.includes(id);
  return (
    <div class="terminal-tab" data-shown={shown} data-focused={focused.value === id}>
      <button
        type="button"
        aria-pressed={shown}
        title={terminal.title.value || name}
        onClick={() => {
          if (shown && shownTerminals.value.length > 1) {
            showOnly(id);
          } else {
            showTerminal(id, false);
          }
          requestAnimationFrame(focusTerminal);
        }}
      >
        <span class="terminal-sign" data-busy={terminal.busy.value} aria-hidden="true" />
        <span class="terminal-title">{terminal.title.value || name}</span>
        {terminal.busy.value && <span class="visually-hidden">{text().busy}</span>}
      </button>
      {terminals.value.length > 1 && (
        <Button variant="quiet" icon="close" label={text().close} onClick={() => attempt(closeTerminal(id))} />
      )}
    </div>
  );
}

/** What a new manifest begins with. */
const SKETCH =
  'apiVersion: v1\nkind: Pod\nmetadata:\n  name: my-pod\nspec:\n  containers:\n  - name: main\n    image: nginx\n';

export function Terminals() {
  useSignalEffect(() => {
    const open = new Set(terminals.value.map(terminal => terminal.id));
    for (const [id, screen] of screens) {
      if (!open.has(id)) {
        screen.dispose();
        screens.delete(id);
      }
    }
  });
  useSignalEffect(() => {
    for (const name of missingFiles.value) {
      notify({
        message: text().missing(name),
        help: text().missingHelp,
        action: {
          label: text().make(name),
          act: () => {
            writeFile(name, SKETCH);
            openView('yaml');
          },
        },
      });
    }
  });
  return (
    <section class="terminals" aria-label={text().terminals}>
      <header class="terminals-head">
        <div class="terminal-tabs">
          {terminals.value.map(terminal => (
            <TerminalTab key={terminal.id} terminal={terminal} />
          ))}
          <Button variant="quiet" icon="plus" label={text().open} onClick={() => openTerminal(false)} />
        </div>
        <Button
          variant="quiet"
          icon="split"
          label={text().beside}
          class="terminal-split"
          disabled={shownTerminals.value.length >= SHOWN_MAX}
          onClick={() => openTerminal(true)}
        />
        <Button
          variant="quiet"
          icon="chevron-down"
          label={text().hide}
          class="terminal-hide"
          onClick={() => {
            dockOpen.value = false;
          }}
        />
      </header>
      <div class="screens">
        {shownTerminals.value.map(id => (
          <ScreenFrame key={id} id={id} />
        ))}
      </div>
    </section>
  );
}
