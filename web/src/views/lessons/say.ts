import { lang } from '../../i18n';
import type { Both } from '../../sim/frames';

/** What stands in a lesson's file for a text that isn't translated yet: the format wants both languages. */
export const UNTRANSLATED: Both = { en: '(Not translated yet.)', zh: '（尚未翻译。）' };

/** A text in one of its languages; empty if it isn't translated. */
export function written(both: Both, language: 'en' | 'zh'): string {
  const text = both[language].trim();
  return text === UNTRANSLATED[language] ? '' : text;
}

/** A text of a lesson in the language that is shown; in the other one, if the lesson hasn't got it. */
export function say(both: Both): string {
  const [en, zh] = [written(both, 'en'), written(both, 'zh')];
  return lang.value === 'zh' ? zh || en : en || zh;
}
