/** Virtual time in words: the same in every language, as Kubernetes itself writes durations. All times are nanoseconds. */

export const MICRO = 1_000;
export const MILLI = 1_000_000;
export const SECOND = 1_000_000_000;

/** Three significant digits, without zeros that say nothing: `1.5`, `20`, `0.25`. */
function digits(value: number): string {
  const places = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return String(Number(value.toFixed(places)));
}

/** How long something took: `800 µs`, `1.5 ms`, `12.3 s`, `4m05s`, `2h10m`, `3d4h`. */
export function duration(nanos: number): string {
  if (nanos < 0) return `−${duration(-nanos)}`;
  if (nanos === 0) return '0 s';
  if (nanos < MILLI) return `${digits(nanos / MICRO)} µs`;
  if (nanos < SECOND) return `${digits(nanos / MILLI)} ms`;
  if (nanos < 60 * SECOND) return `${digits(nanos / SECOND)} s`;
  const seconds = Math.floor(nanos / SECOND);
  const minutes = Math.floor(seconds / 60);
  const two = (part: number) => String(part).padStart(2, '0');
  if (minutes < 60) return `${minutes}m${two(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h${two(minutes % 60)}m` : `${Math.floor(hours / 24)}d${hours % 24}h`;
}

/**
 * A moment since the start, with thousandths, so that a column of them lines up: `0:12.345`, `1:02:03.004`; or with fewer decimals, where
 * time runs too fast to read them.
 */
export function moment(nanos: number, decimals = 3): string {
  const millis = Math.floor(Math.max(0, nanos) / MILLI);
  const seconds = Math.floor(millis / 1000);
  const minutes = Math.floor(seconds / 60);
  const two = (part: number) => String(part).padStart(2, '0');
  const clock = minutes < 60 ? `${minutes}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}`;
  const rest = String(millis % 1000)
    .padStart(3, '0')
    .slice(0, decimals);
  return `${clock}:${two(seconds % 60)}${rest && `.${rest}`}`;
}

/** The calendar's date and time of a moment: `2026-01-01 09:00:07`, in UTC as objects have it in YAML. */
export function calendar(epochSeconds: number, nanos: number): string {
  const date = new Date(epochSeconds * 1000 + Math.floor(nanos / MILLI));
  return date.toISOString().slice(0, 19).replace('T', ' ');
}
