/** The nine parts of the introduction that the lessons follow. A lesson names its part by number, from 1. */
import type { Both, Lesson } from '../../sim/frames';
import type { ViewName } from '../../state/selection';

export interface Part {
  readonly number: number;
  readonly title: Both;
  readonly about: Both;
}

export const PARTS: readonly Part[] = [
  {
    number: 1,
    title: { en: 'What Kubernetes gives you', zh: 'Kubernetes 能做什么' },
    about: {
      en: 'Run something, kill it, and watch it come back.',
      zh: '运行一个应用，弄坏它，看它自己恢复。',
    },
  },
  {
    number: 2,
    title: { en: 'Architecture', zh: '架构' },
    about: {
      en: 'Who does what: API server, etcd, controllers, scheduler, kubelets.',
      zh: '谁负责什么：API server、etcd、控制器、调度器、kubelet。',
    },
  },
  {
    number: 3,
    title: { en: 'What happens on create', zh: '从创建 Deployment 说起' },
    about: {
      en: 'One command, and the chain of decisions behind it.',
      zh: '一条命令，以及它背后的一连串决定。',
    },
  },
  {
    number: 4,
    title: { en: 'Deployment', zh: 'Deployment' },
    about: { en: 'Scale, update, pause, roll back.', zh: '扩缩容、更新、暂停、回滚。' },
  },
  {
    number: 5,
    title: { en: 'Pod', zh: 'Pod' },
    about: {
      en: 'The pause container, sidecars, probes, volumes.',
      zh: 'pause 容器、边车、探针、存储卷。',
    },
  },
  {
    number: 6,
    title: { en: 'Orchestration', zh: '编排' },
    about: {
      en: 'StatefulSets, DaemonSets, nodes that fail and drain.',
      zh: 'StatefulSet、DaemonSet，以及节点的故障与排空。',
    },
  },
  {
    number: 7,
    title: { en: 'Network', zh: '网络' },
    about: {
      en: 'A packet from pod to pod: bridge, route, tunnel.',
      zh: '数据包如何从一个 Pod 到另一个 Pod：网桥、路由、隧道。',
    },
  },
  {
    number: 8,
    title: { en: 'Service', zh: 'Service' },
    about: {
      en: 'An address that stays, names that resolve.',
      zh: '不变的地址，可以解析的名字。',
    },
  },
  {
    number: 9,
    title: { en: 'From outside', zh: '从集群外部访问' },
    about: {
      en: 'NodePort, LoadBalancer, Ingress; updates that lose no request.',
      zh: 'NodePort、LoadBalancer、Ingress；不丢请求的更新。',
    },
  },
];

/** Lessons in the order in which they are learned: by part, then by their own number, then by name. */
export function inOrder<L extends Pick<Lesson, 'part' | 'order' | 'name'>>(lessons: readonly L[]): L[] {
  return [...lessons].sort(
    (a, b) => a.part - b.part || a.order - b.order || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
}

/** The parts that have lessons, with them. */
export function byPart<L extends Pick<Lesson, 'part' | 'order' | 'name'>>(
  lessons: readonly L[],
): { part: Part; lessons: L[] }[] {
  return PARTS.map(part => ({ part, lessons: inOrder(lessons.filter(lesson => lesson.part === part.number)) })).filter(
    group => group.lessons.length > 0,
  );
}

/** The lesson after this one; `null` after the last. */
export function after<L extends Pick<Lesson, 'part' | 'order' | 'name'>>(
  lessons: readonly L[],
  name: string,
): L | null {
  const sorted = inOrder(lessons);
  const at = sorted.findIndex(lesson => lesson.name === name);
  return at < 0 ? null : (sorted[at + 1] ?? null);
}

/** The views in which a part's lessons are seen best. */
export function viewsOf(part: number): readonly [ViewName, ViewName | null] {
  switch (part) {
    case 2:
    case 3:
      return ['control-plane', null];
    case 4:
      return ['ownership', null];
    default:
      return ['topology', null];
  }
}
