/** The editor's files, by name: terminals find them with `-f name.yaml`. */
import { effect, signal } from '@preact/signals';
import { recall, remember } from './storage';

/** The files: a new object after each change. */
export const files = signal<Readonly<Record<string, string>>>({});
/** The file that the editor shows; `null`: none. */
export const currentFile = signal<string | null>(null);

function isFiles(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every(text => typeof text === 'string');
}

/** Finds the files of the last visit, and keeps them from now on. */
export function startFiles(): void {
  files.value = recall<Record<string, string>>('files', {}, isFiles);
  effect(() => remember('files', files.value));
}

/** Writes a file, new or not. */
export function writeFile(name: string, text: string): void {
  files.value = { ...files.value, [name]: text };
}

/** Removes a file. */
export function removeFile(name: string): void {
  const { [name]: _, ...rest } = files.value;
  files.value = rest;
  if (currentFile.peek() === name) {
    currentFile.value = null;
  }
}

/** Those of some files that exist. */
export function filesOf(names: readonly string[]): { found: Record<string, string>; missing: string[] } {
  const found: Record<string, string> = {};
  const missing: string[] = [];
  for (const name of names) {
    const text = files.peek()[name];
    if (text === undefined) {
      missing.push(name);
    } else {
      found[name] = text;
    }
  }
  return { found, missing };
}
