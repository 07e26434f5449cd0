/** What the YAML view shows: the editor's files, or an object. */
import { effect, signal } from '@preact/signals';
import { currentFile } from '../../state/files';
import { openView, selection } from '../../state/selection';

export type Mode = 'files' | 'object';

export const mode = signal<Mode>('files');
/** Whether somebody is typing into the editor: then nothing takes its place. */
export const writing = signal(false);

effect(() => {
  if (selection.value?.kind === 'object' && !writing.peek()) {
    mode.value = 'object';
  }
});

/** Shows a file in the editor. */
export function openFile(name: string): void {
  currentFile.value = name;
  mode.value = 'files';
  openView('yaml');
}
