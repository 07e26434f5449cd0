/** The colours of the canvas, read from the page's design tokens, so that there is one place for them. */
import type { ContainerFrame, PodState } from '../../sim/frames';
import { podStates } from '../../ui/states';

/** A pod state's colours: for edges and marks, for what is filled lightly, for words. */
export interface StateColors {
  readonly solid: string;
  readonly soft: string;
  readonly ink: string;
}

/** A container's colours. */
export interface Look {
  readonly fill: string;
  readonly edge: string;
  readonly ink: string;
}

export interface Palette {
  readonly ink: string;
  readonly muted: string;
  readonly faint: string;
  readonly line: string;
  readonly accent: string;
  readonly danger: string;
  readonly onDanger: string;
  readonly warning: string;
  readonly warningInk: string;
  readonly onWarning: string;
  readonly glass: string;
  readonly glassEdge: string;
  readonly shine: string;
  readonly shineEnd: string;
  readonly off: string;
  readonly hatch: string;
  readonly shadow: string;
  readonly chip: string;
  readonly tray: string;
  readonly wire: string;
  readonly cable: string;
  readonly bridge: string;
  readonly port: string;
  readonly podGlass: string;
  readonly sandbox: string;
  readonly sandboxEdge: string;
  readonly sandboxInk: string;
  readonly states: Readonly<Record<PodState, StateColors>>;
  /** Colours of groups, as many as can be told apart. */
  readonly groups: readonly string[];
}

/** A colour of the form #rrggbb, seen through. */
export function fade(color: string, alpha: number): string {
  const part = Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0');
  return /^#[0-9a-f]{6}$/i.test(color) ? color + part : color;
}

/** Reads the palette as it stands on an element: tokens of the page, and the view's own. */
export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const states = Object.fromEntries(
    podStates.map(state => {
      const solid = token(`state-${state}`);
      return [state, { solid, soft: fade(solid, 0.17), ink: token(`state-${state}-ink`) }];
    }),
  ) as Record<PodState, StateColors>;
  return {
    ink: token('text'),
    muted: token('muted'),
    faint: token('faint'),
    line: token('line'),
    accent: token('accent'),
    danger: token('bad'),
    onDanger: token('stage-on-bad'),
    warning: token('state-running'),
    warningInk: token('warn'),
    onWarning: token('stage-on-warn'),
    glass: token('stage-glass'),
    glassEdge: token('stage-glass-edge'),
    shine: token('stage-shine'),
    shineEnd: token('stage-shine-end'),
    off: token('stage-off'),
    hatch: token('stage-hatch'),
    shadow: token('stage-shadow'),
    chip: token('raised'),
    tray: token('stage-tray'),
    wire: token('stage-wire'),
    cable: token('stage-cable'),
    bridge: token('stage-bridge'),
    port: token('raised'),
    podGlass: token('surface'),
    sandbox: token('stage-sandbox'),
    sandboxEdge: token('line-strong'),
    sandboxInk: token('text'),
    states,
    groups: Array.from({ length: GROUPS }, (_, at) => token(`stage-group-${at + 1}`)),
  };
}

const GROUPS = 8;

/** How a container looks: by what it does and, while it runs, by whether it counts as ready. */
export function lookOf(palette: Palette, container: ContainerFrame): Look {
  const { states } = palette;
  const as = (state: PodState): Look => ({
    fill: fade(states[state].solid, 0.26),
    edge: states[state].solid,
    ink: states[state].ink,
  });
  switch (container.phase) {
    case 'waiting':
      return { fill: 'transparent', edge: states.pending.solid, ink: states.pending.ink };
    case 'running':
      return as(container.ready ? 'ready' : 'running');
    case 'ended':
      return as('succeeded');
    case 'failed':
      return as('failing');
  }
}
