/** Makes a manifest to be applied of an object as the API server prints it. */

/** Fields of `metadata` that the server sets, each with what is indented below it. */
const SERVERS = new Set(['creationTimestamp', 'generation', 'resourceVersion', 'uid', 'selfLink', 'ownerReferences']);

/**
 * The object without `status` and without what the server set. It works on the lines that `kubectl get -o yaml` prints: two spaces of
 * indentation, a field a line.
 */
export function bare(yaml: string): string {
  const kept: string[] = [];
  let section = '';
  let dropping: number | null = null;
  for (const line of yaml.split('\n')) {
    const indent = line.length - line.trimStart().length;
    const isItem = line.trimStart().startsWith('- ');
    if (dropping !== null && (indent > dropping || (indent === dropping && isItem))) {
      continue;
    }
    dropping = null;
    const key = /^\s*([A-Za-z]+):/.exec(line)?.[1] ?? '';
    if (indent === 0 && key) {
      section = key;
    }
    if ((indent === 0 && key === 'status') || (indent === 2 && section === 'metadata' && SERVERS.has(key))) {
      dropping = indent;
      continue;
    }
    kept.push(line);
  }
  return kept.join('\n');
}
