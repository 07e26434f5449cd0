//! Clients against a network of a few lines, whose changes are scripted.

use super::client::{Client, KeepAlive, Load, Rate, Retries, RetryOn, Source, Target};
use super::outcome::Cause;
use super::reach::{Backend, Choices, Door, Pace, Path, Reach, Scheduler, Seat, Spread, Verdict, Way};
use super::{Report, Traffic};
use crate::api::meta::Str;
use crate::kernel::chance::{Stream, draw};
use crate::kernel::time::{SimDuration, SimTime};
use crate::net::packet::Protocol;
use crate::net::world::Listener;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Three pods on three nodes, 2 ms for an answer.
#[derive(Clone)]
struct Fake {
    epoch: u64,
    present: bool,
    /// What the rules say, since when.
    rules: Vec<(SimTime, Arc<Choices>)>,
    ways: BTreeMap<u32, Way>,
    doors: BTreeMap<u32, Door>,
    spread: Spread,
    round_trip: SimDuration,
}

const LATENCY: SimDuration = SimDuration::from_millis(2);

fn ms(millis: u64) -> SimTime {
    SimTime::from_nanos(millis * 1_000_000)
}

fn backend(pod: u32, protocol: Protocol) -> Backend {
    Backend {
        pod: Some(pod),
        name: Str::from(format!("web-{pod}")),
        node: Some(pod),
        node_name: Str::from(format!("node-{pod}")),
        address: Ipv4Addr::new(10, 244, pod as u8, 5),
        port: 80,
        protocol,
        weight: 1,
    }
}

fn listener() -> Listener {
    Listener {
        container: 0,
        attempt: 0,
        latency: LATENCY,
        capacity: 0,
        accepts_from: SimTime::ZERO,
        accepts_until: SimTime::MAX,
        ends: SimTime::MAX,
        is_killed: false,
    }
}

fn among(pods: &[u32]) -> Choices {
    let backends = pods.iter().map(|pod| backend(*pod, Protocol::Tcp)).collect();
    Choices { backends, rules_of: Str::from("node-1"), ..Choices::default() }
}

impl Fake {
    fn new(pods: &[u32]) -> Fake {
        Fake {
            epoch: 1,
            present: true,
            rules: vec![(SimTime::ZERO, Arc::new(among(pods)))],
            ways: BTreeMap::new(),
            doors: (1..=9).map(|pod| (pod, Door::Open(listener()))).collect(),
            spread: Spread::Constant,
            round_trip: Path::ACROSS,
        }
    }

    fn set(&mut self, choices: Choices) {
        self.rules = vec![(SimTime::ZERO, Arc::new(choices))];
    }

    /// From a moment on the rules are others, although nothing happens then.
    fn later(&mut self, at: SimTime, choices: Choices) {
        let (_, last) = self.rules.last_mut().expect("there are rules");
        Arc::make_mut(last).valid_until = at;
        self.rules.push((at, Arc::new(Choices { since: at, ..choices })));
    }

    fn listens(&mut self, pod: u32, change: impl FnOnce(&mut Listener)) {
        let mut new = listener();
        change(&mut new);
        self.opens(pod, new);
    }

    fn opens(&mut self, pod: u32, listener: Listener) {
        self.doors.insert(pod, Door::Open(listener));
    }

    fn goes(&mut self, pod: u32, way: Way) {
        self.ways.insert(pod, way);
    }

    fn closes(&mut self, pod: u32, since: SimTime, is_killed: bool) {
        self.doors.insert(pod, Door::Closed { since: Some(since), is_killed });
    }
}

