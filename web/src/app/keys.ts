/** The page's keys. A key that whatever has the focus takes for itself isn't one of them. */
import { breakdown } from '../sim/client';
import { pause, play, playing, seek, speed, step } from '../state/clock';
import { dialogue, dockOpen, pane, sideOpen } from '../state/layout';
import { nextSpeed } from '../state/pace';
import { attempt } from '../state/problems';
import { cluster } from '../state/run';
import { openView, select, selection } from '../state/selection';
import { views } from '../views/registry';

/** Whether somebody types there, or whether it has a use of its own for keys. */
function takesKeys(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input, textarea, select, [contenteditable="true"], .xterm, .cm-editor, dialog') !== null
  );
}

function isButton(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('button, a, summary, [role="button"], [role="tab"]') !== null;
}

function back(seconds: number): void {
  attempt(seek(cluster.peek().at - seconds * 1e9));
}

async function toTerminal(): Promise<void> {
  dockOpen.value = true;
  pane.value = 'terminal';
  const { focusTerminal } = await import('../terminal/Terminals');
  requestAnimationFrame(focusTerminal);
}

const keys: Readonly<Record<string, (event: KeyboardEvent) => void>> = {
  ' ': () => (playing.peek() ? pause() : play()),
  ArrowRight: event => attempt(step(event.shiftKey)),
  ArrowLeft: event => back(event.shiftKey ? 10 : 1),
  '[': () => {
    speed.value = nextSpeed(speed.peek(), false);
  },
  ']': () => {
    speed.value = nextSpeed(speed.peek(), true);
  },
  t: () => attempt(toTerminal()),
  d: () => {
    sideOpen.value = !sideOpen.peek();
  },
  s: () => {
    dialogue.value = 'share';
  },
  g: () => {
    dialogue.value = 'gallery';
  },
  '/': () => {
    dialogue.value = 'search';
  },
  '?': () => {
    dialogue.value = 'shortcuts';
  },
  Escape: () => {
    if (selection.peek()) {
      select(null);
    }
  },
};

/** Listens for as long as the page lives. */
export function startKeys(): void {
  addEventListener('keydown', event => {
    if (breakdown.peek()) {
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.key === 'k') {
      event.preventDefault();
      dialogue.value = 'search';
      return;
    }
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (event.defaultPrevented || modified || dialogue.peek() || takesKeys(event.target)) {
      return;
    }
    if (event.key === ' ' && isButton(event.target)) {
      return;
    }
    const view = /^[1-9]$/.test(event.key) ? views[Number(event.key) - 1] : undefined;
    if (view) {
      event.preventDefault();
      openView(view.name);
    } else {
      const act = keys[event.key];
      if (act) {
        event.preventDefault();
        act(event);
      }
    }
  });
}
