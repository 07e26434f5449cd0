/** What follows from what: messages as a forest rooted in what the user did. */
import type { Message } from '../../sim/frames';

/** How deep each event lies below the first one that is known of its chain: what the user did is at 0. */
export function depths(messages: readonly Message[]): Map<number, number> {
  const depth = new Map<number, number>();
  for (const message of messages) {
    if (depth.has(message.event)) continue;
    const above = depth.get(message.cause);
    depth.set(message.event, above === undefined || message.cause === message.event ? 0 : above + 1);
  }
  return depth;
}

/** The things that the user did, the earliest first: each is one event, however many messages came of it. */
export function inputs(messages: readonly Message[]): Message[] {
  const seen = new Set<number>();
  return messages.filter(message => {
    if (message.kind !== 'input' || seen.has(message.event)) return false;
    seen.add(message.event);
    return true;
  });
}

/** The messages of an event and of all that follows from it, in their order. */
export function following(messages: readonly Message[], event: number): Message[] {
  const events = new Set([event]);
  return messages.filter(message => {
    if (!events.has(message.event) && !events.has(message.cause)) return false;
    events.add(message.event);
    return true;
  });
}

/** The messages of an event and of those that led to it, in their order. */
export function leadingTo(messages: readonly Message[], event: number): Message[] {
  const causes = new Map(messages.map(message => [message.event, message.cause]));
  const events = new Set<number>();
  for (let at: number | undefined = event; at !== undefined && !events.has(at); at = causes.get(at)) events.add(at);
  return messages.filter(message => events.has(message.event));
}

/** Whether a message has to do with what somebody types into the filter: every word must be found somewhere in it. */
export function concerns(message: Message, query: string): boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const object = message.object;
  const name = object ? `${object.namespace}/${object.kind}/${object.name}` : '';
  const hay = `${message.kind} ${message.verb} ${message.resource} ${name} ${message.from.role} ${message.from.name} ${message.to.role} ${message.to.name} ${message.text}`;
  const text = hay.toLowerCase();
  return words.every(word => text.includes(word));
}

/** What the log shows for a filter: what matches, and dimmed what led there. */
export function filtered(messages: readonly Message[], query: string): { message: Message; matches: boolean }[] {
  if (!query.trim()) return messages.map(message => ({ message, matches: true }));
  const causes = new Map(messages.map(message => [message.event, message.cause]));
  const leading = new Set<number>();
  for (const message of messages) {
    if (!concerns(message, query)) continue;
    for (let at: number | undefined = message.event; at !== undefined && !leading.has(at); at = causes.get(at))
      leading.add(at);
  }
  return messages
    .filter(message => leading.has(message.event))
    .map(message => ({ message, matches: concerns(message, query) }));
}
