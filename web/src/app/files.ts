/** Files from outside: scenarios and runs are opened, manifests join the editor's files. */

import { currentFile, files, writeFile } from '../state/files';
import { parseRun } from '../state/link';
import { openRun } from '../state/open';
import { notify } from '../state/problems';
import { openView } from '../state/selection';
import { run } from '../state/terminals';
import { freeName } from '../views/yaml/names';
import { explainLink, openLink } from './start';
import { text } from './text';

/** What is larger is no scenario. */
const SIZE_MAX = 4 << 20;

/** Whether a text is a scenario: it has what only those have, at the beginning of a line. */
export function isScenario(content: string): boolean {
  return /^(steps|cluster|expect|invariants):/m.test(content) && !/^kind:/m.test(content);
}

async function openFile(file: File): Promise<void> {
  const { name } = file;
  const unreadable = () => notify({ tone: 'problem', message: text().unreadable(name), help: text().unreadableHelp });
  if (file.size > SIZE_MAX) {
    unreadable();
    return;
  }
  const content = await file.text();
  if (name.endsWith('.podarium.json')) {
    let link: ReturnType<typeof parseRun>;
    try {
      link = parseRun(content);
    } catch (thrown) {
      explainLink(thrown);
      return;
    }
    await openLink(link);
  } else if (!/\.(ya?ml|json)$/.test(name)) {
    unreadable();
  } else if (isScenario(content)) {
    await openRun({ version: 1, scenario: content });
  } else {
    const kept = freeName(name.replaceAll(/[^\w.-]+/g, '-'), Object.keys(files.peek()));
    writeFile(kept, content);
    currentFile.value = kept;
    openView('yaml');
    const line = `kubectl apply -f ${kept}`;
    notify({
      message: text().dropped(kept),
      help: text().droppedHelp(kept),
      action: { label: text().apply, act: () => void run(line) },
    });
  }
}

/** Opens files one after another. */
export async function openFiles(dropped: readonly File[]): Promise<void> {
  for (const file of dropped) {
    await openFile(file);
  }
}

/** Hears of files that are dropped on the page; tells whether some hover above it. */
export function startDrop(hovers: (over: boolean) => void, failed: (thrown: unknown) => void): void {
  const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  addEventListener('dragover', event => {
    if (carriesFiles(event)) {
      event.preventDefault();
      hovers(true);
    }
  });
  addEventListener('dragleave', event => {
    if (event.relatedTarget === null) {
      hovers(false);
    }
  });
  // Before anybody else hears of it: the editor would put the text where it was dropped, besides.
  addEventListener(
    'drop',
    event => {
      if (carriesFiles(event)) {
        event.preventDefault();
        event.stopPropagation();
        hovers(false);
        openFiles([...(event.dataTransfer?.files ?? [])]).catch(failed);
      }
    },
    { capture: true },
  );
}
