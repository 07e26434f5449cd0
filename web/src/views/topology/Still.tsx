/** A topology that stands still: the same picture, of a moment, without controls. */
import { useEffect, useRef } from 'preact/hooks';
import type { PodFrame } from '../../sim/frames';
import type { Id } from '../../sim/module';
import { shade } from '../../state/settings';
import { troubleWord } from './describe';
import { layout, type Stage } from './layout';
import { Motion } from './motion';
import { type Picture, paint } from './paint';
import { forgetSprites } from './paintPod';
import { readPalette } from './palette';
import { showing } from './screen';
import { assign, placesNeeded } from './slots';
import { text } from './text';
import './topology.css';

/** How many places a node needs in a stage: two pictures side by side are given the larger number, so that their nodes stand alike. */
export function capacityOf(stage: Stage): number {
  const slots = assign(new Map(), stage.pods.values());
  return Math.max(0, ...[...slots].map(([node, on]) => (node === '' ? 0 : placesNeeded(on))));
}

/** The words in a picture, in the language that is shown. */
export function words(): Picture['words'] {
  const { ready, cpu, memory, pods, underlay, tray, trayEmpty } = text();
  return { ready, cpu, memory, pods, underlay, tray, trayEmpty, trouble: troubleWord };
}

function draw(
  canvas: HTMLCanvasElement,
  stage: Stage,
  marked: ReadonlySet<Id>,
  pointed: Id | null,
  capacity: number,
): void {
  const size = { w: canvas.clientWidth, h: canvas.clientHeight };
  const ctx = canvas.getContext('2d');
  if (!ctx || size.w === 0 || size.h === 0) return;
  const dpr = Math.min(3, window.devicePixelRatio || 1);
  canvas.width = Math.round(size.w * dpr);
  canvas.height = Math.round(size.h * dpr);
  // The shape that suits a wide viewport, in whatever room there is: it isn't scrolled.
  const scene = layout(
    stage,
    assign(new Map(), stage.pods.values()),
    { w: Math.max(size.w, 640), h: Math.max(size.h, 400) },
    capacity,
  );
  const motion = new Motion();
  motion.direct(scene, true);
  paint(ctx, {
    scene,
    actors: motion.actors,
    camera: showing(scene, size, true),
    size,
    dpr,
    palette: readPalette(canvas),
    words: words(),
    crowd: stage.crowd,
    vxlan: true,
    time: 0,
    hovered: null,
    focused: pointed,
    selected: marked,
    links: [],
    tint: () => null,
    dimmed: (pod: PodFrame) => pointed !== null && pod.id !== pointed,
  });
}

export function Still({
  label,
  stage,
  marked,
  pointed,
  capacity,
}: {
  label: string;
  stage: Stage;
  /** What gets a ring. */
  marked: ReadonlySet<Id>;
  /** What is looked at just now: all else stands back. */
  pointed: Id | null;
  capacity: number;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = shade.value;
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const again = () => draw(element, stage, marked, pointed, capacity);
    forgetSprites();
    const observer = new ResizeObserver(again);
    observer.observe(element);
    return () => observer.disconnect();
  }, [stage, marked, pointed, capacity, theme]);
  return (
    <div class="topology still">
      <canvas class="topology-canvas" ref={canvas} role="img" aria-label={label} />
    </div>
  );
}
