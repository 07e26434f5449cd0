/** Moments in words. */

/** A moment since the start: `0:07.250`, `12:05.000`, `1:02:03.500`; with fewer decimals where time runs too fast to read them. */
export function moment(nanos: number, decimals = 3): string {
  const millis = Math.floor(nanos / 1e6);
  const seconds = Math.floor(millis / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  const whole = h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
  return decimals === 0
    ? whole
    : `${whole}.${String(millis % 1000)
        .padStart(3, '0')
        .slice(0, decimals)}`;
}

/** A span, shortly: `850ms`, `4.2s`, `3m20s`, `2h05m`. */
export function span(nanos: number): string {
  const seconds = nanos / 1e9;
  if (seconds < 1) {
    return `${Math.round(nanos / 1e6)}ms`;
  }
  if (seconds < 60) {
    return `${seconds.toFixed(1)}s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return `${minutes}m${String(Math.floor(seconds % 60)).padStart(2, '0')}s`;
  }
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`;
}

/** The calendar's date and time of a moment: `2026-01-01 09:00:07`, in UTC as kubectl shows it in YAML. */
export function calendar(epochSeconds: number, nanos: number): string {
  const date = new Date(epochSeconds * 1000 + Math.floor(nanos / 1e6));
  return date.toISOString().slice(0, 19).replace('T', ' ');
}
