/** Signals for views that needn't follow every tick. */
import { effect, type ReadonlySignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

/** A signal's value, at most every so often, and in the end always the latest. */
export function useThrottled<T>(source: ReadonlySignal<T>, every: number): T {
  const [value, setValue] = useState<T>(() => source.peek());
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = 0;
    const stop = effect(() => {
      void source.value;
      if (timer === undefined) {
        const wait = Math.max(0, last + every - performance.now());
        timer = setTimeout(() => {
          timer = undefined;
          last = performance.now();
          setValue(() => source.peek());
        }, wait);
      }
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [source, every]);
  return value;
}
