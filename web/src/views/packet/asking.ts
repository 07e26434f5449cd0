/** The question and its answer: kept while other views are shown. */
import { effect, signal } from '@preact/signals';
import { isProblem, sim } from '../../sim/client';
import type { Packet } from '../../sim/frames';
import { cluster, epoch } from '../../state/run';
import { firstStep, stepsOf } from './way';

/** A question: who sends, to whom, and in which namespace their names are. */
export interface Question {
  readonly from: string;
  readonly to: string;
  readonly namespace: string;
}

/** The question as it stands in the fields. */
export const question = signal<Question>({ from: '', to: '', namespace: 'default' });
/** Whether it is asked again as time passes. */
export const live = signal(false);
/** The last answer; `null` before there is one. */
export const packet = signal<Packet | null>(null);
/** Why the question couldn't be answered; empty if it could. */
export const refusal = signal('');
/** The step that is looked at. */
export const at = signal(0);
/** Whether steps follow one another by themselves. */
export const stepping = signal(false);

let asked: Question | null = null;

/** Asks. The first time, it is looked at from where it fails, or else from the beginning; again, the step stays. */
export async function ask(again = false): Promise<void> {
  const now = again ? asked : question.peek();
  if (!now?.from || !now.to) return;
  asked = now;
  try {
    const answer = await sim.packet(now.namespace, now.from, now.to);
    const { steps } = stepsOf(answer);
    packet.value = answer;
    refusal.value = '';
    at.value = again ? Math.min(at.peek(), Math.max(0, steps.length - 1)) : firstStep(steps);
  } catch (thrown) {
    packet.value = null;
    refusal.value = isProblem(thrown) ? [thrown.message, thrown.help].filter(Boolean).join('. ') : String(thrown);
  }
}

/** How often a live question is asked, in milliseconds. */
const PACE = 400;

/** Asks again as time passes, while asked to, and after each leap in time; gives what ends that. */
export function keepAsking(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const later = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void ask(true);
    }, PACE);
  };
  let leap = epoch.peek();
  const end = effect(() => {
    void cluster.value.handled;
    const leapt = epoch.value !== leap;
    leap = epoch.value;
    if (live.value || leapt) later();
  });
  return () => {
    end();
    clearTimeout(timer);
  };
}
