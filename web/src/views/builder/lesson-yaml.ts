/** Writes a draft as a lesson's file. `scenarios/lessons/README.md` describes the format; `readLesson` reads it. */
import { stringify } from 'yaml';
import type { Both, Diagnostic } from '../../sim/frames';
import { UNTRANSLATED } from '../lessons/say';
import type { Draft } from './draft';

function both({ en, zh }: Both): Both {
  const [english, chinese] = [trimmed(en), trimmed(zh)];
  return { en: english || UNTRANSLATED.en, zh: chinese || UNTRANSLATED.zh };
}

/** Without spaces at the ends of lines: with them YAML can't write a text as a block. */
function trimmed(text: string): string {
  return text.replace(/[^\S\n]+$/gm, '').trim();
}

/** A longer text, which ends with its last line. */
function block(text: Both): Both {
  const { en, zh } = both(text);
  return { en: `${en}\n`, zh: `${zh}\n` };
}

function write(fields: Record<string, unknown>): string {
  return stringify(fields, { lineWidth: 0, indentSeq: false, blockQuote: 'literal' });
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map(line => (line === '' ? '' : `  ${line}`))
    .join('\n');
}

export function lessonYaml(draft: Draft): string {
  const { title, summary, part, minutes, text, start, goals, hints, solution, edits, par } = draft;
  const said = hints.filter(({ en, zh }) => en.trim() !== '' || zh.trim() !== '');
  return [
    write({ title: both(title), summary: both(summary), part, minutes, text: block(text) }),
    // The start is taken over as it was written, with its comments.
    `start:\n${indented(start)}\n`,
    write({
      goals: goals.map(({ kind, that, say }) => ({ [kind]: that.trim(), say: both(say) })),
      hints: said.map(both),
      solution: solution.map(line => line.trim()).filter(line => line !== ''),
      ...(Object.keys(edits).length > 0 ? { edits } : {}),
      par,
    }),
  ].join('');
}

/** What is wrong with a condition, in the model's words; `null`: nothing. Asked by way of a scenario that expects it. */
export async function conditionFault(
  condition: string,
  check: (scenario: string) => Promise<readonly Diagnostic[]>,
): Promise<string | null> {
  const scenario = write({ steps: [], expect: [{ that: condition.trim() }] });
  const [found] = (await check(scenario)).filter(({ warning }) => !warning);
  return found ? [found.message, found.help].filter(part => part !== '').join(' ') : null;
}
