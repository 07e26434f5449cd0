/** Starts the service worker, and offers a new version when there is one. */
import { sim } from '../sim/client';
import { encodeLink } from '../state/link';
import { attempt, notify } from '../state/problems';
import { text } from './text';

/** How often a page that stays open asks for a new version, in milliseconds. */
const ASK_EVERY = 60 * 60 * 1_000;

/** Whether this page has asked for the new version; else another tab has. */
let asked = false;

/** The new version takes over, and the page begins anew with it, in the same run. */
async function takeOver(waiting: ServiceWorker): Promise<void> {
  const fragment = await encodeLink(await sim.link());
  history.replaceState(null, '', `#${fragment}`);
  asked = true;
  waiting.postMessage('take over');
}

function offer(waiting: ServiceWorker): void {
  notify({
    message: text().newVersion,
    help: text().newVersionHelp,
    action: { label: text().reload, act: () => attempt(takeOver(waiting)) },
  });
}

/** Keeps the page for when there is no network. Where that isn't possible (a file, a private window), it works with one. */
export async function startOffline(): Promise<void> {
  if (!('serviceWorker' in navigator)) {
    return;
  }
  let registration: ServiceWorkerRegistration;
  try {
    registration = await navigator.serviceWorker.register('./service-worker.js');
    if (!registration) {
      return;
    }
  } catch {
    return;
  }
  const follow = (worker: ServiceWorker | null) => {
    const look = () => {
      // Without a controller this is the first version: nobody waits for it.
      if (worker?.state === 'installed' && navigator.serviceWorker.controller) {
        offer(worker);
      }
    };
    look();
    worker?.addEventListener('statechange', look);
  };
  const first = navigator.serviceWorker.controller === null;
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (asked) {
      location.reload();
    } else if (!first) {
      // Another tab has taken the new version: what this one hasn't loaded yet is gone.
      notify({
        message: text().newVersion,
        help: text().newVersionHelp,
        action: { label: text().reload, act: () => location.reload() },
      });
    }
  });
  follow(registration.waiting);
  registration.addEventListener('updatefound', () => follow(registration.installing));
  setInterval(() => {
    if (document.visibilityState === 'visible' && navigator.onLine) {
      registration.update().catch(() => undefined);
    }
  }, ASK_EVERY);
}
