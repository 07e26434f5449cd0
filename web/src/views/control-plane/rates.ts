/** How much goes over each link when too much goes over it to draw every message. */
import type { Message } from '../../sim/frames';
import { SECOND } from '../../words/time';
import { keyOf } from './layout';

/** What went over a part's link lately. */
export interface Load {
  /** Messages that the part sent. */
  sent: number;
  /** Messages that it got. */
  got: number;
  /** When the last of them arrived. */
  last: number;
}

/** The loads by part, in the window of virtual time that ends at a moment. Work inside of a part is no load. */
export function loads(messages: readonly Message[], now: number, window = SECOND): Map<string, Load> {
  const sums = new Map<string, Load>();
  for (let number = messages.length - 1; number >= 0; number -= 1) {
    const message = messages[number];
    if (!message || message.at <= now - window) {
      break;
    }
    const outward = message.from.role === 'apiServer';
    const end = keyOf(outward ? message.to : message.from);
    if (message.at > now || keyOf(message.from) === keyOf(message.to)) {
      continue;
    }
    const load = sums.get(end) ?? { sent: 0, got: 0, last: 0 };
    if (outward) load.got += 1;
    else load.sent += 1;
    load.last = Math.max(load.last, message.at);
    sums.set(end, load);
  }
  return sums;
}
