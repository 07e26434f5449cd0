import { expect, test } from 'vitest';
import { freeName, nameFault, withEnding } from './names';

test('names that can stand in a command line', () => {
  const check = (name: string, fault: ReturnType<typeof nameFault>) =>
    expect(nameFault(name, ['web.yaml']), name).toBe(fault);
  check('pc-deployment.yaml', null);
  check('a.b.yml', null);
  check('list.json', null);
  check('', 'empty');
  check('.yaml', 'empty');
  check('my file.yaml', 'characters');
  check("it's.yaml", 'characters');
  check('../web2.yaml', 'characters');
  check('-f.yaml', 'characters');
  check('web', 'ending');
  check('web.txt', 'ending');
  check(`${'x'.repeat(80)}.yaml`, 'long');
  check('web.yaml', 'taken');
});

test('an ending is added where it lacks', () => {
  expect(['web', ' web ', 'web.yml', 'web.v2', ''].map(withEnding)).toEqual([
    'web.yaml',
    'web.yaml',
    'web.yml',
    'web.v2.yaml',
    '',
  ]);
});

test('a free name is near the wanted one', () => {
  const check = (wanted: string, others: string[], free: string) => expect(freeName(wanted, others)).toBe(free);
  check('web.yaml', [], 'web.yaml');
  check('web.yaml', ['web.yaml'], 'web-2.yaml');
  check('web.yaml', ['web.yaml', 'web-2.yaml'], 'web-3.yaml');
  check('v1.web.yaml', ['v1.web.yaml'], 'v1.web-2.yaml');
});
