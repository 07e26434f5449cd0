/**
 * The service worker: keeps all files of one version of the page, so that it works without a network. A new version is fetched beside
 * the old one, and takes its place when the person at the page says so (`updates.ts`): never files of two versions at once.
 */
import { isHashed, keptFile } from './kept';

// The page's types don't know these, and those of workers don't go with the page's.
interface Lifetime extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Asked extends Event {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
declare const self: {
  readonly location: Location;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', heard: (event: Lifetime) => void): void;
  addEventListener(type: 'message', heard: (event: MessageEvent) => void): void;
  addEventListener(type: 'fetch', heard: (event: Asked) => void): void;
};
/** Put in by the build (`plugin.ts`). */
declare const __KEPT_FILES__: { readonly version: string; readonly files: readonly string[] };

const { version, files } = __KEPT_FILES__;
const base = new URL('./', self.location.href);
// Of this place alone: several may stand on one host.
const PREFIX = `podarium-${base.pathname}-`;
const CACHE = PREFIX + version;
const names = new Set(files);

async function keep(): Promise<void> {
  const cache = await caches.open(CACHE);
  await Promise.all(
    files.map(async name => {
      const address = new URL(name, base).href;
      // What an older version has under the same telling name is the same.
      const known = isHashed(name) ? await caches.match(address) : undefined;
      if (known) {
        await cache.put(address, known);
        return;
      }
      const answer = await fetch(address, { cache: isHashed(name) ? 'default' : 'no-cache' });
      if (!answer.ok) {
        throw new Error(`${address}: ${answer.status}`);
      }
      await cache.put(address, answer);
    }),
  );
}

async function forgetOthers(): Promise<void> {
  const others = (await caches.keys()).filter(name => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(others.map(name => caches.delete(name)));
  await self.clients.claim();
}

async function answer(request: Request, name: string): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(new URL(name, base).href)) ?? fetch(request);
}

self.addEventListener('install', event => event.waitUntil(keep()));
self.addEventListener('activate', event => event.waitUntil(forgetOthers()));
self.addEventListener('message', event => {
  if (event.data === 'take over') {
    void self.skipWaiting();
  }
});
self.addEventListener('fetch', event => {
  const { request } = event;
  const { href, origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== base.origin || !href.startsWith(base.href)) {
    return;
  }
  const name = keptFile(pathname.slice(base.pathname.length), names);
  if (name !== null) {
    event.respondWith(answer(request, name));
  }
});
