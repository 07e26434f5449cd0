/** Whether the page is as narrow as a phone: then it shows one part at a time. parts of app.css go by the same width. */
import { signal } from '@preact/signals';

const query = matchMedia('(max-width: 720px)');
const narrow = signal(query.matches);
query.addEventListener('change', event => {
  narrow.value = event.matches;
});

export function useNarrow(): boolean {
  return narrow.value;
}
