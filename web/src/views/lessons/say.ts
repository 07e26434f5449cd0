import { lang } from '../../i18n';
import type { Both } from '../../sim/frames';

/** A text of a lesson in the language that is shown; in the other one, if the lesson hasn't got it. */
export function say(both: Both): string {
  return (lang.value === 'zh' ? both.zh || both.en : both.en || both.zh).trim();
}
