/** The canvas and its life: what is shown of the scene, and that it is drawn when, and only when, something has changed. */
import { signal } from '@preact/signals';
import type { PodFrame } from '../../sim/frames';
import type { Id } from '../../sim/module';
import { type Box, type Camera, framing, held, type Size, toScreen, toWorld, zoomAt } from './geometry';
import { boxOf, hit, type Thing } from './hit';
import { layout, NARROW, type Scene, type Stage } from './layout';
import { linksAbout, podsOf } from './links';
import { Motion } from './motion';
import { type Picture, paint } from './paint';
import { forgetSprites } from './paintPod';
import { type Palette, readPalette } from './palette';
import { assign, type Slots } from './slots';

/** What the picture depends on besides the cluster. */
export interface Look {
  readonly words: Picture['words'];
  readonly tint: Picture['tint'];
  readonly dimmed: Picture['dimmed'];
  /** Pods' order on their nodes; without one, each keeps its place. */
  readonly order: ((a: PodFrame, b: PodFrame) => number) | undefined;
  readonly hovered: Id | null;
  readonly selected: Id | null;
  readonly focused: Id | null;
  readonly reducedMotion: boolean;
  readonly vxlan: boolean;
}

/** How near the whole is looked at when it is small. */
const FIT_ZOOM = 1.25;
const FIT_MARGIN = 12;
/** How quickly the camera makes the rest of its way, as a share a second. */
const GLIDE = 10;

/** A camera for all of a scene: in a narrow viewport, unless the whole is asked for, for its width, from its top. */
export function showing(scene: Scene, size: Size, whole = false): Camera {
  if (whole || size.w >= NARROW) return framing(scene.box, size, FIT_ZOOM, FIT_MARGIN);
  const zoom = Math.min(FIT_ZOOM, (size.w - 8) / scene.box.w);
  const tall = scene.box.h * zoom > size.h;
  return {
    x: scene.box.x + scene.box.w / 2,
    y: tall ? scene.box.y + size.h / 2 / zoom : scene.box.y + scene.box.h / 2,
    zoom,
  };
}

/** The canvas of a topology. */
export class Screen {
  private readonly ctx: CanvasRenderingContext2D;
  private readonly motion = new Motion();
  private readonly observer: ResizeObserver;
  private palette: Palette;
  private size: Size = { w: 0, h: 0 };
  private dpr = 1;
  private slots: Slots = new Map();
  private capacity = 0;
  private stage: Stage | null = null;
  private scene: Scene | null = null;
  private look: Look | null = null;
  private seconds = 0;
  private camera: Camera = { x: 0, y: 0, zoom: 1 };
  private goal: Camera = this.camera;
  /** Whether a person has moved the camera: else it shows the whole, however that grows. */
  private steered = false;
  private request = 0;
  private last = 0;

  private readonly canvas: HTMLCanvasElement;

  constructor(canvas: HTMLCanvasElement) {
    this.canvas = canvas;
    const ctx = canvas.getContext('2d');
    if (!ctx) throw new Error('this browser draws no canvas');
    this.ctx = ctx;
    this.palette = readPalette(canvas);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(canvas);
  }

  /** Whether there is a scene. */
  readonly hasScene = signal(false);

  /** Where everything is now; `null` before anything is known. */
  get sceneNow(): Scene | null {
    return this.scene;
  }

  /** The colours of groups, in this theme. */
  get groupColors(): readonly string[] {
    return this.palette.groups;
  }

  /** Ends it. */
  close(): void {
    this.observer.disconnect();
    cancelAnimationFrame(this.request);
  }

  private resize(): void {
    const { clientWidth: w, clientHeight: h } = this.canvas;
    if (w === 0 || h === 0) return;
    this.size = { w, h };
    this.dpr = Math.min(3, window.devicePixelRatio || 1);
    this.canvas.width = Math.round(w * this.dpr);
    this.canvas.height = Math.round(h * this.dpr);
    this.arrange(this.scene === null);
    if (!this.steered) this.camera = this.goal;
    this.draw(0);
  }

  /** The theme has changed. */
  repaint(): void {
    this.palette = readPalette(this.canvas);
    forgetSprites();
    this.invalidate();
  }

  /** The cluster is another now; with `jump`, after a leap in time. */
  show(stage: Stage, seconds: number, jump: boolean): void {
    const same = this.stage;
    this.seconds = seconds;
    const moved =
      !same ||
      jump ||
      same.pods !== stage.pods ||
      same.nodes !== stage.nodes ||
      same.services !== stage.services ||
      same.ingresses !== stage.ingresses ||
      same.crowd !== stage.crowd;
    this.stage = stage;
    if (jump) {
      this.slots = new Map();
      this.capacity = 0;
    }
    if (moved) this.arrange(jump);
    if (moved || this.turns()) this.invalidate();
  }

  /** What it is to look like is another now. */
  dress(look: Look): void {
    const ordered = this.look?.order !== look.order;
    this.look = look;
    if (ordered) {
      if (!look.order) this.slots = new Map();
      this.arrange(false);
    }
    this.invalidate();
  }

