/** What the search finds: objects, views, commands of the page. */
import type { IconName } from '../ui/Icon';

export interface Entry {
  readonly key: string;
  readonly icon: IconName;
  readonly title: string;
  /** What kind of thing it is, or where. */
  readonly note: string;
  readonly act: () => void;
}

/** More than these aren't read. */
const FOUND_MAX = 40;

/**
 * How well an entry fits what is typed; `null` if it doesn't: all its words must be found. The beginning of a title is best, then the
 * beginning of a word in it, then anywhere, then in the note.
 */
export function fitness(title: string, note: string, wanted: string): number | null {
  const name = title.toLowerCase();
  const around = note.toLowerCase();
  let sum = 0;
  for (const word of wanted.toLowerCase().split(/\s+/).filter(Boolean)) {
    const at = name.indexOf(word);
    if (at === 0) {
      sum += name === word ? 4 : 3;
    } else if (at > 0) {
      sum += /[\s\-./]/.test(name[at - 1] ?? '') ? 2 : 1;
    } else if (around.includes(word)) {
      sum += 0.5;
    } else {
      return null;
    }
  }
  return sum;
}

/** The entries that fit, the best first; among equals the shorter, then as they came. */
export function find(entries: Iterable<Entry>, wanted: string): Entry[] {
  const found: { entry: Entry; fits: number }[] = [];
  for (const entry of entries) {
    const fits = fitness(entry.title, entry.note, wanted);
    if (fits !== null) {
      found.push({ entry, fits });
    }
  }
  if (wanted.trim() !== '') {
    found.sort((one, other) => other.fits - one.fits || one.entry.title.length - other.entry.title.length);
  }
  return found.slice(0, FOUND_MAX).map(({ entry }) => entry);
}
