/** Lines of a lesson on their way into terminals: one that is clicked, or the whole solution. */
import { signal } from '@preact/signals';
import { sim } from '../../sim/client';
import { play, speed } from '../../state/clock';
import { writeFile } from '../../state/files';
import { openAgain } from '../../state/open';
import { opened } from '../../state/run';
import { openTerminal, run, type Terminal, terminals } from '../../state/terminals';
import { begun, current, solutionShown } from './current';

/** Between two lines of a solution, in milliseconds: enough to read what came of the one before. */
const PAUSE = 900;
/** A command that waits longer than this, in milliseconds, is waited for at a higher speed. */
const PATIENCE = 2_500;
const HURRY = 12;

/** Whether a solution types itself. */
export const typing = signal(false);
/** Counts the solutions that were begun or stopped: who has an old number stops. */
let round = 0;

/** A terminal beside the first that waits for nothing: what watches goes there, and leaves the first one free. */
function besides(): Terminal {
  return terminals.peek().find(terminal => terminal.id > 0 && !terminal.busy.peek()) ?? openTerminal(true);
}

/** Types a line where it disturbs nobody. */
export async function typeLine(line: string): Promise<void> {
  play();
  await run(line, (await sim.watches(line)) ? besides().id : undefined);
}

/** Begins the lesson anew and types its solution, line by line, each when the one before has ended. */
export async function typeSolution(): Promise<void> {
  const entry = current.peek();
  if (!entry) {
    return;
  }
  round += 1;
  const mine = round;
  const usual = speed.peek();
  typing.value = true;
  try {
    await openAgain();
    await begun();
    // Whoever opens something else meanwhile doesn't want this typed there.
    const here = opened.peek();
    const goesOn = () => mine === round && opened.peek() === here;
    solutionShown.value = true;
    for (const [file, text] of Object.entries(entry.lesson.edits)) {
      writeFile(file, text ?? '');
    }
    for (const line of entry.lesson.solution) {
      await sleep(PAUSE);
      if (!goesOn()) {
        return;
      }
      if (await sim.watches(line)) {
        await typeLine(line);
        continue;
      }
      play();
      const terminal = await run(line, 0);
      const began = performance.now();
      while (terminal.busy.peek() && goesOn()) {
        await sleep(50);
        if (performance.now() - began > PATIENCE) {
          speed.value = Math.max(usual, HURRY);
        }
      }
      speed.value = usual;
    }
  } finally {
    speed.value = usual;
    if (mine === round) {
      typing.value = false;
    }
  }
}

/** Stops a solution that types itself. What was typed stays. */
export function stopTyping(): void {
  round += 1;
  typing.value = false;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}
