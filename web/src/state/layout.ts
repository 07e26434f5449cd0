/** What is open where, as a person arranged it. */
import { effect, signal } from '@preact/signals';
import { selection } from './selection';
import { kept } from './storage';

const isSize = (value: number) => Number.isFinite(value) && value > 0;
const isFlag = (value: boolean) => typeof value === 'boolean';

/** The height of the terminals, in pixels. */
export const dockSize = kept<number>('layout.dock', 250, isSize);
/** The width of the side panel, in pixels. */
export const sideSize = kept<number>('layout.side', 340, isSize);
/** The first view's share of the stage, when two are shown. */
export const splitShare = kept<number>('layout.split', 0.5, value => value > 0.1 && value < 0.9);
export const dockOpen = kept<boolean>('layout.dockOpen', true, isFlag);
export const sideOpen = kept<boolean>('layout.sideOpen', true, isFlag);

export type SideTab = 'details' | 'lesson' | 'faults';
/** What the side panel shows. */
export const sideTab = signal<SideTab>('details');

/** On a phone, one part is shown at a time. */
export type Pane = 'stage' | 'terminal' | 'side';
export const pane = signal<Pane>('stage');

/** Dialogs, one at a time. */
export type Dialogue = 'gallery' | 'share' | 'shortcuts' | 'search' | 'welcome';
export const dialogue = signal<Dialogue | null>(null);

/** Whether the page is part of another one: `?embed`. */
export const embedded = typeof location !== 'undefined' && new URLSearchParams(location.search).has('embed');

/** Shows the side panel with one of its tabs. */
export function openSide(tab: SideTab): void {
  sideTab.value = tab;
  sideOpen.value = true;
  pane.value = 'side';
}

/** What is selected is told of at once, where there is room for it. */
export function startLayout(): void {
  effect(() => {
    if (selection.value) {
      sideTab.value = 'details';
      if (!embedded) {
        sideOpen.value = true;
      }
    }
  });
}
