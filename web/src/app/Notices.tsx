/** Messages that float above the page: what went wrong, and what to do about it. */
import { useEffect } from 'preact/hooks';
import { dismiss, type Notice, notices } from '../state/problems';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { text as words } from '../ui/text';
import { text } from './text';

/** Notes go by themselves; problems stay until they are closed. */
const NOTE_MS = 9_000;

function Shown({ notice }: { notice: Notice }) {
  const { id, tone, message, help, place, action } = notice;
  useEffect(() => {
    if (tone === 'problem') {
      return undefined;
    }
    const timer = setTimeout(() => dismiss(id), NOTE_MS);
    return () => clearTimeout(timer);
  }, [id, tone]);
  return (
    <div class={`notice ${tone}`} role={tone === 'problem' ? 'alert' : 'status'}>
      <Icon name={tone === 'problem' ? 'warning' : 'info'} />
      <div class="notice-words">
        {place && <code class="notice-place">{place}</code>}
        <p class="notice-message">{message}</p>
        {help && <p class="notice-help">{help}</p>}
        {action && (
          <Button
            onClick={() => {
              dismiss(id);
              action.act();
            }}
          >
            {action.label}
          </Button>
        )}
      </div>
      <Button variant="quiet" icon="close" label={words().close} onClick={() => dismiss(id)} />
    </div>
  );
}

export function Notices() {
  return (
    <section class="notices" aria-label={text().notices}>
      {notices.value.map(notice => (
        <Shown key={notice.id} notice={notice} />
      ))}
    </section>
  );
}
