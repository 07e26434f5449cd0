/** The views that the stage can show. Each is loaded when it is first shown. */
import type { ComponentType } from 'preact';
import type { IconName } from '../ui/Icon';
import { text } from './text';

export type ViewName =
  | 'topology'
  | 'control-plane'
  | 'ownership'
  | 'timeline'
  | 'packet'
  | 'yaml'
  | 'events'
  | 'metrics'
  | 'compare'
  | 'story'
  | 'lessons'
  | 'builder';

export interface ViewEntry {
  readonly name: ViewName;
  readonly icon: IconName;
  /** Its name in the language that is shown. */
  readonly title: () => string;
  /** What it is for, in a sentence. */
  readonly hint: () => string;
  readonly load: () => Promise<ComponentType>;
}

function view(name: ViewName, load: () => Promise<ComponentType>): ViewEntry {
  return { name, icon: name, title: () => text().titles[name], hint: () => text().hints[name], load };
}

/** The views in the order of their tabs and of the keys 1 … 9. */
export const views: readonly ViewEntry[] = [
  view('topology', async () => (await import('./topology/Topology')).TopologyView),
  view('control-plane', async () => (await import('./control-plane/ControlPlane')).ControlPlaneView),
  view('ownership', async () => (await import('./ownership/Ownership')).OwnershipView),
  view('timeline', async () => (await import('./timeline/Timeline')).TimelineView),
  view('packet', async () => (await import('./packet/Packet')).PacketView),
  view('yaml', async () => (await import('./yaml/Yaml')).YamlView),
  view('events', async () => (await import('./events/Events')).EventsView),
  view('metrics', async () => (await import('./metrics/Metrics')).MetricsView),
  view('compare', async () => (await import('./compare/Compare')).CompareView),
  view('story', async () => (await import('./story/Story')).StoryView),
  view('lessons', async () => (await import('./lessons/Lessons')).LessonsView),
  view('builder', async () => (await import('./builder/Builder')).BuilderView),
];

/** A view by its name. */
export function viewOf(name: ViewName): ViewEntry {
  const found = views.find(view => view.name === name);
  if (!found) {
    throw new Error(`there is no view ${name}`);
  }
  return found;
}