impl Reach for Fake {
    fn epoch(&self) -> u64 {
        self.epoch
    }
    fn seat(&self, _: &Source) -> Option<Seat> {
        self.present.then(|| Seat { node: Some(1), place: Str::from("node-1"), pod: None, address: Ipv4Addr::new(192, 168, 0, 1) })
    }
    fn choices(&self, _: &Seat, _: &Target, now: SimTime) -> Arc<Choices> {
        self.rules.iter().rev().find(|(since, _)| *since <= now).expect("the first is from the start").1.clone()
    }
    fn path(&self, _: &Seat, _: &Target, backend: &Backend, _: SimTime) -> Path {
        let way = backend.pod.and_then(|pod| self.ways.get(&pod)).copied().unwrap_or(Way::Open);
        Path { by: Str::from("default/deny"), round_trip: self.round_trip, ..Path::closed(way) }
    }
    fn path_behind(&self, _: &Backend, backend: &Backend, now: SimTime) -> Path {
        self.path(&self.seat(&Source::Outside).expect("it is present"), &Target::Node { name: None, port: 1 }, backend, now)
    }
    fn door(&self, backend: &Backend) -> Door {
        backend.pod.and_then(|pod| self.doors.get(&pod)).copied().unwrap_or(Door::Closed { since: None, is_killed: false })
    }
    fn pace(&self, _: &Backend, _: u8) -> Pace {
        Pace { spread: self.spread, slowdown: 1_000 }
    }
}

