/** Stars for few commands. */
import type { Stars as Count } from './score';
import { text } from './text';
import './Stars.css';

const STAR = 'M8 1.6l1.95 4.1 4.5.55-3.3 3.1.85 4.45L8 11.6l-4 2.2.85-4.45-3.3-3.1 4.5-.55z';

export function Stars({ count, size = 14, appear = false }: { count: Count; size?: number; appear?: boolean }) {
  return (
    <span class={`stars ${appear ? 'appear' : ''}`} role="img" aria-label={text().stars(String(count))}>
      {[1, 2, 3].map(number => (
        <svg
          key={number}
          class={number <= count ? 'star full' : 'star'}
          width={size}
          height={size}
          viewBox="0 0 16 16"
          style={{ '--nth': number }}
          aria-hidden="true"
        >
          <path d={STAR} />
        </svg>
      ))}
    </span>
  );
}
