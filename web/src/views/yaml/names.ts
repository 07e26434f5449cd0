/** Names of the editor's files: those that `kubectl apply -f NAME` can be typed with. */

/** What is wrong with a name; `null`: nothing. */
export type NameFault = 'empty' | 'characters' | 'ending' | 'long' | 'taken';

const NAME_MAX = 64;

/** Whether a file may be called so, next to others. */
export function nameFault(name: string, others: Iterable<string>): NameFault | null {
  if (name === '' || name === '.yaml' || name === '.yml') {
    return 'empty';
  }
  // No spaces, quotes or slashes: the name stands in command lines as it is.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    return 'characters';
  }
  if (!/\.(yaml|yml|json)$/.test(name)) {
    return 'ending';
  }
  if (name.length > NAME_MAX) {
    return 'long';
  }
  for (const other of others) {
    if (other === name) {
      return 'taken';
    }
  }
  return null;
}

/** What was typed, with the ending that it lacks. */
export function withEnding(name: string): string {
  const trimmed = name.trim();
  return trimmed === '' || /\.(yaml|yml|json)$/.test(trimmed) ? trimmed : `${trimmed}.yaml`;
}

/** `web.yaml`, or `web-2.yaml` if there is one already, and so on. */
export function freeName(wanted: string, others: Iterable<string>): string {
  const taken = new Set(others);
  const [, stem = wanted, ending = ''] = /^(.*?)(\.[a-z]+)?$/.exec(wanted) ?? [];
  let name = wanted;
  for (let number = 2; taken.has(name); number += 1) {
    name = `${stem}-${number}${ending}`;
  }
  return name;
}
