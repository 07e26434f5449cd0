/** Which Events are listed. */
import type { EventRow } from '../../sim/frames';

/** What somebody asked for; empty means all. */
export interface Filter {
  namespace: string;
  type: '' | 'Normal' | 'Warning';
  kind: string;
  text: string;
}

export const everything: Filter = { namespace: '', type: '', kind: '', text: '' };

/** Whether an Event is asked for. Every word of the text must stand somewhere in it. */
export function wanted(row: EventRow, filter: Filter): boolean {
  if (filter.namespace && row.about.namespace !== filter.namespace) return false;
  if (filter.type && row.warning !== (filter.type === 'Warning')) return false;
  if (filter.kind && row.about.kind !== filter.kind) return false;
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const all = `${row.reason} ${row.source} ${row.about.kind}/${row.about.name} ${row.message}`.toLowerCase();
  return words.every(word => all.includes(word));
}

/** The values that there are to choose from, in order. */
export function choices(rows: readonly EventRow[]): { namespaces: string[]; kinds: string[] } {
  const sorted = (values: string[]) => [...new Set(values)].filter(Boolean).sort();
  return { namespaces: sorted(rows.map(row => row.about.namespace)), kinds: sorted(rows.map(row => row.about.kind)) };
}

/** The identities of Events that are new, or happened again, since they were looked at before. */
export function news(before: readonly EventRow[], now: readonly EventRow[]): Set<string> {
  const known = new Map(before.map(row => [row.id, row.count]));
  return new Set(now.filter(row => known.get(row.id) !== row.count).map(row => row.id));
}
