import { afterEach, expect, test } from 'vitest';
import { lang } from '../../i18n';
import type { Cause } from '../../sim/frames';
import { words } from './words';

const pod = { id: 'pod:1', kind: 'Pod', namespace: 'default', name: 'web-0' };

const cause = (what: Partial<Cause>): Cause => ({
  at: 0,
  event: 1,
  kind: 'request',
  who: '',
  verb: '',
  object: null,
  ok: true,
  text: '',
  sentence: '',
  ...what,
});

const said = (what: Partial<Cause>): string => {
  const { before, object, after } = words(cause(what));
  return before + (object?.name ?? '') + after;
};

afterEach(() => {
  lang.value = 'en';
});

test('requests say who asked for what', () => {
  const request = { kind: 'request', who: 'replicaset-controller', verb: 'create', object: pod } as const;
  expect(said(request)).toBe('replicaset-controller asked the API server to create web-0');
  lang.value = 'zh';
  expect(said(request)).toBe('replicaset-controller 请求 API server 创建 web-0');
});

test('a verb that has no words yet stays as it is', () => {
  expect(said({ who: 'kubelet', verb: 'frobnicate', object: pod })).toBe(
    'kubelet asked the API server to frobnicate web-0',
  );
});

test('decisions quote whom they come from', () => {
  const decision = cause({ kind: 'decision', who: 'deployment-controller', object: pod, text: 'room for 2' });
  expect(words(decision).quote).toBe('room for 2');
  lang.value = 'zh';
  expect(words(decision)).toMatchObject({
    before: 'deployment-controller 对 ',
    after: ' 做出决定：',
    quote: 'room for 2',
  });
});

test('what the user did quotes the command', () => {
  expect(words(cause({ kind: 'input', text: 'kubectl scale deploy web --replicas=5' }))).toMatchObject({
    before: 'You typed',
    quote: 'kubectl scale deploy web --replicas=5',
  });
});
