/** Where the lesson begins: a scenario, taken from the cluster or written. */
import { useEffect, useState } from 'preact/hooks';
import { sim } from '../../sim/client';
import type { Diagnostic } from '../../sim/frames';
import { attempt } from '../../state/problems';
import { Button } from '../../ui/Button';
import { Field } from './Fields';
import { draft, edit, playable, takeStart } from './state';
import { text } from './text';

/** How long nothing must be typed until the scenario is checked, in milliseconds. */
const CHECK_AFTER = 400;

export function Start() {
  const { start } = draft.value;
  const [found, setFound] = useState<readonly Diagnostic[]>([]);
  useEffect(() => {
    let gone = false;
    const timer = setTimeout(
      () =>
        attempt(
          sim.checkScenario(playable(start)).then(diagnostics => {
            if (!gone) {
              setFound(diagnostics);
            }
          }),
        ),
      CHECK_AFTER,
    );
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [start]);
  const [worst] = found.filter(({ warning }) => !warning);
  return (
    <>
      <div>
        <Button icon="copy" onClick={() => attempt(takeStart())}>
          {text().takeStart}
        </Button>
      </div>
      <Field
        label={text().fields.start}
        fault={worst ? `${worst.line > 0 ? `${worst.line}: ` : ''}${worst.message} ${worst.help}`.trim() : null}
      >
        {id => (
          <textarea
            id={id}
            class="field code start"
            spellcheck={false}
            value={start}
            onInput={event => edit({ start: event.currentTarget.value })}
          />
        )}
      </Field>
    </>
  );
}
