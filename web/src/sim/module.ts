/** What the WASM module exports. Its own declarations are made with it; these stand here so that the page can be checked without it. */
import type {
  Comparison,
  Completion,
  Diagnostic,
  DiffLine,
  Document,
  EventRow,
  History,
  Lesson,
  Link,
  Metrics,
  Opened,
  Packet,
  Update,
  Why,
} from './frames';

/** An object's identity, such as `pod:17`. */
export type Id = string;

/** A run: its time, its branches, its terminals. Times are nanoseconds of virtual time. Failures are thrown as a `Problem`. */
export interface Sandbox {
  opened(): Opened;
  tick(nanos: number): Update;
  seek(at: number): Update;
  step(visible: boolean): Update;
  line(terminal: number, line: string, files: Record<string, string>): Update;
  interrupt(terminal: number): Update;
  complete(line: string): string[];
  filesNeeded(line: string): string[];
  whole(): Update;
  fork(name: string): Update;
  switchBranch(id: number): Update;
  dropBranch(id: number): Update;
  compare(left: number, right: number): Comparison;
  history(): History;
  metrics(): Metrics;
  events(namespace: string): EventRow[];
  why(id: Id): Why;
  whyEvent(event: number): Why;
  packet(namespace: string, from: string, to: string): Packet;
  document(id: Id, at?: number): Document;
  diff(id: Id, from: number, to: number): DiffLine[];
  rules(node: string, what: string): string;
  ruleTables(): string[];
  faults(): string[];
  check(text: string): Diagnostic[];
  completions(text: string, line: number, column: number): Completion[];
  link(): Link;
  fingerprint(): string;
  free(): void;
}

/** The module itself. */
export interface Podarium {
  version(): string;
  /** What the module said when it broke down; `undefined` while it has not. */
  lastPanic(): string | undefined;
  checkScenario(text: string): Diagnostic[];
  /** `file` gives the lesson its name and place: `04-scaling.yaml`. */
  readLesson(text: string, file: string): Lesson;
  /** What is wrong with a lesson: its solution must reach its goals, its start must not. Empty: all is well. */
  proveLesson(text: string, file: string): string[];
  /** How many of a line's commands change something. */
  acts(line: string): number;
  /** Whether a line only watches and never ends by itself. */
  watches(line: string): boolean;
  Sandbox: { open(link: Link, lesson?: string): Sandbox };
}
