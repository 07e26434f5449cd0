/** Going to moments while a pointer is dragged: the latest counts, and there is one journey at a time. */
import { pause, seek } from '../../state/clock';

let under = false;
let wanted: number | null = null;

export async function scrubTo(at: number): Promise<void> {
  wanted = at;
  if (under) {
    return;
  }
  under = true;
  pause();
  try {
    while (wanted !== null) {
      const target = wanted;
      wanted = null;
      await seek(target);
    }
  } finally {
    under = false;
  }
}
