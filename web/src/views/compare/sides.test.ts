import { describe, expect, it } from 'vitest';
import type { Branch, Difference, Frame } from '../../sim/frames';
import { nothing } from '../../state/cluster';
import { pod } from '../topology/fixtures';
import { differing, kindOf, sidesOf } from './sides';

function branch(id: number, parent: number): Branch {
  return { id, name: id === 0 ? '' : `b${id}`, parent, since: 0, horizon: 0 };
}

describe('sides', () => {
  const three = [branch(0, 0), branch(1, 0), branch(2, 1)];

  it('are the current branch and the one that it came from', () => {
    expect(sidesOf(three, 2, {})).toEqual({ left: 1, right: 2 });
    expect(sidesOf(three, 1, {})).toEqual({ left: 0, right: 1 });
  });

  it('are the first branch and the latest, if the first is looked at', () => {
    expect(sidesOf(three, 0, {})).toEqual({ left: 0, right: 2 });
    expect(sidesOf([branch(0, 0)], 0, {})).toBeNull();
  });

  it('are what was chosen, as long as that exists and differs', () => {
    expect(sidesOf(three, 2, { left: 0 })).toEqual({ left: 0, right: 2 });
    expect(sidesOf(three, 2, { left: 7 })).toEqual({ left: 1, right: 2 });
    expect(sidesOf(three, 1, { right: 0 })).toEqual({ left: 1, right: 0 });
    expect(sidesOf(three, 1, { left: 1 })).toEqual({ left: 1, right: 0 });
  });

  it('take a branch whose parent was dropped for a first one', () => {
    expect(sidesOf([branch(1, 0), branch(2, 1)], 1, {})).toEqual({ left: 1, right: 2 });
  });
});

describe('differences', () => {
  const difference = (name: string, left: string, right: string): Difference => ({
    object: { id: `pod:${name}`, kind: 'Pod', namespace: 'default', name },
    left,
    right,
  });

  it('are on one side or on both', () => {
    expect(kindOf(difference('a', 'Running', ''))).toBe('left');
    expect(kindOf(difference('a', '', 'Running'))).toBe('right');
    expect(kindOf(difference('a', 'Pending', 'Running'))).toBe('changed');
  });

  it('are found by name on the side where identities are others', () => {
    const { nodes: _n, pods: _p, owners: _o, services: _s, ingresses: _i, ...rest } = nothing;
    const frame: Frame = {
      ...rest,
      whole: true,
      nodes: [],
      pods: [pod('a', 'node-1', 'ready', { id: 'pod:77' }), pod('b', 'node-1')],
      owners: [],
      services: [],
      ingresses: [],
      gone: [],
    };
    expect([...differing(frame, [difference('a', 'x', 'y'), difference('c', 'x', '')])]).toEqual(['pod:77']);
  });
});
