import { expect, test } from 'vitest';
import { LineEditor, pastedLines } from './line-editor';

/** An editor with a line; `|` is the cursor. */
function editor(line: string, history: readonly string[] = []): LineEditor {
  const made = new LineEditor(history);
  const [before = '', after = ''] = line.split('|');
  made.insert(before + after);
  made.cursor = before.length;
  return made;
}

function show({ before, after }: LineEditor): string {
  return `${before}|${after}`;
}

test.each<[string, (editor: LineEditor) => void, string]>([
  ['get |pods', e => e.insert('all '), 'get all |pods'],
  ['get |pods', e => e.backspace(), 'get|pods'],
  ['|get', e => e.backspace(), '|get'],
  ['get |pods', e => e.delete(), 'get |ods'],
  ['get|', e => e.delete(), 'get|'],
  ['容器|', e => e.backspace(), '容|'],
  ['a👩‍👩‍👧|', e => e.backspace(), 'a|'],
  ['a👩‍👩‍👧|', e => e.left(), 'a|👩‍👩‍👧'],
  ['|👩‍👩‍👧b', e => e.right(), '👩‍👩‍👧|b'],
  ['get po|ds', e => e.home(), '|get pods'],
  ['get po|ds', e => e.end(), 'get pods|'],
  ['get pods  -w|', e => e.wordLeft(), 'get pods  |-w'],
  ['|get', e => e.wordLeft(), '|get'],
  ['get| pods -w', e => e.wordRight(), 'get pods| -w'],
  ['get pods |-w', e => e.cutWord(), 'get |-w'],
  ['get po|ds', e => e.cutToStart(), '|ds'],
  ['get po|ds', e => e.cutToEnd(), 'get po|'],
  [
    'get po|ds',
    e => {
      e.cutToEnd();
      e.home();
      e.paste();
    },
    'ds|get po',
  ],
])('%s', (line, act, result) => {
  const made = editor(line);
  act(made);
  expect(show(made)).toBe(result);
});

test('the history is walked through, and what was being typed is found again', () => {
  const made = editor('dr|', ['one', 'two']);
  made.recall(true);
  expect(made.text).toBe('two');
  made.recall(true);
  made.recall(true);
  expect(made.text).toBe('one');
  made.recall(false);
  made.recall(false);
  expect(made.text).toBe('dr');
  made.recall(false);
  expect(made.text).toBe('dr');
});

test('Enter keeps a line once', () => {
  const made = editor('get pods|', ['get pods']);
  expect(made.take()).toBe('get pods');
  expect(made.lines).toEqual(['get pods']);
  expect(show(made)).toBe('|');
  made.insert('  ');
  made.take();
  expect(made.lines).toEqual(['get pods']);
});

test.each<[string, readonly string[], string, readonly string[]]>([
  ['get po|', ['pods'], 'get pods |', []],
  ['get po|', ['pods', 'podtemplates'], 'get pod|', []],
  ['get pod|', ['pods', 'podtemplates'], 'get pod|', ['pods', 'podtemplates']],
  ['get |', ['nodes', 'pods'], 'get |', ['nodes', 'pods']],
  ['delete pod/|', ['pod/web-1'], 'delete pod/web-1 |', []],
  ['get pods --name|', ['--namespace='], 'get pods --namespace=|', []],
  ['get xyz|', ['pods'], 'get xyz|', []],
])('%s with %j', (line, candidates, result, choice) => {
  const made = editor(line);
  expect(made.complete(candidates)).toEqual(choice);
  expect(show(made)).toBe(result);
});

test('what is pasted comes as lines', () => {
  expect(pastedLines('$ get pods\r\n$ get rs\n')).toEqual(['get pods', 'get rs', '']);
  expect(pastedLines('create deployment web \\\n  --image=nginx')).toEqual(['create deployment web --image=nginx']);
});
