/** A message's sign: every kind has its colour and its shape. */
import type { MessageKind } from '../../sim/frames';

/** Around the origin, about 18 pixels wide. */
const shapes: Readonly<Record<MessageKind, string>> = {
  // A prompt.
  input: 'M-8 -7h16v14h-16z',
  // An arrow.
  request: 'M-8 -6h9l7 6l-7 6h-9z',
  // A drum, as stores are drawn.
  commit: 'M-7 -5a7 3 0 0 1 14 0v10a7 3 0 0 1 -14 0z',
  // A circle.
  answer: 'M0 -7a7 7 0 1 1 0 14a7 7 0 1 1 0 -14z',
  // A diamond.
  watch: 'M0 -8.500L8.500 0L0 8.500L-8.500 0z',
  // A hexagon.
  work: 'M-4 -7h8l4 7l-4 7h-8l-4 -7z',
};

const signs: Readonly<Record<MessageKind, string>> = {
  input: 'M-4 -3l3 3l-3 3M1 3h4',
  request: '',
  commit: 'M-7 -5a7 3 0 0 0 14 0',
  answer: 'M-3 0l2.200 2.500l4 -4.500',
  watch: 'M-2.500 0h5',
  work: '',
};

export function Shape({ kind, ok }: { kind: MessageKind; ok: boolean }) {
  return (
    <>
      <path class="plane-shape" d={shapes[kind]} />
      <path class="plane-sign" d={ok ? signs[kind] : 'M-3 -3l6 6M3 -3l-6 6'} />
    </>
  );
}

/** The sign in a line of text. */
export function KindSign({ kind, ok = true }: { kind: MessageKind; ok?: boolean }) {
  return (
    <svg
      class={`plane-token inline kind-${kind} ${ok ? '' : 'refused'}`}
      width="16"
      height="16"
      viewBox="-10 -10 20 20"
      aria-hidden="true"
    >
      <Shape kind={kind} ok={ok} />
    </svg>
  );
}
