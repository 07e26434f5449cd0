//! Images: which program each one stands for, and which ones a node has. Mirrors `pkg/kubelet/images/image_manager.go` and
//! `puller.go`, v1.36: pulls on a node are serialized (`serializeImagePulls`, the default), presence is asked before queueing.
//!
//! Left out so far: layers shared between images, pull secrets, registries' rate limits.

use crate::api::meta::Str;
use crate::api::pod::PullPolicy;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::runtime::images::lookup;
use crate::node::runtime::program::Program;

/// How long a pull takes that finds the image there already: the registry is asked for the manifest only.
const MANIFEST: SimDuration = SimDuration::from_millis(400);

/// Images younger than this aren't collected: `imageMinimumGCAge`.
const GC_AGE_MIN: SimDuration = SimDuration::from_secs(120);

/// Which images a rule is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pattern {
    /// This one: `nginx:1.17.1`.
    Exact(Str),
    /// All tags of it: `nginx`.
    Repository(Str),
    /// All whose name contains this; written `*bad*`.
    Contains(Str),
}

impl Pattern {
    /// `*text*` is a part, a name with a tag or digest is exact, a bare name is a repository.
    pub fn parse(text: &str) -> Pattern {
        let shared = |text: &str| Str::from(text.to_owned());
        if text.contains('*') {
            return Pattern::Contains(shared(text.trim_matches('*')));
        }
        if repository(text) == text { Pattern::Repository(shared(text)) } else { Pattern::Exact(shared(text)) }
    }

    /// Whether the rule is about this image.
    pub fn matches(&self, image: &str) -> bool {
        match self {
            Pattern::Exact(name) => *name == *image,
            Pattern::Repository(name) => *name == *repository(image),
            Pattern::Contains(part) => image.contains(part.as_str()),
        }
    }

    /// The more it says, the earlier it is asked.
    fn rank(&self) -> u8 {
        match self {
            Pattern::Exact(_) => 0,
            Pattern::Repository(_) => 1,
            Pattern::Contains(_) => 2,
        }
    }
}

/// An image's name without tag and digest. A colon before a slash belongs to the registry's port.
fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rfind(':') {
        Some(colon) if !image[colon..].contains('/') => &image[..colon],
        _ => image,
    }
}

/// How images behave: rules, and what holds where no rule does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Images {
    /// Exact names are asked first, then repositories, then parts; among equals in this order.
    pub rules: Vec<(Pattern, Program)>,
    /// For images of which neither a rule nor the catalog ([`lookup`]) says anything.
    pub default: Program,
    /// By how many percent times vary.
    pub jitter_percent: u64,
    /// How the registries do.
    pub registry: Registry,
    /// Whether nodes are stand-ins such as KWOK's: pods run and are ready when their times say so, and nobody asks probes, mounts volumes or looks
    /// at what is inside.
    pub stand_in: bool,
}

/// How all registries do, as seen from the nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Registry {
    /// As they should.
    #[default]
    Up,
    /// Pulls take so many times as long.
    Slow(u64),
    /// Nobody answers.
    Down,
}

impl Default for Images {
    /// No rules, 10% of variation.
    fn default() -> Self {
        Images { rules: Vec::new(), default: Program::default(), jitter_percent: 10, registry: Registry::Up, stand_in: false }
    }
}

impl Images {
    /// The program of an image.
    pub fn program(&self, image: &str) -> &Program {
        let rules = self.rules.iter().filter(|(pattern, _)| pattern.matches(image));
        match rules.min_by_key(|(pattern, _)| pattern.rank()) {
            Some((_, program)) => program,
            None => lookup(image).behaviour().unwrap_or(&self.default),
        }
    }

    /// Whether a scenario says how an image behaves.
    pub fn has_rule(&self, image: &str) -> bool {
        self.rules.iter().any(|(pattern, _)| pattern.matches(image))
    }
}

impl Images {
    /// How long a pull takes that would take `usual`.
    pub fn slowed(&self, usual: SimDuration) -> SimDuration {
        match self.registry {
            Registry::Slow(times) => usual * times,
            Registry::Up | Registry::Down => usual,
        }
    }

