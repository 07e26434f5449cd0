import { afterEach, expect, test } from 'vitest';
import { lang } from '../../i18n';
import { creation, message, party, ref } from './messages.fixture';
import { narrate } from './narration';
import { plain, tell } from './telling';

afterEach(() => {
  lang.value = 'en';
});

test('creating a Deployment is told with its names', () => {
  const told = narrate(creation).map(step => plain(tell(step)));
  expect(told[1]).toContain('and writes deployment/web into etcd');
  expect(told[3]).toContain(
    'replicaset-controller counts: fewer Pods than wanted. It has 2 Pods created: pod/web-1, pod/web-2.',
  );
  expect(told[4]).toContain('kube-scheduler takes 2 Pods without a node');
  expect(told[5]).toContain('On node-1, node-2, kubelet hears');
});

test('in Chinese too, with the same names', () => {
  lang.value = 'zh';
  const told = narrate(creation).map(step => plain(tell(step)));
  expect(told[3]).toContain('请求创建 2 个 Pod：pod/web-1、pod/web-2。');
});

test('many objects are counted, not listed', () => {
  const pods = Array.from({ length: 9 }, (_, number) =>
    message({
      event: number + 1,
      verb: 'create',
      resource: 'pods',
      from: party('controller', 'x'),
      object: ref('Pod', `p${number}`),
    }),
  );
  expect(plain(tell(narrate(pods)[0] as never))).toBe(
    'x asks the API server to create 9 Pods: pod/p0, pod/p1, pod/p2 and 6 more.',
  );
});

test('refusals are told as such', () => {
  const refused = message({
    verb: 'create',
    resource: 'pods',
    ok: false,
    from: party('controller', 'replicaset-controller'),
    object: ref('Pod', 'p'),
  });
  expect(plain(tell(narrate([refused])[0] as never))).toContain('is refused');
});

test('what is done to machines isn’t told as a request', () => {
  const fault = message({ kind: 'input', from: party('user'), to: party('user'), text: 'fault kill node node-2' });
  expect(plain(tell(narrate([fault])[0] as never))).toContain('isn’t asked');
});
