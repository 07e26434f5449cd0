/** What a `console` block says: lines that can be typed, and what they print. The model reads lessons by the same rule. */

export interface ConsoleLine {
  /** `command`: can be typed; `output`: was printed. */
  readonly kind: 'command' | 'output';
  readonly text: string;
}

export function consoleLines(text: string): ConsoleLine[] {
  return text
    .split('\n')
    .map(line =>
      line.startsWith('$ ') ? { kind: 'command', text: line.slice(2).trim() } : { kind: 'output', text: line },
    );
}
