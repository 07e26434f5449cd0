/** What the steps of the narration say, for somebody who sees Kubernetes for the first time. */
import type { Ref } from '../../sim/frames';
import { objectName, partyName, singular } from '../../words/objects';
import { verbWords } from '../why/text';
import type { Step } from './narration';
import { sentences } from './sentences';

/** How many objects are named before the rest is only counted. */
const NAMED = 3;

/** A part of a sentence: words, or an object that can be clicked. */
export type Piece = string | Ref;

/** The kinds of what a step is about, as a word: `Pod`, `3 Pods`. */
function things(step: Step): string {
  const say = sentences();
  const kind = step.objects[0]?.kind ?? singular(step.resource);
  return step.objects.length > 1 ? say.several(step.objects.length, kind) : say.one(kind);
}

/** Who does it: kubelets and proxies by their nodes, so that any number of them is one subject. */
function doers(step: Step): string {
  const say = sentences();
  const role = step.who[0]?.role;
  if (role !== 'kubelet' && role !== 'proxy') {
    return step.who[0] ? partyName(step.who[0]) : '';
  }
  const nodes = [...new Set(step.who.map(who => who.name))].sort((one, other) =>
    one.localeCompare(other, 'en', { numeric: true }),
  );
  const program = role === 'kubelet' ? 'kubelet' : 'kube-proxy';
  const named = nodes.slice(0, NAMED).join(say.and);
  return say.onNodes(nodes.length > NAMED ? named + say.more(nodes.length - NAMED) : named, program);
}

function lists(objects: readonly Ref[]): Piece[] {
  const say = sentences();
  const named = objects
    .slice(0, NAMED)
    .flatMap((object, number): Piece[] => (number === 0 ? [object] : [say.and, object]));
  return objects.length > NAMED ? [...named, say.more(objects.length - NAMED)] : named;
}

/** Which sentence tells a request: the one made for this controller and this request, or the plain one. */
function asks(step: Step): string {
  const say = sentences();
  const who = step.who[0] ?? { role: 'user', name: '' };
  const names = doers(step);
  if (!step.ok) {
    return say.refused(names, verbWords(step.verb), things(step));
  }
  const told: { readonly [key: string]: (who: string, things: string) => string } = say.told;
  const verb = step.verb.startsWith('patch') ? step.verb.replace('patch', 'update') : step.verb;
  const role = who.role === 'controller' ? who.name : who.role;
  const special = told[`${role} ${verb} ${step.resource}`] ?? told[`${role} ${verb}`];
  return special ? special(names, things(step)) : say.asks(names, verbWords(step.verb), things(step));
}

/** What a step says. `{}` in a sentence is where the objects are named. */
export function tell(step: Step): Piece[] {
  const say = sentences();
  const names = doers(step);
  const sentence = (): string => {
    switch (step.kind) {
      case 'typed':
        return step.first.to.role === 'user' ? say.typedElsewhere : say.typed;
      case 'asks':
        return asks(step);
      case 'stored':
        return step.verb === 'create' ? say.storedNew : step.verb === 'delete' ? say.storedDelete : say.stored;
      case 'heard':
        return step.who[0]?.role === 'proxy' ? say.proxyHeard(names) : say.kubeletHeard(names);
    }
  };
  const [before = '', after] = sentence().split('{}');
  return after === undefined ? [before] : [before, ...lists(step.objects), after];
}

/** The same as plain text. */
export function plain(pieces: readonly Piece[]): string {
  return pieces.map(piece => (typeof piece === 'string' ? piece : objectName(piece))).join('');
}
