/** A packet's headers, taken apart, and what became of them at a hop. */

/** A field of a header. */
export interface Field {
  readonly name: string;
  readonly value: string;
  /** Whether it is another one on the other side of the hop. */
  readonly changed: boolean;
}

/** A header. */
export interface Header {
  readonly protocol: string;
  readonly fields: readonly Field[];
}

/** A packet: its own headers, and those of the packet that it is wrapped into. */
export interface Headers {
  readonly outer: readonly Header[] | null;
  readonly inner: readonly Header[];
}

/** What a hop does to a packet. */
export type Effect = 'dnat' | 'snat' | 'wrapped' | 'unwrapped' | 'ttl' | 'mac' | 'mark';

/** Takes a line apart: `IP 10.244.0.2 → 10.244.1.2, TTL 64, 60 bytes, DF`. */
export function readHeader(line: string): Header {
  const [protocol = '', ...rest] = line.split(' ');
  const text = rest.join(' ');
  if (protocol === 'mark') return { protocol, fields: [field('value', text)] };
  const fields: Field[] = [];
  for (const part of text.split(', ')) {
    const [from, to] = part.split(' → ');
    if (from !== undefined && to !== undefined) fields.push(field('from', from), field('to', to));
    else if (part.endsWith(' bytes')) fields.push(field('length', part.slice(0, -' bytes'.length)));
    else if (part === 'DF') fields.push(field('flags', part));
    else if (part !== '') fields.push(named(part));
  }
  return { protocol, fields };
}

function named(part: string): Field {
  const [name = '', ...value] = part.split(' ');
  return field(name, value.join(' '));
}

function field(name: string, value: string): Field {
  return { name, value, changed: false };
}

/** Takes all of a packet's lines apart, which have the outermost header first. */
export function readHeaders(lines: readonly string[]): Headers {
  const headers = lines.map(readHeader);
  const tunnel = headers.findIndex(header => header.protocol === 'VXLAN');
  if (tunnel < 0) return { outer: null, inner: headers };
  return { outer: headers.slice(0, tunnel + 1), inner: headers.slice(tunnel + 1) };
}

function fieldOf(headers: readonly Header[], protocol: string, name: string): string | undefined {
  return headers.find(header => header.protocol === protocol)?.fields.find(one => one.name === name)?.value;
}

/** The protocol above IP. */
function transport(headers: readonly Header[]): string {
  return headers.find(header => ['TCP', 'UDP', 'SCTP', 'ICMP'].includes(header.protocol))?.protocol ?? '';
}

function marked(these: readonly Header[], others: readonly Header[] | null): readonly Header[] {
  return these.map(header => ({
    protocol: header.protocol,
    fields: header.fields.map(one => ({
      ...one,
      changed: others !== null && fieldOf(others, header.protocol, one.name) !== one.value,
    })),
  }));
}

/** Both sides of a hop, with the fields marked that differ. What is only on one side is no change of a field, but of the packet. */
export function compare(
  before: readonly string[],
  after: readonly string[],
): { before: Headers; after: Headers; effects: Effect[] } {
  const came = readHeaders(before);
  const goes = readHeaders(after);
  const both = came.outer !== null && goes.outer !== null;
  const side = (these: Headers, others: Headers): Headers => ({
    outer: these.outer && marked(these.outer, both ? others.outer : null),
    inner: marked(these.inner, others.inner),
  });
  return { before: side(came, goes), after: side(goes, came), effects: effects(came, goes) };
}

function effects(came: Headers, goes: Headers): Effect[] {
  const found: Effect[] = [];
  const protocol = transport(goes.inner);
  const differs = (of: string, name: string) => fieldOf(came.inner, of, name) !== fieldOf(goes.inner, of, name);
  if (differs('IP', 'to') || differs(protocol, 'to')) found.push('dnat');
  if (differs('IP', 'from') || differs(protocol, 'from')) found.push('snat');
  if (!came.outer && goes.outer) found.push('wrapped');
  if (came.outer && !goes.outer) found.push('unwrapped');
  if (differs('IP', 'TTL')) found.push('ttl');
  if (differs('Ethernet', 'from') || differs('Ethernet', 'to')) found.push('mac');
  if (differs('mark', 'value')) found.push('mark');
  return found;
}

/** Whom a packet is from and to, with its ports, as it would be said: of a wrapped one, the packet inside. */
export function ends(lines: readonly string[]): { from: string; to: string; protocol: string } {
  const { inner } = readHeaders(lines);
  const protocol = transport(inner);
  const end = (name: string) => {
    const port = fieldOf(inner, protocol, name);
    return `${fieldOf(inner, 'IP', name) ?? ''}${port ? `:${port}` : ''}`;
  };
  return { from: end('from'), to: end('to'), protocol };
}
