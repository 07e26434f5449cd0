import { expect, test } from 'vitest';
import { type Box, fitting, keyOf, layout, OTHERS, placeOf, pointAt, shortName, shownNodes, wayOf } from './layout';
import { party } from './messages.fixture';

const controllers = [
  'deployment-controller',
  'replicaset-controller',
  'endpointslice-controller',
  'garbage-collector',
  'node-lifecycle-controller',
];
const nodes = ['node-1', 'node-2', 'node-3'];

const overlap = (one: Box, other: Box) =>
  one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h;

test.each([320, 390, 620, 900, 1400])('at a width of %d nothing overlaps or sticks out', width => {
  const shown = layout(width, controllers, nodes);
  for (const place of shown.places) {
    expect(place.box.x).toBeGreaterThanOrEqual(0);
    expect(place.box.x + place.box.w).toBeLessThanOrEqual(width);
    expect(place.box.y + place.box.h).toBeLessThanOrEqual(shown.height);
    for (const other of shown.places) {
      expect(place !== other && overlap(place.box, other.box), `${place.key} on ${other.key}`).toBe(false);
    }
  }
});

test('everybody but the API server has a link to it', () => {
  for (const width of [390, 1000]) {
    const shown = layout(width, controllers, nodes);
    const without = shown.places.filter(place => !shown.links.has(place.key));
    expect(without.map(place => place.party.role)).toEqual(['apiServer']);
  }
});

test('many nodes share a box', () => {
  const many = Array.from({ length: 40 }, (_, number) => `node-${number + 1}`);
  expect(shownNodes(many)).toEqual(['node-1', 'node-2', 'node-3', 'node-4', 'node-5', OTHERS]);
  const shown = layout(1000, [], many);
  expect(placeOf(shown, party('kubelet', 'node-30'))?.key).toBe(keyOf(party('kubelet', OTHERS)));
});

test('a controller that has no chip yet speaks from the frame', () => {
  expect(placeOf(layout(1000, [], nodes), party('controller', 'job-controller'))?.key).toBe('controller:');
});

test('a message goes along its link, towards the one who gets it', () => {
  const shown = layout(1000, controllers, nodes);
  const there = wayOf(shown, party('kubelet', 'node-1'), party('apiServer'));
  const back = wayOf(shown, party('apiServer'), party('kubelet', 'node-1'));
  expect(there).toEqual([...(back ?? [])].reverse());
  expect(wayOf(shown, party('scheduler'), party('scheduler'))).toBeNull();
});

test('a point half-way is half-way, around corners too', () => {
  const corner = [
    { x: 0, y: 0 },
    { x: 10, y: 0 },
    { x: 10, y: 30 },
  ];
  expect(pointAt(corner, 0)).toEqual({ x: 0, y: 0 });
  expect(pointAt(corner, 0.5)).toEqual({ x: 10, y: 10 });
  expect(pointAt(corner, 1)).toEqual({ x: 10, y: 30 });
});

test('chips leave out what the frame says', () => {
  expect(shortName('deployment-controller')).toBe('deployment');
  expect(shortName('garbage-collector')).toBe('garbage-collector');
});

test('what doesn’t fit is cut', () => {
  expect(fitting('endpointslice', 200)).toBe('endpointslice');
  expect(fitting('endpointslice', 50)).toBe('endpoi…');
  expect(fitting('集群的记忆', 40)).toBe('集群…');
});
