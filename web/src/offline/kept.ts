/** Which files of a build are kept for when there is no network. */

/** What of a build needn't be there to use it. */
const LEFT_OUT = /(^|\/)(service-worker\.js|\.[^/]+)$|\.map$/;

/** Whether a file of the build is kept. */
export function isKept(name: string): boolean {
  return !LEFT_OUT.test(name);
}

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