/// What is changed, and when.
type Script<'a> = &'a [(u64, &'a dyn Fn(&mut Fake))];

fn client(change: impl FnOnce(&mut Client)) -> Client {
    let to = Target::parse("svc/web:80", "default").expect("a target");
    let mut client = Client::new("shop", Source::Node(Str::from("node-1")), to);
    client.lasts = Some(SimDuration::from_secs(2));
    change(&mut client);
    client
}

/// Ten seconds, in steps of `step` milliseconds besides the changes.
fn played(seed: u64, client: Client, mut fake: Fake, script: Script<'_>, step: u64) -> (Traffic, Report) {
    let mut traffic = Traffic::new(seed);
    traffic.start(client, SimTime::ZERO).expect("it is the first");
    let mut at = 0;
    let mut script = script.iter().peekable();
    while at < 10_000 {
        let next = script.peek().map_or(10_000, |(when, _)| *when).min(at + step);
        traffic.advance(ms(next), &fake);
        while let Some((_, change)) = script.next_if(|(when, _)| *when == next) {
            change(&mut fake);
            fake.epoch += 1;
        }
        at = next;
    }
    traffic.advance(ms(20_000), &fake);
    let report = traffic.report("shop").expect("it was started");
    (traffic, report)
}

fn play(client: Client, fake: Fake, script: Script<'_>) -> Report {
    let (_, report) = played(7, client.clone(), fake.clone(), script, 10_000);
    for step in [1, 13, 500] {
        let (_, other) = played(7, client.clone(), fake.clone(), script, step);
        assert_eq!(report, other, "steps of {step} ms");
    }
    assert_eq!(report.sent, report.ok + report.lost + report.pending, "{}", report.table());
    report
}

#[track_caller]
fn fails(report: &Report, cause: Cause, count: u64) {
    assert_eq!((report.lost_by(cause), report.lost), (count, count), "{}", report.table());
}

/// The first example of a cause.
fn example(report: &Report, cause: Cause) -> String {
    let failure = report.failures.iter().find(|failure| failure.cause == cause);
    failure.and_then(|failure| failure.examples.first()).cloned().unwrap_or_default()
}

#[test]
fn all_goes_well() {
    let report = play(client(|_| {}), Fake::new(&[1, 2, 3]), &[]);
    assert_eq!((report.sent, report.ok, report.connections, report.success.as_str()), (200, 200, 200, "100%"));
    assert_eq!(report.backends.iter().map(|row| row.ok).sum::<u64>(), 200);
    assert!(report.backends.len() == 3 && report.backends.iter().all(|row| row.ok > 40), "{}", report.table());
    // Twice there and back, for the handshake and for the request, and the server's time.
    assert!(report.latency.min >= LATENCY + Path::ACROSS * 2, "{:?}", report.latency);
    assert!(report.latency.max <= LATENCY + Path::ACROSS * 2 + SimDuration::from_micros(60), "{:?}", report.latency);
    assert_eq!(report.series.points.iter().map(|point| point.ok).collect::<Vec<_>>(), [100, 100]);
}

#[test]
fn the_race_between_term_and_rules() {
    // TERM comes at 1 s; the node's rules name the pod for 400 ms more.
    let changes = |fake: &mut Fake| {
        fake.listens(1, |new| (new.accepts_until, new.ends) = (ms(1_000), ms(1_300)));
        fake.later(ms(1_400), among(&[2]));
    };
    let gone = |fake: &mut Fake| fake.closes(1, ms(1_300), false);
    let script: Script<'_> = &[(1_000, &changes), (1_300, &gone)];
    let report = play(client(|_| {}), Fake::new(&[1, 2]), script);
    let lost = report.lost_by(Cause::Refused);
    assert!(lost == report.lost && (10..30).contains(&lost), "half of 40: {}", report.table());
    let told = example(&report, Cause::Refused);
    assert!(told.contains("was refused: no process has taken any since 1.000s; node-1's rules still named it until 1.400s"), "{told}");
    assert!(told.contains("10.244.1.5:80 (pod web-1 on node-1)"), "{told}");
    // A preStop hook that sleeps for half a second moves TERM to after the rules' change.
    let slept = |fake: &mut Fake| {
        fake.listens(1, |new| (new.accepts_until, new.ends) = (ms(1_500), ms(1_800)));
        fake.later(ms(1_400), among(&[2]));
    };
    let gone = |fake: &mut Fake| fake.closes(1, ms(1_800), false);
    fails(&play(client(|_| {}), Fake::new(&[1, 2]), &[(1_000, &slept), (1_800, &gone)]), Cause::Refused, 0);
}

#[test]
fn rules_and_ways_that_fail() {
    for (verdict, cause) in [
        (Verdict::Reject, Cause::Rejected),
        (Verdict::Drop, Cause::Dropped),
        (Verdict::Unreachable, Cause::NoRoute),
        (Verdict::UnknownName, Cause::UnknownName),
        (Verdict::SilentNames, Cause::SilentNames),
        (Verdict::Unavailable, Cause::Unavailable),
        (Verdict::NotFound, Cause::NotFound),
        (Verdict::ServerError, Cause::ServerError),
        (Verdict::Redirected, Cause::Redirected),
    ] {
        let change = |fake: &mut Fake| fake.set(Choices { verdict, rules_of: Str::from("node-1"), ..Choices::default() });
        let report = play(client(|_| {}), Fake::new(&[1]), &[(1_000, &change)]);
        fails(&report, cause, 100);
        assert!(example(&report, cause).contains("at 1.000s"), "{}", report.table());
    }
    for (way, cause, known) in [
        (Way::BlackHole, Cause::BlackHole, 2_000),
        (Way::NoRoute, Cause::NoRoute, 1_000),
        (Way::AddressGone, Cause::AddressGone, 2_000),
        (Way::Denied, Cause::Policy, 2_000),
        (Way::Refused, Cause::Policy, 1_000),
    ] {
        let change = |fake: &mut Fake| fake.goes(1, way);
        let report = play(client(|_| {}), Fake::new(&[1]), &[(1_000, &change)]);
        fails(&report, cause, 100);
        assert_eq!(report.failures[0].first.as_nanos() / 1_000_000, known, "{}", report.table());
    }
    let report = play(client(|_| {}), Fake::new(&[]), &[]);
    fails(&report, Cause::AddressGone, 200);
}

#[test]
fn what_becomes_of_requests_that_are_worked_on() {
    // An answer takes 300 ms: at 1 s thirty are on their way, and one begins at that moment.
    let slow = |change: &dyn Fn(&mut Listener)| {
        let mut new = Listener { latency: SimDuration::from_millis(300), ..listener() };
        change(&mut new);
        new
    };
    let start = |fake: &mut Fake| fake.opens(1, slow(&|_| {}));
    let count = |script: Script<'_>, cause: Cause| {
        let report = play(client(|client| client.lasts = Some(SimDuration::from_millis(995))), Fake::new(&[1]), script);
        assert_eq!(report.lost_by(cause), report.lost, "{}", report.table());
        report.lost
    };
    // TERM, and 100 ms until the end: those answered by then are not lost.
    let term = |fake: &mut Fake| {
        fake.opens(1, slow(&|new| (new.accepts_until, new.ends) = (ms(1_000), ms(1_100))));
    };
    let gone = |fake: &mut Fake| fake.closes(1, ms(1_100), false);
    assert_eq!(count(&[(0, &start), (1_000, &term), (1_100, &gone)], Cause::Terminated), 20);
    // A grace period that is too short: the same with KILL.
    let kill = |fake: &mut Fake| {
        let set = |new: &mut Listener| (new.accepts_until, new.ends, new.is_killed) = (ms(1_000), ms(1_100), true);
        fake.opens(1, slow(&set));
    };
    assert_eq!(count(&[(0, &start), (1_000, &kill), (1_100, &gone)], Cause::Killed), 20);
    // All at once.
    let killed = |fake: &mut Fake| fake.closes(1, ms(1_000), true);
    assert_eq!(count(&[(0, &start), (1_000, &killed)], Cause::Killed), 30);
    let crashed = |fake: &mut Fake| fake.opens(1, slow(&|new| new.attempt = 1));
    assert_eq!(count(&[(0, &start), (1_000, &crashed)], Cause::Crashed), 30);
    // With the node: nobody is left to say so.
    let off = |fake: &mut Fake| {
        fake.closes(1, ms(1_000), true);
        fake.goes(1, Way::BlackHole);
    };
    assert_eq!(count(&[(0, &start), (1_000, &off)], Cause::BlackHole), 30);
    // The process lives, but its answers go nowhere.
    let cut = |fake: &mut Fake| fake.goes(1, Way::BlackHole);
    assert_eq!(count(&[(0, &start), (1_000, &cut)], Cause::BlackHole), 30);
}

#[test]
fn what_was_answered_before_the_end_arrives() {
    // It takes 10 ms each way. Who began at 770 ms is answered at 1.10 s, has the answer at 1.11 s, and the process ends between.
    let mut fake = Fake::new(&[1]);
    fake.round_trip = SimDuration::from_millis(20);
    fake.listens(1, |new| new.latency = SimDuration::from_millis(300));
    let term = |fake: &mut Fake| {
        fake.listens(1, |new| {
            new.latency = SimDuration::from_millis(300);
            (new.accepts_until, new.ends) = (ms(1_000), ms(1_105));
        });
    };
    let gone = |fake: &mut Fake| fake.closes(1, ms(1_105), false);
    let until = |client: &mut Client| client.lasts = Some(SimDuration::from_millis(985));
    fails(&play(client(until), fake, &[(1_000, &term), (1_105, &gone)]), Cause::Terminated, 21);
}

#[test]
fn a_process_that_does_not_listen_yet() {
    let mut fake = Fake::new(&[1]);
    fake.doors.insert(1, Door::Closed { since: None, is_killed: false });
    let listens = |fake: &mut Fake| fake.listens(1, |_| {});
    let report = play(client(|_| {}), fake, &[(1_000, &listens)]);
    fails(&report, Cause::Refused, 100);
    let told = example(&report, Cause::Refused);
    assert!(told.ends_with("was refused: no process has listened there yet; node-1's rules named it"), "{told}");
}

#[test]
fn too_many_requests() {
    // One worker of 20 ms has room for 50 a second; 100 come.
    let mut fake = Fake::new(&[1]);
    fake.listens(1, |new| (new.latency, new.capacity) = (SimDuration::from_millis(20), 1));
    let report = play(client(|client| client.timeout = SimDuration::from_millis(500)), fake.clone(), &[]);
    assert!(report.lost_by(Cause::TimedOut) == report.lost && report.lost > 100, "{}", report.table());
    assert_eq!(report.latency.max.as_millis() / 10, 49, "{}", report.table());
    // Two workers have room enough.
    fake.listens(1, |new| (new.latency, new.capacity) = (SimDuration::from_millis(20), 2));
    fails(&play(client(|_| {}), fake, &[]), Cause::TimedOut, 0);
}

#[test]
fn kept_connections() {
    let keep = |client: &mut Client| client.keep_alive = Some(KeepAlive::default());
    let report = play(client(keep), Fake::new(&[1, 2, 3]), &[]);
    assert_eq!((report.ok, report.connections), (200, 1), "one is enough, and conntrack keeps its backend");
    let worn = |client: &mut Client| client.keep_alive = Some(KeepAlive { requests: 10, ..KeepAlive::default() });
    assert_eq!(play(client(worn), Fake::new(&[1]), &[]).connections, 20);
    // The rules don't name it any more: the connection goes on, and TERM closes it cleanly.
    let unnamed = |fake: &mut Fake| fake.set(among(&[2]));
    let term = |fake: &mut Fake| fake.listens(1, |new| (new.accepts_until, new.ends) = (ms(1_200), ms(1_500)));
    let gone = |fake: &mut Fake| fake.closes(1, ms(1_500), false);
    let report = play(client(keep), Fake::new(&[1]), &[(1_000, &unnamed), (1_200, &term), (1_500, &gone)]);
    fails(&report, Cause::Refused, 0);
    assert_eq!(report.backends.iter().map(|row| (row.connections, row.ok)).collect::<Vec<_>>(), [(1, 120), (1, 80)]);
    // A node that is off says nothing: the kept connection is a black hole for as long as the client waits, and new ones go elsewhere.
    let off = |fake: &mut Fake| {
        fake.set(among(&[2]));
        fake.closes(1, ms(1_000), true);
        fake.goes(1, Way::BlackHole);
    };
    fails(&play(client(keep), Fake::new(&[1]), &[(1_000, &off)]), Cause::BlackHole, 1);
}

#[test]
fn repeated_requests() {
    let closed = |fake: &mut Fake| fake.closes(1, ms(1_000), false);
    let with = |times: u8, on: RetryOn| client(move |client| client.retries = Retries { times, on, backoff: SimDuration::from_millis(10) });
    let plain = play(client(|_| {}), Fake::new(&[1, 2]), &[(1_000, &closed)]);
    let once = play(with(1, RetryOn::Connect), Fake::new(&[1, 2]), &[(1_000, &closed)]);
    let often = play(with(9, RetryOn::Connect), Fake::new(&[1, 2]), &[(1_000, &closed)]);
    assert!(plain.lost > 30 && once.lost < plain.lost && often.lost == 0, "{} {} {}", plain.lost, once.lost, often.lost);
    assert!(often.retried > once.retried && often.latency.max > SimDuration::from_millis(12));
    // What a process may have done is repeated only by those who say that it does no harm.
    let killed = |fake: &mut Fake| fake.closes(1, ms(1_001), true);
    let lost = |on: RetryOn| play(with(9, on), Fake::new(&[1, 2]), &[(1_001, &killed)]).lost_by(Cause::Killed);
    assert!(lost(RetryOn::Any) == 0 && lost(RetryOn::Connect) <= 1);
}

#[test]
fn users_think() {
    let users = |client: &mut Client| {
        client.load = Load::Closed { users: 10, think: SimDuration::from_millis(98), varies: false };
    };
    let report = play(client(users), Fake::new(&[1, 2]), &[]);
    assert!((190..=200).contains(&report.ok), "ten of 100 ms each: {}", report.table());
    let slow = |fake: &mut Fake| fake.listens(1, |new| new.latency = SimDuration::from_millis(900));
    let report = play(client(users), Fake::new(&[1]), &[(0, &slow)]);
    assert!((20..=30).contains(&report.sent), "who waits doesn't ask: {}", report.table());
}

#[test]
fn a_stale_flow_of_udp() {
    let udp = |pods: &[u32]| Choices {
        backends: pods.iter().map(|pod| backend(*pod, Protocol::Udp)).collect(),
        rules_of: Str::from("node-1"),
        ..Choices::default()
    };
    let keeps = |client: &mut Client| (client.protocol, client.keep_alive) = (Protocol::Udp, Some(KeepAlive::default()));
    let mut fake = Fake::new(&[]);
    fake.set(udp(&[1]));
    // A second backend comes: the flow stays with its first, which dies; until the proxy deletes the entry, datagrams vanish.
    let more = |fake: &mut Fake| fake.set(udp(&[2, 1]));
    let dies = |fake: &mut Fake| {
        fake.closes(1, ms(1_000), true);
        fake.goes(1, Way::AddressGone);
        fake.later(ms(1_300), udp(&[2]));
    };
    let report = play(client(keeps), fake.clone(), &[(500, &more), (1_000, &dies)]);
    fails(&report, Cause::AddressGone, 30);
    assert_eq!(report.backends.iter().map(|row| row.ok).collect::<Vec<_>>(), [100, 70]);
    // With a port for each datagram half of them find the other one.
    let report = play(client(|client| client.protocol = Protocol::Udp), fake, &[(500, &more), (1_000, &dies)]);
    assert!((8..22).contains(&report.lost), "{}", report.table());
}

#[test]
fn affinity_and_turns() {
    let mut fake = Fake::new(&[]);
    fake.set(Choices { affinity: Some(SimDuration::from_secs(10_800)), ..among(&[1, 2, 3]) });
    assert_eq!(play(client(|_| {}), fake.clone(), &[]).backends.len(), 1);
    fake.set(Choices { scheduler: Scheduler::RoundRobin, ..among(&[1, 2, 3, 4]) });
    assert!(play(client(|_| {}), fake.clone(), &[]).backends.iter().all(|row| row.ok == 50));
    fake.set(Choices { scheduler: Scheduler::LeastConnection, ..among(&[1, 2]) });
    fake.listens(1, |new| new.latency = SimDuration::from_millis(100));
    let report = play(client(|_| {}), fake, &[]);
    assert!(report.backends[1].ok > 150, "the quick one has fewer open: {}", report.table());
}

#[test]
fn through_an_ingress() {
    let behind = |pods: &[u32]| Some(Arc::new(Choices { rules_of: Str::from("ingress"), ..among(pods) }));
    let mut fake = Fake::new(&[]);
    fake.set(Choices { behind: behind(&[2, 3]), ..among(&[1]) });
    let one = |fake: &mut Fake| fake.closes(2, ms(1_000), false);
    let both = |fake: &mut Fake| fake.closes(3, ms(1_500), false);
    let report = play(client(|_| {}), fake.clone(), &[(1_000, &one), (1_500, &both)]);
    fails(&report, Cause::BadGateway, 50);
    let none = |fake: &mut Fake| fake.set(Choices { behind: behind(&[]), ..among(&[1]) });
    fails(&play(client(|_| {}), fake.clone(), &[(1_000, &none)]), Cause::Unavailable, 100);
    // A Service without pods keeps its share, and loses it.
    let mut shares = among(&[2]);
    shares.backends.push(Backend { weight: 3, ..Backend::nobody(503) });
    fake.set(Choices { behind: Some(Arc::new(shares)), ..among(&[1]) });
    let report = play(client(|_| {}), fake.clone(), &[]);
    assert!((130..170).contains(&report.lost_by(Cause::Unavailable)) && report.lost_by(Cause::Unavailable) == report.lost);
    fake.set(Choices { behind: behind(&[2, 3]), ..among(&[1]) });
    let silent = |fake: &mut Fake| [2, 3].into_iter().for_each(|pod| fake.goes(pod, Way::BlackHole));
    let patient = |client: &mut Client| client.timeout = SimDuration::from_secs(30);
    let (_, report) = played(7, client(patient), fake, &[(1_000, &silent)], 10_000);
    assert_eq!(report.lost_by(Cause::GatewayTimeout), report.lost, "{}", report.table());
}

#[test]
fn a_client_that_is_not_there() {
    let gone = |fake: &mut Fake| fake.present = false;
    let report = play(client(|_| {}), Fake::new(&[1]), &[(1_000, &gone)]);
    assert_eq!((report.ok, report.lost, report.unsent), (100, 0, 100));
    let full = |client: &mut Client| {
        client.load = Load::Open { rate: Rate::Constant(30_000_000), poisson: false };
        client.connect_timeout = SimDuration::from_secs(2);
    };
    let hole = |fake: &mut Fake| fake.goes(1, Way::BlackHole);
    let (_, report) = played(7, client(full), Fake::new(&[1]), &[(0, &hole)], 10_000);
    assert_eq!((report.lost_by(Cause::BlackHole), report.lost_by(Cause::NoPorts)), (28_232, 60_000 - 28_232), "{}", report.table());
}

#[test]
fn a_copy_goes_the_same_way() {
    let poisson = client(|client| {
        client.load = Load::Open { rate: Rate::Constant(300_000), poisson: true };
        client.keep_alive = Some(KeepAlive { requests: 7, ..KeepAlive::default() });
    });
    let mut fake = Fake::new(&[1, 2, 3]);
    fake.spread = Spread::Exponential;
    let mut traffic = Traffic::new(3);
    traffic.start(poisson, SimTime::ZERO).expect("it is the first");
    traffic.advance(ms(700), &fake);
    let mut copy = traffic.clone();
    let half = copy.report("shop");
    traffic.advance(ms(9_000), &fake);
    assert_eq!(copy.report("shop"), half, "a checkpoint doesn't change");
    copy.advance(ms(1_234), &fake);
    copy.advance(ms(9_000), &fake);
    assert_eq!(copy.report("shop"), traffic.report("shop"));
    assert_ne!(copy.report("shop"), half);
}

/// Twenty changes at random moments: of rules, now or a little later; of processes, with and without a warning; of ways.
/// Something that happens at a moment.
type Mishap = (u64, Box<dyn Fn(&mut Fake)>);

fn mishaps(seed: u64) -> Vec<Mishap> {
    let mut draw = draw(seed, Stream::Jitter, 0);
    let mut times: Vec<u64> = (0..20).map(|_| draw.below(2_500)).collect();
    times.sort_unstable();
    times.dedup();
    let change = |at: u64| -> Mishap {
        let (pod, other, delay) = (1 + draw.below(4) as u32, 1 + draw.below(4) as u32, draw.below(300));
        let attempt = at as u32;
        let start =
            move |new: &mut Listener| (new.attempt, new.latency, new.capacity) = (attempt, SimDuration::from_millis(30), u64::from(pod));
        let change: Box<dyn Fn(&mut Fake)> = match draw.below(9) {
            0 => Box::new(move |fake| fake.set(among(&[pod, other]))),
            1 => Box::new(move |fake| fake.later(ms(at + delay), among(&[pod]))),
            2 => Box::new(move |fake| fake.listens(pod, start)),
            3 => Box::new(move |fake| fake.closes(pod, ms(at), delay > 150)),
            4 | 5 => Box::new(move |fake| {
                if let Some(Door::Open(listener)) = fake.doors.get_mut(&pod) {
                    (listener.accepts_until, listener.ends, listener.is_killed) = (ms(at), ms(at + delay), delay > 200);
                }
            }),
            6 => Box::new(move |fake| fake.goes(pod, Way::BlackHole)),
            7 => Box::new(move |fake| fake.ways.clear()),
            _ => Box::new(move |fake| fake.set(Choices { verdict: Verdict::Reject, ..Choices::default() })),
        };
        (at, change)
    };
    times.into_iter().map(change).collect()
}

#[test]
fn whatever_happens_every_request_ends_once() {
    for seed in 0..40 {
        let mishaps = mishaps(seed);
        let script: Vec<_> = mishaps.iter().map(|(at, change)| (*at, &**change)).collect();
        let client = client(|client| {
            client.load = Load::Open { rate: Rate::Constant(300_000), poisson: true };
            client.keep_alive = seed.is_multiple_of(2).then(KeepAlive::default);
            client.retries = Retries { times: (seed % 3) as u8, on: RetryOn::Any, backoff: SimDuration::from_millis(20) };
        });
        let mut fake = Fake::new(&[1, 2, 3, 4]);
        fake.spread = Spread::Exponential;
        let (traffic, report) = played(seed, client.clone(), fake.clone(), &script, 10_000);
        assert_eq!(report, played(seed, client, fake, &script, 7).1, "seed {seed}");
        assert_eq!((report.sent, report.pending), (report.ok + report.lost, 0), "{}", report.table());
        assert_eq!(report.backends.iter().map(|row| row.ok).sum::<u64>(), report.ok);
        assert_eq!(report.failures.iter().map(|failure| failure.count).sum::<u64>(), report.lost);
        assert_eq!(report.series.points.iter().map(|point| point.ok + point.failed).sum::<u64>(), report.sent);
        let open: u32 = traffic.places.all.iter().map(|place| place.open).sum();
        assert_eq!(open as usize, traffic.clients[0].idle.len(), "only idle connections are left");
        assert!(traffic.places.all.iter().all(|place| place.in_flight == 0) && traffic.next_due().is_none());
    }
}

#[test]
fn load_spreads_evenly() {
    // Chi-square with 9 degrees of freedom: 27.9 is exceeded once in a thousand times, 9 is the mean.
    let pods: Vec<u32> = (1..=10).collect();
    let mut fake = Fake::new(&pods);
    fake.listens(10, |_| {});
    let (mut sum, mut high) = (0.0, 0);
    for seed in 0..100 {
        let (_, report) = played(seed, client(|_| {}), fake.clone(), &[], 10_000);
        let squares: f64 = report.backends.iter().map(|row| (row.ok as f64 - 20.0).powi(2) / 20.0).sum();
        assert_eq!(report.ok, 200);
        // A backend that got nothing has no row.
        let squares = squares + 20.0 * (10 - report.backends.len()) as f64;
        sum += squares;
        high += u32::from(squares > 27.9);
    }
    assert!((8.0..10.0).contains(&(sum / 100.0)) && high <= 2, "{sum} {high}");
}

#[test]
fn how_a_pod_is_kept_busy() {
    let mut traffic = Traffic::new(1);
    traffic.start(client(|_| {}), SimTime::ZERO).expect("it is the first");
    let fake = Fake::new(&[1]);
    traffic.advance(ms(1_500), &fake);
    assert_eq!((traffic.rate(1, 0), traffic.rate(1, 1), traffic.rate(2, 0)), (100, 0, 0));
    traffic.advance(ms(9_500), &fake);
    assert_eq!(traffic.rate(1, 0), 0);
}

#[test]
fn names_are_unique() {
    let mut traffic = Traffic::new(1);
    assert!(traffic.start(client(|_| {}), SimTime::ZERO).is_ok());
    assert!(traffic.start(client(|_| {}), SimTime::ZERO).is_err());
    assert!(traffic.stop("shop", SimTime::ZERO).is_ok());
    assert!(traffic.stop("bank", SimTime::ZERO).is_err());
    traffic.advance(ms(5_000), &Fake::new(&[1]));
    assert_eq!(traffic.report("shop").map(|report| report.sent), Some(0));
}
