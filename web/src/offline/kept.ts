/** Requests, and the files of a build that are kept for when there is no network. */

/** Whether a file's name tells its content: then one that is there already is the right one. */
export function isHashed(name: string): boolean {
  return /^assets\/.+-[\w-]{8}\.\w+$/.test(name);
}

/**
 * The kept file that a request is for; `null`: none. `path` is below the worker's own folder. The page itself is asked for as a folder.
 */
export function keptFile(path: string, files: ReadonlySet<string>): string | null {
  const name = path === '' ? 'index.html' : decodeURI(path);
  return files.has(name) ? name : null;
}
