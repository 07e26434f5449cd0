/** All lessons: those of this project, and those that a person opened from files or built. */
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { isProblem, sim } from '../../sim/client';
import type { Lesson } from '../../sim/frames';
import { recall, remember } from '../../state/storage';
import { inOrder } from './parts';

/** A lesson with the text that it was read from. */
export interface Entry {
  readonly lesson: Lesson;
  readonly source: string;
  /** Whether it is the person's own, and no part of this project. */
  readonly own: boolean;
}

const KEY = 'own-lessons';
const shipped = signal<readonly Entry[]>([]);
const own = signal<readonly Entry[]>([]);

/** The lessons of this project, in order; none before they were loaded. */
export const lessons: ReadonlySignal<readonly Entry[]> = shipped;
/** The person's own, by title as they were added. */
export const ownLessons: ReadonlySignal<readonly Entry[]> = own;
/** A leaf for each lesson of this project. */
export const beds = computed(() => {
  const parts = new Map<number, string[]>();
  for (const { lesson } of shipped.value) {
    parts.set(lesson.part, [...(parts.get(lesson.part) ?? []), lesson.name]);
  }
  return [...parts].map(([part, names]) => ({ part, lessons: names }));
});

async function read(file: string, source: string, isOwn: boolean): Promise<Entry> {
  return { lesson: await sim.readLesson(source, `${file}.yaml`), source, own: isOwn };
}

/** The person's own lessons as they are kept: texts by their files' names. */
type Kept = Readonly<Record<string, string>>;

function isKept(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every(text => typeof text === 'string');
}

/** Those that this version can't read any more: not shown, but kept for a version that can. */
let unread: Kept = {};

let loading: Promise<void> | null = null;

/** Loads them, once. A failed load (no network) can be tried again. */
export function loadLessons(): Promise<void> {
  loading ??= load().catch(failed => {
    loading = null;
    throw failed;
  });
  return loading;
}

async function load(): Promise<void> {
  const { lessons: bundled } = await import('../../bundle/lessons');
  const entries: Entry[] = [];
  for (const [file, source] of bundled) {
    entries.push(await read(file, source, false));
  }
  const byName = new Map(entries.map(entry => [entry.lesson.name, entry]));
  shipped.value = inOrder(entries.map(({ lesson }) => lesson)).flatMap(({ name }) => byName.get(name) ?? []);
  const mine: Entry[] = [];
  for (const [file, source] of Object.entries(recall<Kept>(KEY, {}, isKept))) {
    try {
      mine.push(await read(file, source, true));
    } catch (thrown) {
      if (!isProblem(thrown)) {
        throw thrown;
      }
      unread = { ...unread, [file]: source };
    }
  }
  own.value = mine;
}

/** A lesson's file: one of this project, or one of the person's own. */
interface Found {
  readonly file: string;
  readonly source: string;
  readonly own: boolean;
}

/** The file of a lesson, without asking the model. The project's own come first: a link that names one means that one. */
export async function findSource(name: string): Promise<Found | null> {
  const { lessons: bundled } = await import('../../bundle/lessons');
  for (const [file, source] of bundled) {
    if (file.replace(/^\d+-/, '') === name) {
      return { file, source, own: false };
    }
  }
  const source = recall<Kept>(KEY, {}, isKept)[name];
  return source === undefined ? null : { file: name, source, own: true };
}

/** A lesson by its name. */
export async function findLesson(name: string): Promise<Entry | null> {
  const known = [...shipped.peek(), ...own.peek()].find(entry => entry.lesson.name === name);
  if (known) {
    return known;
  }
  const found = await findSource(name);
  return found && read(found.file, found.source, found.own);
}

/** Adds a lesson of the person's own, in the place of one with the same name. A `Problem` is thrown on. */
export async function addLesson(file: string, source: string): Promise<Entry> {
  await loadLessons();
  const entry = await read(file, source, true);
  own.value = [...own.peek().filter(other => other.lesson.name !== entry.lesson.name), entry];
  keep();
  return entry;
}

/** Removes a lesson of the person's own. */
export function removeLesson(name: string): void {
  own.value = own.peek().filter(({ lesson }) => lesson.name !== name);
  keep();
}

function keep(): void {
  remember(KEY, { ...unread, ...Object.fromEntries(own.peek().map(({ lesson, source }) => [lesson.name, source])) });
}
