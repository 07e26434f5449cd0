/** The browser's local storage, which may be full or forbidden: then nothing is remembered, and everything else works. */

import { effect, type Signal, signal } from '@preact/signals';

const PREFIX = 'podarium.';

/** What was remembered, if it still makes sense. */
export function recall<T>(key: string, otherwise: T, valid: (value: T) => boolean = () => true): T {
  try {
    const text = localStorage.getItem(PREFIX + key);
    if (text !== null) {
      const value = JSON.parse(text) as T;
      return valid(value) ? value : otherwise;
    }
  } catch {
    // Forbidden or broken: as if nothing had been remembered.
  }
  return otherwise;
}

/** Remembers something, if that is possible. */
export function remember(key: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // Full or forbidden: the page works without.
  }
}

/** A signal that is found again at the next visit. */
export function kept<T>(key: string, otherwise: T, valid: (value: T) => boolean = () => true): Signal<T> {
  const value = signal(recall(key, otherwise, valid));
  effect(() => remember(key, value.value));
  return value;
}
