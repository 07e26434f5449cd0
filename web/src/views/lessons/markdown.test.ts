import { expect, test } from 'vitest';
import { consoleLines } from './console';
import { plain, safeLink, tokens } from './markdown';

test('bold words end where they should, in Chinese too', () => {
  const check = (text: string, bold: string[]) => {
    const [paragraph] = tokens(text);
    const inner = paragraph?.type === 'paragraph' ? paragraph.tokens : [];
    expect(inner.filter(token => token.type === 'strong').map(token => token.raw)).toEqual(bold);
  };
  check('a **b** c', ['**b**']);
  check('**注意：**后面', ['**注意：**']);
  check('**“网桥”**是 **kubelet（节点）**的', ['**“网桥”**', '**kubelet（节点）**']);
  check('2 ** 3 ** 4', []);
  check('**open', []);
});

test('only pages and places can be linked to', () => {
  const check = (href: string, allowed: boolean) => expect(safeLink(href) !== null, href).toBe(allowed);
  check('https://kubernetes.io/docs/', true);
  check('#goals', true);
  check('./guide/', true);
  check('../guide/', true);
  check('/guide/', true);
  check('javascript:alert(1)', false);
  check(' javascript:alert(1)', false);
  check('data:text/html,x', false);
});

test('entities are read, unknown ones stay', () => {
  expect(plain('a &lt;b&gt; &amp;amp; &copy;')).toBe('a <b> &amp; &copy;');
});

test('where a line of the source ends, Chinese has no space', () => {
  expect(plain('换镜像之后\n立刻暂停')).toBe('换镜像之后立刻暂停');
  expect(plain('\n编辑器也会')).toBe('编辑器也会');
  expect(plain('a line\nand the next')).toBe('a line\nand the next');
});

test('console blocks: what is typed, and what is printed', () => {
  expect(consoleLines('$ kubectl get pods \nNAME   READY\n\n$ wait 10s')).toEqual([
    { kind: 'command', text: 'kubectl get pods' },
    { kind: 'output', text: 'NAME   READY' },
    { kind: 'output', text: '' },
    { kind: 'command', text: 'wait 10s' },
  ]);
});
