/** Makes a lesson's start of a run: its scenario, and what was typed since, as steps. */
import { Document, isMap, isSeq, parseDocument, type YAMLMap } from 'yaml';
import type { TypedLine } from '../../sim/frames';

/** What of a scenario a lesson's start may have. What it expects and its name are its own affair. */
const FIELDS = new Set(['seed', 'cluster', 'files', 'steps']);
const STYLE = { lineWidth: 0, indentSeq: false, blockQuote: 'literal' } as const;
const MILLI = 1_000_000;
/** Less than this between two lines isn't worth a step that waits. */
const WAIT_MIN = 10 * MILLI;

/** What was done in a run, and when. */
export interface Doings {
  /** The scenario's text; empty: the cluster of three nodes. */
  readonly scenario: string;
  readonly seed: number | null;
  /** When the scenario's own steps were over. */
  readonly began: number;
  /** The lines that changed something. */
  readonly lines: readonly TypedLine[];
  /** The files beside the scenario, and those of the editor. */
  readonly files: Readonly<Record<string, string>>;
  /** The moment that becomes the start. */
  readonly at: number;
}

/** A time as scenarios write it: `1m30s`, `1500ms`. Rounded up, so that what was over then is over. */
export function waiting(nanos: number): string {
  const millis = Math.ceil(nanos / MILLI);
  const [minutes, rest] = [Math.floor(millis / 60_000), millis % 60_000];
  if (rest % 1000 !== 0) {
    return `${millis}ms`;
  }
  const seconds = rest / 1000;
  return `${minutes > 0 ? `${minutes}m` : ''}${seconds > 0 || minutes === 0 ? `${seconds}s` : ''}`;
}

/** A typed line as a step of a scenario. */
export function step(line: string): Record<string, string> {
  const words = line.trim();
  const [, verb = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(words) ?? [];
  switch (verb) {
    case 'fault':
    case 'traffic':
    case 'wait':
    case 'until':
      return { [verb]: rest };
    case 'kubectl':
    case 'k':
      return { kubectl: rest };
    default:
      return { kubectl: words };
  }
}

function named(line: string, name: string, other: string): string {
  return line
    .split(/(\s+|[=,])/)
    .map(word => (word === name ? other : word))
    .join('');
}

/**
 * The start's YAML. A file that a later line reads in another version gets another name: `web.yaml`, `web-2.yaml`.
 */
export function startYaml(run: Doings): string {
  const document = run.scenario.trim() === '' ? new Document({ cluster: { nodes: 3 } }) : parseDocument(run.scenario);
  const top = document.contents;
  if (!isMap(top)) {
    throw new Error('a scenario is a map');
  }
  const map = top as YAMLMap;
  for (const { key } of [...map.items]) {
    if (!FIELDS.has(String(key))) {
      map.delete(key);
    }
  }
  if (run.seed !== null) {
    document.set('seed', run.seed);
  }
  const files = new Map<string, string>(Object.entries(run.files));
  const steps: Record<string, string>[] = [];
  let now = Math.min(run.began, run.lines[0]?.at ?? run.began);
  const pass = (until: number) => {
    if (until - now >= WAIT_MIN) {
      steps.push({ wait: waiting(until - now) });
      now = until;
    }
  };
  for (const typed of run.lines) {
    pass(typed.at);
    let { line } = typed;
    for (const [name, text] of Object.entries(typed.files ?? {})) {
      if (text === undefined) {
        continue;
      }
      let free = name;
      for (let number = 2; files.has(free) && files.get(free) !== text; number += 1) {
        free = name.replace(/(\.[a-z]+)?$/, `-${number}$1`);
      }
      files.set(free, text);
      line = free === name ? line : named(line, name, free);
    }
    steps.push(step(line));
  }
  pass(run.at);
  for (const [name, text] of files) {
    document.setIn(['files', name], text);
  }
  if (steps.length > 0) {
    const own = document.get('steps', true);
    if (isSeq(own)) {
      for (const one of steps) {
        own.add(document.createNode(one));
      }
    } else {
      document.set('steps', document.createNode(steps));
    }
  }
  return document.toString(STYLE);
}

/** The files of a start, by name. */
export function filesOfStart(start: string): Record<string, string> {
  const files: unknown = parseDocument(start).toJS()?.files;
  return typeof files === 'object' && files !== null ? (files as Record<string, string>) : {};
}

/** A start with some more files. Those that it has stay as they are. */
export function withFiles(start: string, more: Readonly<Record<string, string>>): string {
  const document = parseDocument(start);
  const known = filesOfStart(start);
  for (const [name, text] of Object.entries(more)) {
    if (known[name] === undefined) {
      document.setIn(['files', name], text);
    }
  }
  return document.toString(STYLE);
}
