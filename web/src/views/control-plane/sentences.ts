import { dictionary } from '../../i18n';

// The narration's sentences. `{}` is where the objects are named. Those of `told` are for a certain party and request; what has none is told
// by `asks`. The verbs are the model's; `patch` counts as `update`.
export const sentences = dictionary({
  en: {
    and: ', ',
    more: (count: number) => ` and ${count} more`,
    onNodes: (nodes: string, program: string) => `On ${nodes}, ${program}`,
    one: (kind: string) => `a ${kind}`,
    several: (count: number, kind: string) => `${count} ${kind}s`,
    typed:
      'You type a command. kubectl reads it, and turns it into a request to the API server: nobody else takes orders.',
    typedElsewhere:
      'You do something to the machines themselves. The API server isn’t asked, and nobody tells it: it has to find out.',
    stored:
      'The API server checks it and writes {} into etcd, under a new revision. Everybody who watches such objects will hear of it.',
    storedNew:
      'The API server checks it, fills in what you left out, and writes {} into etcd. Now it exists — but only as a wish: nothing runs yet.',
    storedDelete:
      'The API server writes the deletion of {} into etcd. Everybody who watches such objects will hear of it.',
    asks: (who: string, verb: string, things: string) => `${who} asks the API server to ${verb} ${things}: {}.`,
    refused: (who: string, verb: string, things: string) =>
      `${who} asks the API server to ${verb} ${things} ({}), and is refused. It will try again.`,
    kubeletHeard: (who: string) =>
      `${who} hears of a change to its own Pods: {}. It compares what should run with what runs, and gets to work.`,
    proxyHeard: (who: string) => `${who} hears of it and rewrites the node’s rules, so that traffic finds its way: {}.`,
    told: {
      'user create': (who: string, things: string) => `${who} asks the API server to create ${things}: {}.`,
      'user apply': (who: string, things: string) => `${who} asks the API server to create or change ${things}: {}.`,
      'deployment-controller create replicasets': (who: string, things: string) =>
        `${who} watches Deployments. It finds one whose template has no ReplicaSet yet, and has ${things} created: {}.`,
      'deployment-controller update replicasets': (who: string, things: string) =>
        `${who} changes the size of ${things}: {}. This is how a rollout moves: the new one grows, the old one shrinks.`,
      'deployment-controller update deployments': (who: string) =>
        `${who} writes into the Deployment what has become of it so far: {}.`,
      'deployment-controller update status of deployments': (who: string) =>
        `${who} writes into the Deployment’s status what has become of it so far: {}.`,
      'replicaset-controller create pods': (who: string, things: string) =>
        `${who} counts: fewer Pods than wanted. It has ${things} created: {}. They have no node yet — they are Pending.`,
      'replicaset-controller delete pods': (who: string, things: string) =>
        `${who} counts: more Pods than wanted. It has ${things} deleted: {}. They get time to end well.`,
      'replicaset-controller update status of replicasets': (who: string) =>
        `${who} writes into the ReplicaSet’s status how many of its Pods there are, and how many are ready: {}.`,
      'statefulset-controller create pods': (who: string) =>
        `${who} creates the next Pod in the row, and waits until it is ready: {}.`,
      'daemonset-controller create pods': (who: string, things: string) =>
        `${who} wants one Pod on every node that fits, and has ${things} created: {}.`,
      'job-controller create pods': (who: string, things: string) =>
        `${who} has ${things} created to do the Job’s work: {}.`,
      'scheduler bind': (who: string, things: string) =>
        `${who} takes ${things} without a node, rules out the nodes that don’t fit, ranks the others, and binds to the best: {}.`,
      'scheduler update status of pods': (who: string) =>
        `${who} finds no node that fits, and writes into the Pod why: {}. It will try again when something changes.`,
      'kubelet update status of pods': (who: string) =>
        `${who} reports what has become of its Pods — this is where kubectl’s STATUS comes from: {}.`,
      'kubelet update pods': (who: string) =>
        `${who} reports what has become of its Pods — this is where kubectl’s STATUS comes from: {}.`,
      'kubelet delete pods': (who: string) => `${who} has ended the containers, and has the Pod removed for good: {}.`,
      'endpointslice-controller create': (who: string) =>
        `${who} gathers the addresses of the Pods that a Service selects, and writes them down: {}.`,
      'endpointslice-controller update': (who: string) =>
        `${who} changes the list of addresses behind a Service: {}. Only ready Pods get traffic.`,
      'node-controller update status of nodes': (who: string) =>
        `${who} hasn’t heard of a kubelet for too long, and marks its node: {}.`,
    },
  },
  zh: {
    and: '、',
    more: (count: number) => ` 等，另有 ${count} 个`,
    onNodes: (nodes: string, program: string) => `${nodes} 上的 ${program}`,
    one: (kind: string) => `一个 ${kind}`,
    several: (count: number, kind: string) => ` ${count} 个 ${kind}`,
    typed: '你输入一条命令。kubectl 读懂它，转换成发给 API server 的请求：除了 API server，谁也不接受命令。',
    typedElsewhere: '你直接对机器动了手。没有谁请求 API server，也没有谁告诉它：它得自己发现。',
    stored: 'API server 检查请求，把 {} 连同新的 revision 写入 etcd。所有 watch 这类对象的组件都会得知。',
    storedNew:
      'API server 检查请求，补全你没写的字段，把 {} 写入 etcd。现在它存在了——但只是一个愿望：还没有任何东西在运行。',
    storedDelete: 'API server 把删除 {} 写入 etcd。所有 watch 这类对象的组件都会得知。',
    asks: (who: string, verb: string, things: string) => `${who} 请求 API server ${verb} ${things}：{}。`,
    refused: (who: string, verb: string, things: string) =>
      `${who} 请求 API server ${verb} ${things}（{}），被拒绝。它会再试。`,
    kubeletHeard: (who: string) =>
      `${who} 得知归自己管的 Pod 有变化：{}。它比较“应该运行什么”和“正在运行什么”，然后动手。`,
    proxyHeard: (who: string) => `${who} 得知变化，改写节点上的规则，让流量找得到路：{}。`,
    told: {
      'user create': (who: string, things: string) => `${who} 请求 API server 创建${things}：{}。`,
      'user apply': (who: string, things: string) => `${who} 请求 API server 创建或修改${things}：{}。`,
      'deployment-controller create replicasets': (who: string, things: string) =>
        `${who} 一直在 watch Deployment。它发现有一个 Deployment 的 template 还没有对应的 ReplicaSet，于是请求创建${things}：{}。`,
      'deployment-controller update replicasets': (who: string, things: string) =>
        `${who} 调整${things}的大小：{}。滚动更新就是这样推进的：新的变大，旧的变小。`,
      'deployment-controller update deployments': (who: string) => `${who} 把目前的进展写进 Deployment：{}。`,
      'deployment-controller update status of deployments': (who: string) =>
        `${who} 把目前的进展写进 Deployment 的 status：{}。`,
      'replicaset-controller create pods': (who: string, things: string) =>
        `${who} 数了数：Pod 比期望的少，于是请求创建${things}：{}。它们还没有节点，处于 Pending。`,
      'replicaset-controller delete pods': (who: string, things: string) =>
        `${who} 数了数：Pod 比期望的多，于是请求删除${things}：{}。它们有时间体面地结束。`,
      'replicaset-controller update status of replicasets': (who: string) =>
        `${who} 把现有多少 Pod、其中多少就绪写进 ReplicaSet 的 status：{}。`,
      'statefulset-controller create pods': (who: string) => `${who} 按顺序创建下一个 Pod，并等它就绪：{}。`,
      'daemonset-controller create pods': (who: string, things: string) =>
        `${who} 要在每个合适的节点上各有一个 Pod，于是请求创建${things}：{}。`,
      'job-controller create pods': (who: string, things: string) => `${who} 请求创建${things}来完成 Job 的工作：{}。`,
      'scheduler bind': (who: string, things: string) =>
        `${who} 取出${things}（还没有节点），先排除不合适的节点，再给其余节点打分，绑定到最好的那个：{}。`,
      'scheduler update status of pods': (who: string) =>
        `${who} 找不到合适的节点，把原因写进 Pod：{}。等有变化时它会再试。`,
      'kubelet update status of pods': (who: string) =>
        `${who} 报告它的 Pod 现在怎样了——kubectl 的 STATUS 列就来自这里：{}。`,
      'kubelet update pods': (who: string) => `${who} 报告它的 Pod 现在怎样了——kubectl 的 STATUS 列就来自这里：{}。`,
      'kubelet delete pods': (who: string) => `${who} 已经结束了容器，请求彻底移除 Pod：{}。`,
      'endpointslice-controller create': (who: string) => `${who} 收集 Service 选中的 Pod 的地址，并记录下来：{}。`,
      'endpointslice-controller update': (who: string) =>
        `${who} 更新 Service 背后的地址列表：{}。只有就绪的 Pod 才会收到流量。`,
      'node-controller update status of nodes': (who: string) =>
        `${who} 太久没有收到某个 kubelet 的消息，于是标记它的节点：{}。`,
    },
  },
});
