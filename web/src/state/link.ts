/** Links: a run as the fragment of an address, `#v1.` and base64url of deflated JSON. The format stands in web/README.md. */
import type { Link } from '../sim/frames';

const PREFIX = 'v1.';

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const piped = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(piped).arrayBuffer());
}

function toBase64Url(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) {
    binary += String.fromCharCode(byte);
  }
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, char => char.charCodeAt(0));
}

/** The fragment for a run, without `#`. */
export async function encodeLink(link: Link): Promise<string> {
  const json = new TextEncoder().encode(JSON.stringify(link));
  return PREFIX + toBase64Url(await through(json, new CompressionStream('deflate-raw')));
}

/** The run of a fragment. */
export async function decodeLink(fragment: string): Promise<Link> {
  const bytes = await through(fromBase64Url(fragment.slice(PREFIX.length)), new DecompressionStream('deflate-raw'));
  return JSON.parse(new TextDecoder().decode(bytes)) as Link;
}
