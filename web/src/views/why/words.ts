/** Causes in words, made from what they are, so that every language has its own sentence. What a controller decided stays as it said it. */
import type { Cause, Ref } from '../../sim/frames';
import { text, verbWords } from './text';

/** A sentence with an object in it that can be clicked, and what is quoted below it. */
export interface Words {
  before: string;
  object: Ref | null;
  after: string;
  /** What was typed, or what a controller said of its decision. */
  quote: string;
}

/** What a cause says. */
export function words(cause: Cause): Words {
  const say = text();
  const { object, who, text: quote } = cause;
  const around = (sentence: string, quoted: string): Words => {
    const [before = '', after = ''] = sentence.split('{}');
    return { before, object, after, quote: quoted };
  };
  const alone = (before: string, quoted: string): Words => ({ before, object: null, after: '', quote: quoted });
  switch (cause.kind) {
    case 'input':
      return alone(say.you, quote);
    case 'request':
      return around(say.asked(who, verbWords(cause.verb)), quote);
    case 'decision':
      return object ? around(say.decided(who), quote) : alone(say.decidedAlone(who), quote);
    case 'heard':
      return object ? around(say.heard, '') : alone(say.heardAlone, '');
    case 'runtime':
      return alone(say.runtime(who || say.kubelet), quote);
    case 'step':
      return alone(who ? say.step(who) : say.stepAlone, quote);
  }
}