    /// What containerd says of an image that it can't get; None: it can.
    pub fn refusal(&self, image: &str) -> Option<Str> {
        if self.registry == Registry::Down {
            let full = full_name(image);
            let (host, path) = full.split_once('/').unwrap_or(("", &full));
            let host = if host == "docker.io" { "registry-1.docker.io" } else { host };
            let (name, tag) = path.rsplit_once(':').unwrap_or((path, "latest"));
            return Some(Str::from(format!(
                "failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": failed to do request: \
                 Head \"https://{host}/v2/{name}/manifests/{tag}\": dial tcp: lookup {host}: i/o timeout"
            )));
        }
        self.program(image).missing.then(|| Str::from(not_found(image)))
    }
}

/// What containerd says of an image that its registry doesn't have.
fn not_found(image: &str) -> String {
    let full = full_name(image);
    format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": {full}: not found"
    )
}

/// Whether an image can have this name: lower-case path, no spaces (`distribution/reference`).
pub fn is_valid_name(image: &str) -> bool {
    let path = image.split_once('/').filter(|(host, _)| host.contains(['.', ':']) || *host == "localhost").map_or(image, |(_, path)| path);
    let (path, tag) = match path.split_once('@') {
        Some((path, _)) => (path, ""),
        None => path.rsplit_once(':').unwrap_or((path, "")),
    };
    let part = |part: &str| {
        let inside = part.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b"._-:".contains(&c));
        let ends = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        inside && ends(part.bytes().next()) && ends(part.bytes().last())
    };
    path.split('/').all(part) && tag.bytes().all(|c| c.is_ascii_alphanumeric() || b"_.-".contains(&c))
}

/// An image's name with registry and tag: `docker.io/library/nginx:latest`.
pub fn full_name(image: &str) -> String {
    let (registry, path) = match image.split_once('/') {
        Some((registry, path)) if registry.contains(['.', ':']) || registry == "localhost" => (registry, path.to_owned()),
        Some(_) => ("docker.io", image.to_owned()),
        None => ("docker.io", format!("library/{image}")),
    };
    let tag = if path.contains([':', '@']) { "" } else { ":latest" };
    format!("{registry}/{path}{tag}")
}

/// A pull on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pull {
    /// When the pulls before it are done.
    pub begins: SimTime,
    /// When it is done.
    pub ends: SimTime,
}

/// What the kubelet does about a container's image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// It is there.
    Present,
    /// It must be fetched.
    Pull,
    /// It isn't there, and may not be fetched.
    Refused,
}

/// The images of one node.
#[derive(Clone, Debug, Default)]
pub struct ImageStore {
    /// Images and since when they are there; a moment to come while they are being pulled.
    images: Vec<(Str, SimTime)>,
    /// When the last queued pull is done.
    busy_until: SimTime,
}

impl ImageStore {
    /// What to do about an image.
    pub fn need(&self, now: SimTime, image: &str, policy: PullPolicy) -> Need {
        match (policy, self.has(now, image)) {
            (PullPolicy::Always, _) | (PullPolicy::IfNotPresent, false) => Need::Pull,
            (_, true) => Need::Present,
            (PullPolicy::Never, false) => Need::Refused,
        }
    }

    fn has(&self, now: SimTime, image: &str) -> bool {
        self.images.iter().any(|(name, since)| *name == *image && *since <= now)
    }

    /// Queues a pull. One that finds the image there when its turn comes is short; one of a missing image leaves nothing behind.
    pub fn pull(&mut self, now: SimTime, image: &Str, takes: SimDuration, missing: bool) -> Pull {
        let begins = self.busy_until.max(now);
        let takes = if missing || self.has(begins, image) { takes.min(MANIFEST) } else { takes };
        let ends = begins + takes;
        self.busy_until = ends;
        if !missing && !self.images.iter().any(|(name, _)| name == image) {
            self.images.push((image.clone(), ends));
        }
        Pull { begins, ends }
    }

    /// How many images there are, those on their way included.
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// How much of the disk the images take that are there at `at`.
    pub fn size(&self, images: &Images, at: SimTime) -> u64 {
        self.images.iter().filter(|(_, since)| *since <= at).map(|(name, _)| images.program(name).size).sum()
    }

