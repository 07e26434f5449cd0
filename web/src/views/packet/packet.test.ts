import { describe, expect, it } from 'vitest';
import type { Hop, PlaceKind, Walk } from '../../sim/frames';
import { nothing } from '../../state/cluster';
import { node, pod, service } from '../topology/fixtures';
import { firstQuestion, matching, readPort, receivers, senders } from './candidates';
import { compare, ends, readHeader, readHeaders } from './headers';
import { markLines } from './rules';
import { firstStep, positions, wayOf } from './way';

const PLAIN = ['Ethernet aa → bb', 'IP 10.244.0.2 → 10.96.0.10, TTL 64, 60 bytes, DF', 'TCP 40000 → 80'];
const TRANSLATED = ['Ethernet aa → bb', 'IP 10.244.0.2 → 10.244.1.2, TTL 63, 60 bytes, DF', 'TCP 40000 → 8080'];
const WRAPPED = [
  'Ethernet cc → dd',
  'IP 192.168.0.10 → 192.168.0.11, TTL 64, 110 bytes',
  'UDP 48306 → 8472',
  'VXLAN VNI 1',
  ...TRANSLATED,
];

describe('headers', () => {
  it('are taken apart into fields', () => {
    const fields = (line: string) => readHeader(line).fields.map(one => `${one.name}=${one.value}`);
    expect(fields(PLAIN[1] ?? '')).toEqual(['from=10.244.0.2', 'to=10.96.0.10', 'TTL=64', 'length=60', 'flags=DF']);
    expect(fields('VXLAN VNI 1')).toEqual(['VNI=1']);
    expect(fields('mark 0x4000')).toEqual(['value=0x4000']);
    expect(fields('ICMP')).toEqual([]);
  });

  it('stand one in another while a packet is wrapped', () => {
    expect(readHeaders(PLAIN).outer).toBeNull();
    const wrapped = readHeaders(WRAPPED);
    expect(wrapped.outer?.map(header => header.protocol)).toEqual(['Ethernet', 'IP', 'UDP', 'VXLAN']);
    expect(wrapped.inner.map(header => header.protocol)).toEqual(['Ethernet', 'IP', 'TCP']);
  });

  it('say what a hop does', () => {
    expect(compare(PLAIN, PLAIN).effects).toEqual([]);
    expect(compare(PLAIN, TRANSLATED).effects).toEqual(['dnat', 'ttl']);
    expect(compare(TRANSLATED, WRAPPED).effects).toEqual(['wrapped']);
    expect(compare(WRAPPED, TRANSLATED).effects).toEqual(['unwrapped']);
    expect(compare(PLAIN, [...PLAIN, 'mark 0x4000']).effects).toEqual(['mark']);
    const masqueraded = ['Ethernet cc → dd', 'IP 192.168.0.10 → 10.96.0.10, TTL 64, 60 bytes, DF', 'TCP 10888 → 80'];
    expect(compare(PLAIN, masqueraded).effects).toEqual(['snat', 'mac']);
  });

  it('mark the fields that differ, on both sides', () => {
    const { before, after } = compare(PLAIN, TRANSLATED);
    const changed = (side: typeof before) =>
      side.inner.flatMap(header => header.fields.filter(one => one.changed).map(one => one.value));
    expect(changed(before)).toEqual(['10.96.0.10', '64', '80']);
    expect(changed(after)).toEqual(['10.244.1.2', '63', '8080']);
  });

  it('name the ends of what is inside', () => {
    expect(ends(WRAPPED)).toEqual({ from: '10.244.0.2:40000', to: '10.244.1.2:8080', protocol: 'TCP' });
    expect(ends(['IP 1.1.1.1 → 2.2.2.2, TTL 1, 84 bytes', 'ICMP'])).toEqual({
      from: '1.1.1.1',
      to: '2.2.2.2',
      protocol: 'ICMP',
    });
  });
});

function hop(place: PlaceKind, name: string, face: string, more: Partial<Hop> = {}): Hop {
  return {
    place,
    name,
    interface: face,
    direction: 'Out',
    before: PLAIN,
    after: PLAIN,
    rules: [],
    route: null,
    verdict: 'pass',
    why: '',
    ...more,
  };
}

function walk(hops: Hop[], answer: Hop[] = []): Walk {
  return {
    from: 'pod/a',
    target: '10.96.0.10:80/TCP',
    seen: 'an answer',
    reached: null,
    cause: null,
    hops,
    answer,
    conntrack: [],
  };
}

