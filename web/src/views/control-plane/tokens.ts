/** The messages that are under way at a moment, as tokens to draw. */
import type { Message } from '../../sim/frames';
import { progress } from './flight';
import { keyOf } from './layout';

/** Tokens that are drawn at the same time at most. */
const TOKENS_MAX = 40;

/** Messages that travel side by side and say the same are one token with a number. */
export interface Token {
  key: string;
  message: Message;
  count: number;
  part: number;
}

/** The tokens at a shown moment, of the latest messages. */
export function tokensAt(messages: readonly Message[], shown: number): Token[] {
  const tokens = new Map<string, Token>();
  for (let number = messages.length - 1; number >= 0 && tokens.size < TOKENS_MAX; number -= 1) {
    const message = messages[number];
    if (!message) continue;
    const part = progress(message, shown);
    if (part === null) continue;
    const { kind, from, to, verb, resource, sent, at } = message;
    const key = [kind, keyOf(from), keyOf(to), verb, resource, sent, at].join(' ');
    const token = tokens.get(key);
    if (token) token.count += 1;
    else tokens.set(key, { key, message, count: 1, part });
  }
  return [...tokens.values()];
}

/** What a token says: `create pods`; a delivery says of what, a decision why. An answer says nothing but whether it is one. */
function wordsOf({ message }: Token): string {
  if (message.kind === 'answer') return '';
  if (message.kind === 'work') return message.text;
  return [message.verb, message.resource].filter(Boolean).join(' ');
}

/** The labels of tokens: of those that say the same on the same way only the first has one, and says how many there are. */
export function labelsOf(tokens: readonly Token[]): Map<string, string> {
  const labels = new Map<string, string>();
  const groups = new Map<string, Token[]>();
  for (const token of tokens) {
    const same = `${keyOf(token.message.from)} ${keyOf(token.message.to)} ${wordsOf(token)}`;
    groups.set(same, [...(groups.get(same) ?? []), token]);
  }
  for (const group of groups.values()) {
    const first = group.reduce((one, other) => (other.part > one.part ? other : one));
    const count = group.reduce((sum, token) => sum + token.count, 0);
    labels.set(first.key, count > 1 ? `${wordsOf(first)} ×${count}` : wordsOf(first));
  }
  return labels;
}

/** A label where it would stand. */
export interface Label {
  key: string;
  words: string;
  x: number;
  y: number;
  /** Whether it ends there, instead of beginning there. */
  left: boolean;
}

/** The labels for which there is room: who comes first stands, who would lie over it is left out. */
export function withRoom(labels: readonly Label[]): Set<string> {
  const taken: { from: number; to: number; y: number }[] = [];
  const kept = new Set<string>();
  for (const { key, words, x, y, left } of labels) {
    const width = 14 + words.length * 6.8;
    const from = left ? x - width : x;
    const to = from + width;
    if (taken.some(other => Math.abs(other.y - y) < 15 && from < other.to && other.from < to)) {
      continue;
    }
    taken.push({ from, to, y });
    kept.add(key);
  }
  return kept;
}
