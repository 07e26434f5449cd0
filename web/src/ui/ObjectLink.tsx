/** An object's name that selects the object when it is clicked. */
import type { Ref } from '../sim/frames';
import { select, selection } from '../state/selection';
import { objectName } from '../words/objects';
import './words.css';

export function ObjectLink({ object, short = false }: { object: Ref; short?: boolean }) {
  const chosen = selection.value;
  const current = chosen?.kind === 'object' && chosen.object.id === object.id;
  return (
    <button
      type="button"
      class="object-link"
      aria-current={current ? 'true' : undefined}
      title={objectName(object)}
      onClick={event => {
        event.stopPropagation();
        select({ kind: 'object', object });
      }}
    >
      {short ? object.name : objectName(object)}
    </button>
  );
}
