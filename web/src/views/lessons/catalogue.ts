/** All lessons: those of this project, and those that a person opened from files or built. */
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { sim } from '../../sim/client';
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

async function read(sources: readonly string[], isOwn: boolean): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const source of sources) {
    entries.push({ lesson: await sim.readLesson(source), source, own: isOwn });
  }
  return entries;
}

function isSources(value: unknown): boolean {
  return Array.isArray(value) && value.every(source => typeof source === 'string');
}

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
  const { lessonFiles } = await import('./files');
  const entries = await read(Object.values(lessonFiles), false);
  const byName = new Map(entries.map(entry => [entry.lesson.name, entry]));
  shipped.value = inOrder(entries.map(({ lesson }) => lesson)).flatMap(({ name }) => byName.get(name) ?? []);
  const kept: Entry[] = [];
  for (const source of recall<string[]>(KEY, [], isSources)) {
    // One that this version can't read any more stays out of the list, and is kept for a version that can.
    kept.push(...(await read([source], true).catch(() => [])));
  }
  own.value = kept;
}

/** A lesson by its name. The project's own come first: a link that names one means that one. */
export async function findLesson(name: string): Promise<Entry | null> {
  await loadLessons();
  const named = (entry: Entry) => entry.lesson.name === name;
  return shipped.peek().find(named) ?? own.peek().find(named) ?? null;
}

/** Adds a lesson of the person's own, in the place of one with the same name. A `Problem` is thrown on. */
export async function addLesson(source: string): Promise<Entry> {
  await loadLessons();
  const lesson = await sim.readLesson(source);
  const entry = { lesson, source, own: true };
  own.value = [...own.peek().filter(other => other.lesson.name !== lesson.name), entry];
  keep();
  return entry;
}

/** Removes a lesson of the person's own. */
export function removeLesson(name: string): void {
  own.value = own.peek().filter(({ lesson }) => lesson.name !== name);
  keep();
}

function keep(): void {
  remember(
    KEY,
    own.peek().map(({ source }) => source),
  );
}
