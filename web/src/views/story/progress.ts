/** Where a story is at a moment. */
import type { StoryLine, Verdict } from '../../sim/frames';

/** How many lines have been told. Lines stand in the order of time. */
export function told(lines: readonly StoryLine[], now: number): number {
  return lines.filter(line => line.at <= now).length;
}

/** How a scenario came out. */
export function outcome(verdicts: readonly Verdict[]): { held: number; failed: number } {
  const held = verdicts.filter(verdict => verdict.holds).length;
  return { held, failed: verdicts.length - held };
}

/** Lines of one moment belong together: the moment is said once. */
export function moments(lines: readonly StoryLine[]): { at: number; lines: StoryLine[] }[] {
  const groups: { at: number; lines: StoryLine[] }[] = [];
  for (const line of lines) {
    const last = groups.at(-1);
    if (last?.at === line.at) last.lines.push(line);
    else groups.push({ at: line.at, lines: [line] });
  }
  return groups;
}
