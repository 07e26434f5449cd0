/** A lesson that is being built. */
import type { Both, GoalKind, Lesson } from '../../sim/frames';
import { written } from '../lessons/say';

export interface DraftGoal {
  readonly kind: GoalKind;
  readonly that: string;
  readonly say: Both;
}

/** What is written so far. Kept as it is typed: what is missing is told, never filled in. */
export interface Draft {
  /** The file's name without `.yaml`, and the lesson's name in links. */
  readonly name: string;
  readonly part: number;
  readonly minutes: number;
  readonly title: Both;
  readonly summary: Both;
  readonly text: Both;
  /** The scenario that it starts from: YAML with `seed`, `cluster`, `files` and `steps`. */
  readonly start: string;
  readonly goals: readonly DraftGoal[];
  readonly hints: readonly Both[];
  readonly solution: readonly string[];
  readonly edits: Readonly<Record<string, string>>;
  readonly par: number;
}

export const nobody: Both = { en: '', zh: '' };

export const emptyDraft: Draft = {
  name: 'my-lesson',
  part: 1,
  minutes: 5,
  title: nobody,
  summary: nobody,
  text: nobody,
  start: 'cluster: {nodes: 3}\n',
  goals: [],
  hints: [nobody],
  solution: [],
  edits: {},
  par: 1,
};

/** Whether something kept is a draft: of this version, and whole. */
export function isDraft(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const draft = value as Record<string, unknown>;
  return Object.entries(emptyDraft).every(([key, sample]) => {
    const found = draft[key];
    return typeof found === typeof sample && Array.isArray(found) === Array.isArray(sample) && found !== null;
  });
}

/** A lesson that exists, to go on with. */
export function draftOf(lesson: Lesson): Draft {
  const { name, part, minutes, title, summary, text, start, goals, hints, solution, edits, par } = lesson;
  const own = (both: Both): Both => ({ en: written(both, 'en'), zh: written(both, 'zh') });
  const edited: Record<string, string> = {};
  for (const [file, content] of Object.entries(edits)) {
    if (content !== undefined) {
      edited[file] = content;
    }
  }
  return {
    name,
    part,
    minutes,
    title: own(title),
    summary: own(summary),
    text: own(text),
    start,
    goals: goals.map(goal => ({ ...goal, say: own(goal.say) })),
    hints: hints.map(own),
    solution,
    edits: edited,
    par,
  };
}

/** What a lesson must have, and this draft hasn't. */
export type Lack = 'name' | 'title' | 'summary' | 'text' | 'goals' | 'goalWords' | 'hints' | 'solution';
/** What is there in one language only. */
export type Untranslated = 'title' | 'summary' | 'text' | 'goals' | 'hints';

const empty = (both: Both) => both.en.trim() === '' && both.zh.trim() === '';
const half = (both: Both) => (both.en.trim() === '') !== (both.zh.trim() === '');

export function lacks(draft: Draft): Lack[] {
  const found: Lack[] = [];
  const lack = (what: Lack, is: boolean) => {
    if (is) {
      found.push(what);
    }
  };
  lack('name', !/^[a-z0-9][a-z0-9-]*$/.test(draft.name));
  lack('title', empty(draft.title));
  lack('summary', empty(draft.summary));
  lack('text', empty(draft.text));
  lack('goals', draft.goals.length === 0);
  lack(
    'goalWords',
    draft.goals.some(goal => goal.that.trim() === '' || empty(goal.say)),
  );
  lack('hints', draft.hints.every(empty));
  lack('solution', draft.solution.length === 0);
  return found;
}

export function untranslated(draft: Draft): Untranslated[] {
  const found: Untranslated[] = [];
  for (const what of ['title', 'summary', 'text'] as const) {
    if (half(draft[what])) {
      found.push(what);
    }
  }
  if (draft.goals.some(goal => half(goal.say))) {
    found.push('goals');
  }
  if (draft.hints.some(half)) {
    found.push('hints');
  }
  return found;
}
