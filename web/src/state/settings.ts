/** What a person chose once and finds again: language and theme. */
import { effect, signal } from '@preact/signals';
import { type Lang, lang } from '../i18n';
import { kept, recall, remember } from './storage';

export type Theme = 'system' | 'light' | 'dark';

const dark = typeof matchMedia === 'undefined' ? null : matchMedia('(prefers-color-scheme: dark)');
const calm = typeof matchMedia === 'undefined' ? null : matchMedia('(prefers-reduced-motion: reduce)');

/** Whether things should move as little as possible: the system says so. */
export const reducedMotion = signal(calm?.matches ?? false);
function isTheme(value: string | null): value is Theme {
  return value === 'system' || value === 'light' || value === 'dark';
}

function firstTheme(): Theme {
  const asked = typeof location === 'undefined' ? null : new URLSearchParams(location.search).get('theme');
  return isTheme(asked) ? asked : recall<Theme>('theme', 'system', isTheme);
}

/** The chosen theme; one that the address asks for goes first. */
export const theme = signal<Theme>(firstTheme());

/** Whether terminals tell screen readers what they print. */
export const screenReader = kept('screenReader', false, value => typeof value === 'boolean');

const systemDark = signal(dark?.matches ?? false);
/** The theme that is shown. */
export const shade = signal<'light' | 'dark'>('light');

function firstLang(): Lang {
  const asked = new URLSearchParams(location.search).get('lang');
  if (asked === 'en' || asked === 'zh') {
    return asked;
  }
  const own: Lang = navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
  return recall<Lang>('lang', own, value => value === 'en' || value === 'zh');
}

/** Sets what was chosen in force, and keeps it so. */
export function startSettings(): void {
  lang.value = firstLang();
  dark?.addEventListener('change', event => {
    systemDark.value = event.matches;
  });
  calm?.addEventListener('change', event => {
    reducedMotion.value = event.matches;
  });
  effect(() => {
    shade.value = theme.value === 'system' ? (systemDark.value ? 'dark' : 'light') : theme.value;
    document.documentElement.dataset['theme'] = shade.value;
  });
  effect(() => {
    document.documentElement.lang = lang.value === 'zh' ? 'zh-CN' : 'en';
  });
}

/** Chooses a language, and remembers it. */
export function chooseLang(chosen: Lang): void {
  lang.value = chosen;
  remember('lang', chosen);
}

/** Chooses a theme, and remembers it. */
export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  remember('theme', chosen);
}