  /** Whether something turns or flows with virtual time. */
  private turns(): boolean {
    if (!this.stage || !this.look) return false;
    if (this.look.hovered || this.look.selected) return true;
    for (const pod of this.stage.pods.values()) if (pod.state === 'creating') return true;
    return false;
  }

  private arrange(jump: boolean): void {
    if (!this.stage || this.size.w === 0) return;
    this.slots = assign(this.slots, this.stage.pods.values(), this.look?.order);
    const scene = layout(this.stage, this.slots, this.size, this.capacity);
    this.capacity = scene.capacity;
    const first = this.scene === null;
    this.scene = scene;
    this.hasScene.value = true;
    this.motion.direct(scene, jump || first);
    if (!this.steered) this.goal = showing(scene, this.size);
    if (first || jump) this.camera = this.goal;
  }

  /** Draws at the next opportunity. */
  invalidate(): void {
    if (this.request) return;
    this.request = requestAnimationFrame(now => {
      this.request = 0;
      const seconds = this.last ? Math.min(0.1, (now - this.last) / 1000) : 0.016;
      this.last = now;
      this.draw(seconds);
    });
  }

  private draw(seconds: number): void {
    const { scene, look } = this;
    if (!scene || !look || !this.stage || this.size.w === 0) return;
    this.motion.advance(seconds, look.reducedMotion);
    const glides = this.glide(seconds, look.reducedMotion);
    const about = look.hovered ?? look.selected;
    const ofOwner = podsOf(this.stage, look.selected);
    paint(this.ctx, {
      scene,
      actors: this.motion.actors,
      camera: this.camera,
      size: this.size,
      dpr: this.dpr,
      palette: this.palette,
      words: look.words,
      crowd: this.stage.crowd,
      vxlan: look.vxlan,
      time: look.reducedMotion ? 0 : this.seconds,
      hovered: look.hovered,
      focused: look.focused,
      selected: ofOwner.size > 0 ? ofOwner : new Set(look.selected ? [look.selected] : []),
      links: linksAbout(this.stage, about),
      tint: look.tint,
      dimmed: look.dimmed,
    });
    if (this.motion.busy || glides) this.invalidate();
    else this.last = 0;
  }

  private glide(seconds: number, still: boolean): boolean {
    const { camera, goal } = this;
    if (camera === goal) return false;
    const left = still ? 0 : Math.exp(-seconds * GLIDE);
    const near =
      Math.abs(camera.zoom / goal.zoom - 1) < 0.001 &&
      Math.hypot(camera.x - goal.x, camera.y - goal.y) * goal.zoom < 0.3;
    if (near || left === 0) {
      this.camera = goal;
      return false;
    }
    this.camera = {
      x: goal.x + (camera.x - goal.x) * left,
      y: goal.y + (camera.y - goal.y) * left,
      // Zoom is a ratio: halving takes as long as doubling.
      zoom: goal.zoom * (camera.zoom / goal.zoom) ** left,
    };
    return true;
  }

  private steer(camera: Camera, atOnce: boolean): void {
    this.steered = true;
    this.goal = this.scene ? held(camera, this.scene.box) : camera;
    if (atOnce) this.camera = this.goal;
    this.invalidate();
  }

  /** Moves what is seen by pixels. */
  pan(dx: number, dy: number, atOnce = true): void {
    const from = atOnce ? this.camera : this.goal;
    this.steer({ ...from, x: from.x - dx / from.zoom, y: from.y - dy / from.zoom }, atOnce);
  }

  /** Zooms by a factor around a place of the canvas, its middle if none is given. */
  zoom(factor: number, x = this.size.w / 2, y = this.size.h / 2, atOnce = false): void {
    const from = atOnce ? this.camera : this.goal;
    this.steer(zoomAt(from, this.size, x, y, factor), atOnce);
  }

  /** Shows the whole again, and goes on doing so. */
  showAll(): void {
    if (!this.scene) return;
    this.steered = false;
    this.goal = showing(this.scene, this.size);
    this.invalidate();
  }

  /** Looks at one thing from near. */
  focusOn(id: Id): void {
    const box = this.scene && boxOf(this.scene, id);
    if (!box) return;
    const isPod = this.scene?.pods.has(id) ?? false;
    this.steer(framing(box, this.size, isPod ? 2.4 : 1.6, isPod ? this.size.w * 0.2 : 40), false);
  }

  /** Moves the camera as far as is needed to see a thing. */
  reveal(id: Id, revealing: (camera: Camera, size: Size, box: Box, margin: number) => Camera): void {
    const box = this.scene && boxOf(this.scene, id);
    if (!box) return;
    const next = revealing(this.goal, this.size, box, 40);
    if (next !== this.goal) this.steer(next, false);
  }

  /** What is at a place of the canvas. */
  at(x: number, y: number): Thing | null {
    if (!this.scene) return null;
    return hit(this.scene, ...toWorld(this.camera, this.size, x, y));
  }

  /** Where a thing is on the canvas. */
  placeOf(id: Id): Box | null {
    const box = this.scene && boxOf(this.scene, id);
    if (!box) return null;
    const [x, y] = toScreen(this.camera, this.size, box.x, box.y);
    return { x, y, w: box.w * this.camera.zoom, h: box.h * this.camera.zoom };
  }
}
