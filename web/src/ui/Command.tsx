/** A command that is typed into a terminal when it is clicked: visibly, so that its reader learns to type it. */
import { run } from '../state/terminals';
import './words.css';

export function Command({ line }: { line: string }) {
  return (
    <button type="button" class="command" onClick={() => void run(line)}>
      <span aria-hidden="true" class="command-prompt">
        $
      </span>
      <code>{line}</code>
    </button>
  );
}
