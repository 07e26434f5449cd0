/** Short forms of what is written into small places. */

const SHORT_TAIL = 6;

/** A text in at most `most` characters: its end is kept, for there the names of a ReplicaSet's pods differ. */
export function elide(text: string, most: number): string {
  if (text.length <= most) return text;
  if (most <= SHORT_TAIL + 1) return `…${text.slice(text.length - Math.max(1, most - 1))}`;
  return `${text.slice(0, most - SHORT_TAIL - 1)}…${text.slice(-SHORT_TAIL)}`;
}

const COUNT = new Intl.NumberFormat('en');

/** A number of things, with its thousands apart. */
export function count(things: number): string {
  return COUNT.format(things);
}

/** CPUs as people say them: `250m`, `1.5`, `4`. */
export function cpus(milli: number): string {
  if (milli < 1000 && milli % 1000 !== 0) return `${milli}m`;
  const cores = milli / 1000;
  return Number.isInteger(cores) ? String(cores) : cores.toFixed(cores < 10 ? 2 : 1).replace(/\.?0+$/, '');
}

const UNITS = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'] as const;

/** Bytes as people say them: `512Mi`, `1.5Gi`. */
export function bytes(amount: number): string {
  let value = amount;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const short =
    value >= 100 || Number.isInteger(value) ? Math.round(value).toString() : value.toFixed(1).replace(/\.0$/, '');
  return short + UNITS[unit];
}

/** The share of a whole that is taken, from 0 to 1; of nothing, nothing is. */
export function share(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(1, Math.max(0, part / whole));
}

/** The bridge's address: the first of the node's range of pods' addresses. `10.244.1.0/24` gives `10.244.1.1/24`. */
export function bridgeAddress(podCidr: string): string {
  const [network, length] = podCidr.split('/');
  const octets = network?.split('.') ?? [];
  const last = Number(octets[3]);
  if (octets.length !== 4 || Number.isNaN(last) || !length) return '';
  return `${octets.slice(0, 3).join('.')}.${last + 1}/${length}`;
}

/** An image without its registry and path: `registry.example/shop/web:1.2` is `web:1.2`. */
export function imageName(image: string): string {
  return image.slice(image.lastIndexOf('/') + 1);
}