describe('way', () => {
  const there = [
    hop('pod', 'a', 'eth0'),
    hop('node', 'node-1', 'veth1'),
    hop('node', 'node-1', 'cni0'),
    hop('node', 'node-1', 'eth0'),
    hop('underlay', '', 'node-1'),
  ];
  const names = (way: ReturnType<typeof wayOf>) =>
    way.places.map(place => `${place.name || place.kind}: ${place.stations.map(one => one.interface).join(' ')}`);

  it('has places in the order of the walk, with the interfaces in each', () => {
    expect(names(wayOf(walk(there), 0))).toEqual(['a: eth0', 'node-1: veth1 cni0 eth0', 'underlay: node-1']);
  });

  it('shows a place twice that is come through twice', () => {
    const detour = [
      hop('outside', '', '198.51.100.7'),
      hop('underlay', '', 'node-2'),
      hop('node', 'node-2', 'eth0'),
      hop('underlay', '', 'node-2'),
      hop('node', 'node-3', 'eth0'),
    ];
    const answer = [...detour].reverse();
    const way = wayOf(walk(detour, answer), 0);
    expect(way.places).toHaveLength(5);
    expect(way.steps.filter(step => step.back).map(step => step.station)).toEqual([4, 3, 2, 1, 0]);
  });

  it('gives an answer that takes another way stops of its own, and moves what is right of them on', () => {
    const way = wayOf(
      walk(
        [hop('pod', 'a', 'eth0'), hop('pod', 'b', 'eth0')],
        [hop('pod', 'b', 'eth0'), hop('node', 'node-1', 'cni0'), hop('pod', 'a', 'eth0')],
      ),
      0,
    );
    expect(names(way)).toEqual(['a: eth0', 'node-1: cni0', 'b: eth0']);
    expect(way.steps.map(step => step.station)).toEqual([0, 2, 2, 1, 0]);
  });

  it('remembers how a packet came, for wrapping happens between interfaces', () => {
    const way = wayOf(
      walk([
        hop('node', 'n', 'flannel.1', { after: TRANSLATED }),
        hop('node', 'n', 'eth0', { before: WRAPPED, after: WRAPPED }),
      ]),
      0,
    );
    expect(way.steps[1] && compare(way.steps[1].came, way.steps[1].hop.after).effects).toEqual(['wrapped']);
  });

  it('is looked at first where it fails', () => {
    expect(firstStep(wayOf(walk(there), 0).steps)).toBe(0);
    expect(firstStep(wayOf(walk([...there, hop('node', 'node-2', 'eth0', { verdict: 'drop' })]), 0).steps)).toBe(5);
  });

  it('keeps stations inside their places and apart', () => {
    const way = wayOf(walk(there), 0);
    const { stations, places, width } = positions(way.places);
    way.places.forEach((place, at) => {
      for (const station of place.stations) {
        const box = places[at] ?? { x: 0, w: 0 };
        const x = stations[station.index] ?? -1;
        expect(x).toBeGreaterThan(box.x);
        expect(x).toBeLessThan(box.x + box.w);
      }
    });
    expect([...stations]).toEqual([...stations].sort((a, b) => a - b));
    expect(width).toBeGreaterThan(stations.at(-1) ?? 0);
  });
});

describe('candidates', () => {
  const client = pod('client', 'node-3');
  const web = pod('web-1', 'node-1', 'ready', { ip: '10.244.0.5' });
  const far = pod('far', 'node-2', 'ready', { namespace: 'dev', ip: '10.244.1.9' });
  const young = pod('young', 'node-1', 'creating', { sandbox: false, ip: '' });
  const all = <T extends { id: string }>(list: T[]): ReadonlyMap<string, T> => new Map(list.map(one => [one.id, one]));
  const known = {
    ...nothing,
    nodes: all([node('node-1'), node('node-2', { powered: false })]),
    pods: all([client, web, far, young]),
    services: all([
      service('web', [web], { type: 'NodePort', ports: ['80:30080/TCP'] }),
      service('api', [], { namespace: 'dev', id: 'service:api' }),
    ]),
  };
  const values = (list: readonly { value: string }[]) => list.map(one => one.value);

  it('send from pods with a network, nodes with power, and outside', () => {
    expect(values(senders(known))).toEqual(['pod/client', 'pod/web-1', 'pod/far', 'node/node-1', 'outside']);
  });

  it('receive as Services, pods, names, node ports; of other namespaces by what is unambiguous', () => {
    expect(values(receivers(known, 'default'))).toEqual([
      'svc/web:80',
      'svc/api.dev:80',
      'pod/client:80',
      'pod/web-1:80',
      '10.244.1.9:80',
      'web:80',
      'api.dev.svc.cluster.local:80',
      'node/node-1:30080',
      'node/node-2:30080',
      '1.1.1.1:443',
    ]);
  });

  it('are found by parts of their names and hints', () => {
    expect(values(matching(receivers(known, 'default'), 'nodeport node-1'))).toEqual(['node/node-1:30080']);
    expect(matching(senders(known), '')).toHaveLength(5);
  });

  it('begin with a pod that asks a Service on another node', () => {
    expect(firstQuestion(known)).toEqual({ from: 'pod/client', to: 'svc/web:80', namespace: 'default' });
    expect(firstQuestion({ ...known, services: new Map() })).toEqual({
      from: 'pod/client',
      to: 'pod/web-1:80',
      namespace: 'default',
    });
    expect(firstQuestion(nothing)).toBeNull();
  });

  it('read ports as kubectl writes them', () => {
    expect(readPort('80:30080/TCP')).toEqual({ port: '80', nodePort: '30080' });
    expect(readPort('53/UDP')).toEqual({ port: '53', nodePort: '' });
  });
});

describe('rules', () => {
  it('are found in the text whatever their indentation', () => {
    const shown = '*nat\n  -A POSTROUTING  -j X\n-A OTHER\n';
    expect(markLines(shown, ['-A POSTROUTING -j X', ''])).toEqual([
      { text: '*nat', met: false },
      { text: '  -A POSTROUTING  -j X', met: true },
      { text: '-A OTHER', met: false },
    ]);
  });
});
