/** Amounts as kubectl writes them. */

/** `250m`, `2`. */
export function cpu(milli: number): string {
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

const UNITS = ['', 'Ki', 'Mi', 'Gi', 'Ti'];

/** `512Mi`, `1.5Gi`. */
export function memory(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)}${UNITS[unit]}`;
}
