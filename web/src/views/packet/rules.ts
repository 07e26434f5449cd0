/** Finding what a packet met in the text of a node's rules. */

export interface RuleLine {
  readonly text: string;
  readonly met: boolean;
}

/** A line without what is only there to be read: indentation, repeated blanks. */
function bare(line: string): string {
  return line.trim().replace(/\s+/g, ' ');
}

/** The lines of a text, those marked that are among what was met. */
export function markLines(shown: string, met: readonly string[]): RuleLine[] {
  const wanted = new Set(met.map(bare).filter(Boolean));
  const lines = shown.replace(/\n$/, '').split('\n');
  return lines.map(line => ({ text: line, met: wanted.has(bare(line)) }));
}
