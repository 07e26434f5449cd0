/** What can be done with an object: each a line for a terminal. */
import type { Ref } from '../sim/frames';
import type { Cluster } from '../state/cluster';
import { asArgument } from '../state/objects';
import type { IconName } from '../ui/Icon';
import type { text } from './text';

export interface Action {
  readonly verb: keyof ReturnType<typeof text>['verbs'];
  readonly icon: IconName;
  readonly line: string;
  readonly danger: boolean;
}

const SCALED: readonly string[] = ['Deployment', 'ReplicaSet', 'StatefulSet'];
const ROLLED: readonly string[] = ['Deployment', 'StatefulSet', 'DaemonSet'];

/** The actions for an object, in the order of their use. */
export function actionsFor(object: Ref, cluster: Cluster): Action[] {
  const name = asArgument(object);
  const actions: Action[] = [];
  const add = (verb: Action['verb'], icon: IconName, line: string, danger = false) =>
    actions.push({ verb, icon, line: `kubectl ${line}`, danger });
  add('describe', 'info', `describe ${name}`);
  if (object.kind === 'Pod') {
    add('logs', 'events', `logs ${name}`);
  }
  const owner = cluster.owners.get(object.id);
  if (owner && SCALED.includes(object.kind)) {
    add('more', 'plus', `scale ${name} --replicas=${owner.desired + 1}`);
    if (owner.desired > 0) {
      add('fewer', 'minus', `scale ${name} --replicas=${owner.desired - 1}`);
    }
  }
  if (owner && ROLLED.includes(object.kind)) {
    add('watch', 'eye', `rollout status ${name}`);
    add('restart', 'restart', `rollout restart ${name}`);
    if (owner.revision > 1) {
      add('undo', 'undo', `rollout undo ${name}`);
    }
  }
  if (owner && object.kind === 'Deployment') {
    const verb = owner.paused ? 'resume' : 'pause';
    add(verb, owner.paused ? 'play' : 'pause', `rollout ${verb} ${name}`);
  }
  const node = cluster.nodes.get(object.id);
  if (node) {
    if (node.schedulable) {
      add('cordon', 'flag', `cordon ${object.name}`);
    } else {
      add('uncordon', 'check', `uncordon ${object.name}`);
    }
    add('drain', 'download', `drain ${object.name} --ignore-daemonsets --delete-emptydir-data`, true);
  } else {
    add('delete', 'trash', `delete ${name}`, true);
  }
  return actions;
}
