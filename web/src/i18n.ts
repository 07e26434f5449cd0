/** The interface's two languages. Each folder has its own dictionary, in its `text.ts`. */
import { signal } from '@preact/signals';

export type Lang = 'en' | 'zh';

/** The language that is shown; `state/settings.ts` keeps it. */
export const lang = signal<Lang>('en');

/** What a dictionary may hold: texts, texts with gaps, lists of texts, and groups of those. */
type Entry = string | ((...gaps: never[]) => string) | readonly string[] | { readonly [key: string]: Entry };

/** The same entries with other words. */
type Words<T> = T extends string
  ? string
  : T extends (...gaps: infer Gaps) => string
    ? (...gaps: Gaps) => string
    : T extends readonly string[]
      ? readonly string[]
      : { readonly [K in keyof T]: Words<T[K]> };

/**
 * A dictionary: `const text = dictionary({ en: { play: 'Play' }, zh: { play: '播放' } })`, used as `text().play`.
 * An entry that Chinese lacks, or has too many of, doesn't compile. Components that read it follow the language.
 */
export function dictionary<const T extends { readonly [key: string]: Entry }>(words: {
  en: T;
  zh: Words<NoInfer<T>>;
}): () => Words<T> {
  return () => (lang.value === 'zh' ? words.zh : words.en) as unknown as Words<T>;
}
