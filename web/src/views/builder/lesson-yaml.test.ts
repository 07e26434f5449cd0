import { expect, test } from 'vitest';
import { emptyDraft, lacks, untranslated } from './draft';
import { conditionFault, lessonYaml } from './lesson-yaml';

const draft = {
  ...emptyDraft,
  title: { en: 'Pause: a canary', zh: '金丝雀' },
  summary: { en: 'One new Pod.', zh: '' },
  text: { en: 'Type:  \n\n```console\n$ kubectl get pods\n```', zh: '输入：' },
  start: '# Three nodes.\ncluster: {nodes: 3}\nsteps:\n- kubectl: create namespace dev\n',
  goals: [{ kind: 'once' as const, that: 'replicasets of web == 3, 1', say: { en: 'It sings', zh: '开唱' } }],
  hints: [
    { en: 'Be quick.', zh: '要快。' },
    { en: '', zh: '' },
  ],
  solution: ['kubectl scale deploy web --replicas=2', ''],
  par: 1,
};

test('a lesson is written as its reader wants it', () => {
  expect(lessonYaml(draft)).toBe(`title:
  en: "Pause: a canary"
  zh: 金丝雀
summary:
  en: One new Pod.
  zh: （尚未翻译。）
part: 1
minutes: 5
text:
  en: |
    Type:

    \`\`\`console
    $ kubectl get pods
    \`\`\`
  zh: |
    输入：
start:
  # Three nodes.
  cluster: {nodes: 3}
  steps:
  - kubectl: create namespace dev
goals:
- once: replicasets of web == 3, 1
  say:
    en: It sings
    zh: 开唱
hints:
- en: Be quick.
  zh: 要快。
solution:
- kubectl scale deploy web --replicas=2
par: 1
`);
});

test('what is missing is told', () => {
  expect(lacks(draft)).toEqual([]);
  expect(untranslated(draft)).toEqual(['summary']);
  expect(lacks({ ...emptyDraft, name: 'My Lesson' })).toEqual([
    'name',
    'title',
    'summary',
    'text',
    'goals',
    'hints',
    'solution',
  ]);
});

test('a condition is asked about by way of a scenario that expects it', async () => {
  const found = { line: 3, column: 9, warning: false, message: 'there is no "redy"', help: 'did you mean ready?' };
  const asked: string[] = [];
  const fault = await conditionFault('deployment/web redy == 3', async scenario => {
    asked.push(scenario);
    return [{ ...found, warning: true }, found];
  });
  expect(fault).toBe('there is no "redy" did you mean ready?');
  expect(asked).toEqual(['steps: []\nexpect:\n- that: deployment/web redy == 3\n']);
  expect(await conditionFault('pods ready', async () => [])).toBeNull();
});
