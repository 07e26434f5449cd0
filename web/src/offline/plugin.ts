/**
 * For the build: names all its files to the service worker, so that it can keep them.
 *
 * Written here because it is all that is needed: the usual library brings a router, strategies and some hundred packages for it.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/** What stands in the worker's source where its list goes. */
const PLACE = '__KEPT_FILES__';

/** What of a build needn't be there to use it. */
const LEFT_OUT = /(^|\/)(service-worker\.js|\.[^/]+)$|\.map$/;

/** Whether a file of the build is kept. */
export function isKept(name: string): boolean {
  return !LEFT_OUT.test(name);
}

/** A file's content changes its version, and so does its name, which for most files is made of their content. */
function versionOf(files: ReadonlyMap<string, string | Uint8Array>): string {
  const hash = createHash('sha256');
  for (const [name, content] of [...files].sort(([one], [other]) => (one < other ? -1 : 1))) {
    hash.update(name).update(content);
  }
  return hash.digest('hex').slice(0, 12);
}

export function offline(): Plugin {
  let publicDir = '';
  return {
    name: 'podarium:offline',
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      publicDir = config.publicDir;
    },
    generateBundle(_, bundle) {
      const files = new Map<string, string | Uint8Array>();
      for (const [name, file] of Object.entries(bundle)) {
        files.set(name, file.type === 'chunk' ? file.code : file.source);
      }
      for (const entry of readdirSync(publicDir, { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) {
          const path = join(entry.parentPath, entry.name);
          files.set(path.slice(publicDir.length + 1).replaceAll('\\', '/'), readFileSync(path));
        }
      }
      const worker = bundle['service-worker.js'];
      if (worker?.type !== 'chunk' || !worker.code.includes(PLACE)) {
        this.error('the service worker has no place for its list of files');
      }
      for (const name of files.keys()) {
        if (!isKept(name)) {
          files.delete(name);
        }
      }
      const list = JSON.stringify({ version: versionOf(files), files: [...files.keys()].sort() });
      worker.code = worker.code.replaceAll(PLACE, list);
    },
  };
}
