/**
 * The chain of what happens, folded into numbered steps that somebody can read aloud: three Pods that are created one after another are one
 * step. What the steps say stands in `text.ts`; which there are follows from the messages alone.
 */
import type { Message, Party, Ref } from '../../sim/frames';
import { SECOND } from '../../words/time';

/** A step of the narration. */
export interface Step {
  /** Tells steps apart, also while new messages join in. */
  key: string;
  /** Which kind of sentence it is. */
  kind: 'typed' | 'asks' | 'stored' | 'heard';
  /** Who does it: several kubelets may share a step. */
  who: Party[];
  verb: string;
  resource: string;
  /** What it is about, without repetitions. */
  objects: Ref[];
  ok: boolean;
  /** Why, in the words of who decided, or what was typed. */
  text: string;
  /** When it began, and when the latest of its messages arrived. */
  from: number;
  to: number;
  /** The first of its messages. */
  first: Message;
}

/** More steps than these are no story any more. */
const STEPS_MAX = 60;

/** A message joins a step that is younger than this. */
const TOGETHER = SECOND;

/** Which kind of sentence a message belongs to; `null`: it is told with another one, or not at all. */
function kindOf(message: Message): Step['kind'] | null {
  // Events are notes beside the story.
  if (message.resource === 'events') return null;
  switch (message.kind) {
    case 'input':
      return 'typed';
    case 'request':
      return 'asks';
    case 'commit':
      return 'stored';
    // Controllers and scheduler hear of everything: what they make of it is told instead.
    case 'watch':
      return message.to.role === 'kubelet' || message.to.role === 'proxy' ? 'heard' : null;
    // What a controller decided is told with the request that comes of it.
    case 'work':
    case 'answer':
      return null;
  }
}

/** Whose step it is: of the one who does something, and of the one who hears of it. */
function doer(message: Message, kind: Step['kind']): Party {
  return kind === 'heard' ? message.to : message.from;
}

function join(step: Step, message: Message, who: Party): void {
  step.to = Math.max(step.to, message.at);
  if (!step.who.some(each => each.name === who.name)) {
    step.who.push(who);
  }
  if (message.object && !step.objects.some(object => object.id === message.object?.id)) {
    step.objects.push(message.object);
  }
}

/** The story of some messages. */
export function narrate(messages: readonly Message[]): Step[] {
  const steps: Step[] = [];
  const open = new Map<string, Step>();
  // Only what a user asked is told to be stored, else every second step would be.
  const users = new Set<number>();
  const decided = new Map<string, string>();
  for (const message of messages) {
    if (message.from.role === 'user') {
      users.add(message.event);
    }
    if (message.kind === 'work' && message.text) {
      decided.set(`${message.event} ${message.from.name}`, message.text);
    }
    const kind = kindOf(message);
    if (!kind || (kind === 'stored' && !users.has(message.event))) {
      continue;
    }
    const who = doer(message, kind);
    const controller = who.role === 'controller' ? who.name : '';
    const same = [kind, who.role, controller, message.verb, kind === 'heard' ? '' : message.resource, message.ok].join(
      ' ',
    );
    const step = open.get(same);
    if (step && message.at - step.to < TOGETHER && kind !== 'typed') {
      join(step, message, who);
      continue;
    }
    if (steps.length === STEPS_MAX) {
      break;
    }
    const { verb, resource, ok, at } = message;
    const text = message.text || (decided.get(`${message.cause} ${who.name}`) ?? '');
    const objects = message.object ? [message.object] : [];
    const fresh: Step = {
      key: `${same} ${message.event}`,
      kind,
      who: [who],
      verb,
      resource,
      objects,
      ok,
      text,
      from: at,
      to: at,
      first: message,
    };
    open.set(same, fresh);
    steps.push(fresh);
  }
  return steps;
}
