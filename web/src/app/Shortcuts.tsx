/** The page's keys, and what Podarium is. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { sim } from '../sim/client';
import { Dialog } from '../ui/Dialog';
import { text } from './text';

export function Shortcuts({ close }: { close: () => void }) {
  const version = useSignal('');
  useEffect(() => {
    sim.version().then(
      found => {
        version.value = found;
      },
      () => undefined,
    );
  }, [version]);
  const words = text().shortcuts;
  const keys: readonly [readonly string[], string][] = [
    [['Space'], words.play],
    [['→'], words.stepEvent],
    [['Shift', '→'], words.stepChange],
    [['←'], words.back],
    [['Shift', '←'], words.backFar],
    [['['], words.slower],
    [[']'], words.faster],
    [['1', '…', '9'], words.views],
    [['t'], words.terminal],
    [['/'], words.search],
    [['d'], words.details],
    [['s'], words.share],
    [['g'], words.gallery],
    [['?'], words.help],
    [['Esc'], words.escape],
  ];
  return (
    <Dialog title={words.title} close={close}>
      <dl class="shortcuts">
        {keys.map(([row, does]) => (
          <div key={does}>
            <dt>
              {row.map(key => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <p class="shortcuts-note">{words.mouse}</p>
      <h3>{words.about}</h3>
      <p class="shortcuts-note">{words.version(version.value)}</p>
    </Dialog>
  );
}
