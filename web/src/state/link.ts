/** Links: a run as the fragment of an address, `#v1.` and base64url of deflated JSON. The format stands in web/README.md. */
import type { Link } from '../sim/frames';

/** The format that this page writes. */
const VERSION = 1;
const FRAGMENT = /^v(\d+)\.([A-Za-z0-9_-]+)$/;
/** What is longer isn't passed on by every program. */
export const LINK_MAX = 8_192;
/** What unfolds to more than this is no run, but somebody's joke. */
const UNFOLDED_MAX = 16 << 20;

/** Why a link can't be read. */
export type LinkFault = 'damaged' | { readonly newer: string };

export class LinkError extends Error {
  readonly fault: LinkFault;
  constructor(fault: LinkFault) {
    super(fault === 'damaged' ? 'the link is damaged' : `the link has the format ${fault.newer}`);
    this.fault = fault;
  }
}

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    size += value.length;
    if (size > UNFOLDED_MAX) {
      await reader.cancel();
      throw new LinkError('damaged');
    }
    parts.push(value);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function toBase64Url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, byte => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, char => char.charCodeAt(0));
}

function isTexts(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every(one => typeof one === 'string');
}

function isTypedLine(value: unknown): boolean {
  const line = value as Partial<NonNullable<Link['lines']>[number]> | null;
  return typeof line === 'object' && line !== null && typeof line.at === 'number' && typeof line.line === 'string';
}

/** Takes JSON for a run, or says why it isn't one. What only the model can judge is left to it. */
export function parseRun(json: string): Link {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new LinkError('damaged');
  }
  const link = value as Partial<Link> | null;
  if (typeof link !== 'object' || link === null || typeof link.version !== 'number') {
    throw new LinkError('damaged');
  }
  if (link.version > VERSION) {
    throw new LinkError({ newer: String(link.version) });
  }
  const { scenario = '', lesson = '', files = {}, lines = [] } = link;
  const sound =
    typeof scenario === 'string' &&
    typeof lesson === 'string' &&
    isTexts(files) &&
    Array.isArray(lines) &&
    lines.every(isTypedLine);
  if (!sound) {
    throw new LinkError('damaged');
  }
  return link as Link;
}

/** The fragment for a run, without `#`. */
export async function encodeLink(link: Link): Promise<string> {
  const json = new TextEncoder().encode(JSON.stringify(link));
  return `v${VERSION}.${toBase64Url(await through(json, new CompressionStream('deflate-raw')))}`;
}

/** The run of a fragment. A `LinkError` is thrown if there is none in it. */
export async function decodeLink(fragment: string): Promise<Link> {
  const match = FRAGMENT.exec(fragment);
  if (!match) {
    throw new LinkError('damaged');
  }
  const [, version = '', data = ''] = match;
  if (Number(version) > VERSION) {
    throw new LinkError({ newer: version });
  }
  let bytes: Uint8Array;
  try {
    bytes = await through(fromBase64Url(data), new DecompressionStream('deflate-raw'));
  } catch {
    throw new LinkError('damaged');
  }
  return parseRun(new TextDecoder().decode(bytes));
}

/** What an address asks to be opened. */
export type Asked =
  | { kind: 'nothing' }
  | { kind: 'run'; fragment: string }
  | { kind: 'lesson'; name: string }
  | { kind: 'scenario'; name: string };

/** Reads a fragment, with or without its `#`. */
export function readFragment(fragment: string): Asked {
  const text = fragment.replace(/^#/, '');
  const named = /^(lesson|scenario)=([\w.-]+)$/.exec(text);
  if (named?.[2]) {
    return { kind: named[1] === 'lesson' ? 'lesson' : 'scenario', name: named[2] };
  }
  return text === '' ? { kind: 'nothing' } : { kind: 'run', fragment: text };
}
