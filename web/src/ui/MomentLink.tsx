/** A moment that is gone to when it is clicked. */
import { seek } from '../state/clock';
import { moment } from '../words/time';
import { text } from './text';
import './words.css';

export function MomentLink({ at }: { at: number }) {
  return (
    <button
      type="button"
      class="moment-link"
      title={text().goTo(moment(at))}
      onClick={event => {
        event.stopPropagation();
        void seek(at);
      }}
    >
      {moment(at)}
    </button>
  );
}
