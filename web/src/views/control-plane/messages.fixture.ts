/** Messages to test with. */
import type { Message, MessageKind, Party, Ref, Role } from '../../sim/frames';

export function party(role: Role, name = ''): Party {
  return { role, name };
}

export function ref(kind: string, name: string): Ref {
  return { id: `${kind.toLowerCase()}:${name}`, kind, namespace: 'default', name };
}

export function message(what: Partial<Message>): Message {
  const blank: Message = {
    event: 1,
    cause: 0,
    sent: 0,
    at: 0,
    kind: 'request',
    from: party('user'),
    to: party('apiServer'),
    verb: '',
    resource: '',
    object: null,
    ok: true,
    text: '',
  };
  return { ...blank, ...what };
}

const ms = (at: number) => at * 1_000_000;

function said(
  kind: MessageKind,
  event: number,
  cause: number,
  at: number,
  from: Party,
  to: Party,
  rest: Partial<Message> = {},
): Message {
  const takes = kind === 'watch' ? 2 : kind === 'request' && from.role !== 'user' ? 1 : 0;
  return message({ kind, event, cause, sent: ms(at - takes), at: ms(at), from, to, ...rest });
}

const api = party('apiServer');
const etcd = party('etcd');
const manager = party('controller');
const pods = [ref('Pod', 'web-1'), ref('Pod', 'web-2')];

/** What happens when somebody creates a Deployment of two. */
export const creation: Message[] = [
  said('input', 1, 0, 0, party('user'), api, { text: 'kubectl create deployment web --image=nginx --replicas=2' }),
  said('commit', 1, 0, 0, api, etcd, { verb: 'create', resource: 'deployments', object: ref('Deployment', 'web') }),
  said('watch', 2, 1, 2, api, manager, { resource: 'deployments', object: ref('Deployment', 'web') }),
  said('work', 2, 1, 2, party('controller', 'deployment-controller'), party('controller', 'deployment-controller'), {
    resource: 'deployments',
    object: ref('Deployment', 'web'),
    text: 'no ReplicaSet has this template yet',
  }),
  said('request', 3, 2, 3, party('controller', 'deployment-controller'), api, {
    verb: 'create',
    resource: 'replicasets',
    object: ref('ReplicaSet', 'web-5d'),
  }),
  said('commit', 3, 2, 3, api, etcd, { verb: 'create', resource: 'replicasets', object: ref('ReplicaSet', 'web-5d') }),
  said('answer', 4, 3, 4, api, manager),
  said('watch', 5, 3, 5, api, manager, { resource: 'replicasets', object: ref('ReplicaSet', 'web-5d') }),
  ...pods.flatMap((pod, number) => [
    said('request', 6 + number, 5, 6, party('controller', 'replicaset-controller'), api, {
      verb: 'create',
      resource: 'pods',
      object: pod,
    }),
    said('commit', 6 + number, 5, 6, api, etcd, { verb: 'create', resource: 'pods', object: pod }),
  ]),
  said('watch', 8, 6, 8, api, party('scheduler'), { resource: 'pods' }),
  ...pods.map((pod, number) =>
    said('request', 9 + number, 8, 9 + number, party('scheduler'), api, {
      verb: 'bind',
      resource: 'pods',
      object: pod,
    }),
  ),
  ...pods.map((pod, number) =>
    said('watch', 11 + number, 9 + number, 11 + number, api, party('kubelet', `node-${number + 1}`), { object: pod }),
  ),
];