    /// Removes images that nobody uses, the oldest first, until so many bytes are free. Answers with how many became so.
    /// `pkg/kubelet/images/image_gc_manager.go`, freeSpace: what has just come isn't touched.
    pub fn collect(&mut self, images: &Images, in_use: &[Str], now: SimTime, wanted: u64) -> u64 {
        let unused = |(name, since): &&(Str, SimTime)| *since + GC_AGE_MIN <= now && !in_use.contains(name);
        let mut old: Vec<(Str, SimTime)> = self.images.iter().filter(unused).cloned().collect();
        old.sort_by_key(|(_, since)| *since);
        let mut freed = 0;
        for (name, _) in old {
            if freed >= wanted {
                break;
            }
            freed += images.program(&name).size;
            self.images.retain(|(known, _)| *known != name);
        }
        freed
    }

    /// The node lost power: pulls that weren't done are lost.
    pub fn power_off(&mut self, now: SimTime) {
        self.images.retain(|(_, since)| *since <= now);
        self.busy_until = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rules: &[(&str, u64)], image: &str, secs: u64) {
        let rule = |(pattern, secs): &(&str, u64)| {
            (Pattern::parse(pattern), Program { pull: SimDuration::from_secs(*secs), ..Program::default() })
        };
        let images = Images { rules: rules.iter().map(rule).collect(), ..Images::default() };
        assert_eq!(images.program(image).pull, SimDuration::from_secs(secs), "{image}");
    }

    #[test]
    fn the_most_exact_rule_holds() {
        let rules = [("*ng*", 9), ("nginx", 5), ("nginx:1.17.2", 7), ("reg:5000/app", 6)];
        check(&rules, "nginx:1.17.2", 7);
        check(&rules, "nginx:1.17.1", 5);
        check(&rules, "nginx@sha256:00", 5);
        check(&rules, "mongo", 9);
        check(&rules, "reg:5000/app:v1", 6);
        check(&rules, "unheard-of", 2);
    }

    #[test]
    fn names_of_images() {
        let check = |image: &str, valid: bool| assert_eq!(is_valid_name(image), valid, "{image}");
        for good in ["nginx", "nginx:1.17.1", "library/nginx", "reg.io:5000/team/app:v1_2", "busybox@sha256:00ff", "localhost/a-b.c"] {
            check(good, true);
        }
        for bad in ["Nginx", "nginx latest", "nginx:", "-nginx", "a//b", "nginx:la test"] {
            check(bad, bad == "nginx:");
        }
        let down = Images { registry: Registry::Down, ..Images::default() };
        let said = down.refusal("nginx:1.17.1").expect("nobody answers");
        assert!(said.ends_with("Head \"https://registry-1.docker.io/v2/library/nginx/manifests/1.17.1\": dial tcp: lookup registry-1.docker.io: i/o timeout"), "{said}");
        assert_eq!(Images::default().refusal("nginx"), None);
    }

    #[test]
    fn pulls_wait_for_one_another() {
        let (mut store, two) = (ImageStore::default(), SimDuration::from_secs(2));
        let (a, b) = (Str::from("a"), Str::from("b"));
        assert_eq!(store.pull(SimTime::ZERO, &a, two, false).ends, SimTime::from_secs(2));
        assert_eq!(store.need(SimTime::from_secs(1), "a", PullPolicy::IfNotPresent), Need::Pull);
        let again = store.pull(SimTime::from_secs(1), &a, two, false);
        assert_eq!((again.begins, again.ends), (SimTime::from_secs(2), SimTime::from_secs(2) + MANIFEST));
        store.pull(SimTime::from_secs(1), &b, two, true);
        let late = SimTime::from_secs(60);
        assert_eq!(store.need(late, "a", PullPolicy::IfNotPresent), Need::Present);
        assert_eq!(store.need(late, "a", PullPolicy::Always), Need::Pull);
        assert_eq!(store.need(late, "b", PullPolicy::Never), Need::Refused);
        store.pull(late, &b, two, false);
        store.power_off(late);
        assert_eq!(store.need(SimTime::from_secs(90), "b", PullPolicy::IfNotPresent), Need::Pull);
    }
}
