//! What is known of images by their names: size, entry point, files, the programs in them and what those say when they start.
//!
//! The facts stand in `images.yaml`, which says at its head how they are written. They are plausible rather than exact: sizes and times
//! stand for what a learner would see. An image that isn't listed is some server about which nothing is known.

use crate::api::quantity::Quantity;
use crate::api::yaml::typed;
use crate::kernel::time::SimDuration;
use crate::node::runtime::disk::{File, Files};
use crate::node::runtime::program::{self, Program};
use crate::node::runtime::shell::{End, NoNetwork, Script, Setting, Stream};
use crate::node::runtime::usage::Usage;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// Which tools an image has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kit {
    /// Nothing but its own program: `FROM scratch`, distroless.
    None,
    /// busybox.
    Busybox,
    /// busybox, from Alpine.
    Alpine,
    /// coreutils, dash and bash.
    Debian,
    /// Whatever is asked for: nothing is known about the image.
    #[default]
    Everything,
}

/// A line of a program's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// How long after the program's start, or after TERM.
    pub after: SimDuration,
    /// Where it is written to.
    pub stream: Stream,
    /// What, with the moment and variables in braces.
    pub text: String,
}

/// What a program does about TERM.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stops {
    /// How long it takes.
    pub after: SimDuration,
    /// The code that it ends with.
    pub code: i32,
    /// What it says meanwhile.
    pub log: Vec<Said>,
}

/// A variable without which a program doesn't start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Needs {
    /// One of these must be set.
    pub any_env: Vec<String>,
    /// What it says if not.
    pub says: String,
    /// The code that it ends with then.
    pub code: i32,
    /// How long that takes.
    pub after: SimDuration,
}

/// A port on which a program answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Serves {
    /// The port.
    pub port: u16,
    /// How long an answer takes.
    pub latency: SimDuration,
    /// How much CPU time an answer takes.
    pub cpu: SimDuration,
    /// What it answers: a path of a file, or a text with braces as in logs.
    pub answer: String,
    /// What it answers at certain paths instead.
    pub paths: BTreeMap<String, String>,
}

/// A program that serves until it is told to stop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// Its name.
    pub name: String,
    /// What it says at its start.
    pub log: Vec<Said>,
    /// From its start until it answers.
    pub ready_after: SimDuration,
    /// What it does about TERM; `None`: nothing.
    pub stops: Option<Stops>,
    /// When it ends by itself.
    pub ends: Option<(SimDuration, i32)>,
    /// What it needs to start.
    pub needs: Option<Needs>,
    /// Bytes of memory that it uses.
    pub memory: u64,
    /// Thousandths of a CPU that it uses while nobody asks.
    pub milli_cpu: u64,
    /// Bytes of memory that one request takes while it is answered.
    pub memory_per_request: u64,
    /// The ports on which it answers.
    pub serves: Vec<Serves>,
}

/// What is known of an image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImageFacts {
    /// Its name without registry and tag.
    pub name: String,
    /// Its size in bytes, as it lies on the node's disk.
    pub size: u64,
    /// Its tools.
    pub kit: Kit,
    /// More of them.
    pub has: Vec<String>,
    /// `ENTRYPOINT`
    pub entrypoint: Vec<String>,
    /// `CMD`
    pub cmd: Vec<String>,
    /// `ENV`
    pub env: Vec<(String, String)>,
    /// The variable of `env` that carries the version, which a tag may say otherwise.
    pub version_env: String,
    /// `USER`
    pub user: u32,
    /// `WORKDIR`
    pub workdir: String,
    /// Its files.
    pub files: Arc<Files>,
    /// The names of its own programs, as they are called, with what they do.
    pub programs: BTreeMap<String, Arc<Server>>,
    /// What any other name stands for, if nothing is known about the image.
    anything: Option<Arc<Server>>,
    /// The same image made from Alpine.
    alpine: Option<Box<ImageFacts>>,
    /// How a container behaves that runs what the image says. Worked out when somebody asks first.
    behaviour: OnceLock<Program>,
    /// Whether what it runs by itself is a server that needs nothing and ends only when it is told to.
    plain: OnceLock<bool>,
}

impl ImageFacts {
    /// The program of this name or path.
    pub fn program(&self, name: &str) -> Option<&Server> {
        let short = name.rsplit('/').next().unwrap_or(name);
        self.programs.get(name).or_else(|| self.programs.get(short)).map(|server| &**server)
    }

    /// What runs under a name that is no tool's.
    pub fn unknown_program(&self) -> Option<&Server> {
        self.anything.as_deref()
    }

    /// Whether the image has this shell.
    pub fn has_shell(&self, name: &str) -> bool {
        match self.kit {
            Kit::None => false,
            Kit::Busybox | Kit::Alpine => matches!(name, "sh" | "ash") || self.has.iter().any(|other| other == name),
            Kit::Debian => name != "ash",
            Kit::Everything => true,
        }
    }

    /// Whether anything is known about it.
    pub fn is_known(&self) -> bool {
        self.anything.is_none()
    }

    /// What a container runs: `command` takes the place of the entry point, and of the image's arguments too; `args` that of the arguments.
    pub fn argv(&self, command: &[String], args: &[String]) -> Vec<String> {
        let (head, tail): (&[String], &[String]) = match (command.is_empty(), args.is_empty()) {
            (true, true) => (&self.entrypoint, &self.cmd),
            (true, false) => (&self.entrypoint, args),
            (false, _) => (command, args),
        };
        head.iter().chain(tail).cloned().collect()
    }

    /// Its environment, with the version that a tag says.
    pub fn env_of(&self, image: &str) -> Vec<(String, String)> {
        let tag = image.rsplit('/').next().and_then(|last| last.split_once(':')).map_or("", |(_, tag)| tag);
        let version: String = tag.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        let mut env = self.env.clone();
        if let Some((_, value)) = env.iter_mut().find(|(name, _)| *name == self.version_env && !version.is_empty()) {
            *value = version;
        }
        env
    }
}

/// The program about which nothing is known: it listens wherever it is asked.
const UNKNOWN: &str = "app";
/// What in a command says that it serves something, on whichever port.
const SERVES: [&str; 6] = ["httpd", "http.server", "nc -l", "nc -lk", "socat", "netcat"];
/// Programs that never listen, whatever the image.
const NEVER_SERVES: [&str; 8] = ["sleep", "tail", "cat", "echo", "true", "false", "date", "env"];

/// How fast a node fetches images: 100 MB each second.
const BANDWIDTH: u64 = 100_000_000;
/// Before the first byte of an image comes: the registry is asked for the manifest and for leave.
const MANIFEST: SimDuration = SimDuration::from_millis(200);

impl ImageFacts {
    /// How a container behaves that runs what the image says: how long it is fetched, where it listens, what it uses, how it stops. None if
    /// nothing is known about the image.
    pub fn behaviour(&self) -> Option<&Program> {
        self.is_known().then(|| self.behaviour.get_or_init(|| self.work_out()))
    }

    fn work_out(&self) -> Program {
        let usual = Program::default();
        let pull = MANIFEST + SimDuration::from_millis(self.size / (BANDWIDTH / 1000));
        let program = Program { pull, size: self.size, ..usual };
        let Some(server) = self.entrypoint.iter().chain(&self.cmd).find_map(|word| self.program(word)) else {
            return Program { serves: Some(Vec::new()), memory: Usage::Constant(1 << 20), cpu: Usage::Constant(0), ..program };
        };
        let serves = |port: &Serves| program::Serves { port: i32::from(port.port), latency: port.latency, capacity: 0 };
        Program {
            serves_after: Some(server.ready_after),
            serves: (server.name != UNKNOWN).then(|| server.serves.iter().map(serves).collect()),
            stop: server.stops.as_ref().map_or(SimDuration::MAX, |stops| stops.after),
            stop_code: server.stops.as_ref().map_or(0, |stops| stops.code),
            memory: Usage::Constant(server.memory),
            cpu: Usage::PerRequest { base: server.milli_cpu, each: server.serves.first().map_or(0, |port| port.cpu.as_millis().max(1)) },
            ..program
        }
    }

    /// Whether a container that runs this command listens on a port.
    pub fn command_listens_on(&self, argv: &[&str], port: i32) -> bool {
        let Some(program) = argv.first() else { return false };
        if let Some(server) = self.program(program) {
            return server.name == UNKNOWN || server.serves.iter().any(|serves| i32::from(serves.port) == port);
        }
        let short = program.rsplit('/').next().unwrap_or(program);
        let said = SERVES.iter().any(|word| argv.iter().any(|argument| argument.contains(word)));
        said || !self.is_known() && !NEVER_SERVES.contains(&short)
    }

    /// Whether a container that runs what the image says is a server that needs nothing and ends only when it is told to: then nobody has to
    /// look inside.
    pub fn is_plain_server(&'static self) -> bool {
        *self.plain.get_or_init(|| {
            let argv = self.argv(&[], &[]);
            let needy = argv.iter().filter_map(|word| self.program(word)).any(|server| server.needs.is_some());
            !self.is_known() || !needy && Script::new(argv).end(&Setting::new(self), &NoNetwork) == End::Running
        })
    }
}

/// The facts about an image: by its name, whatever its registry and tag; a tag with `alpine` in it is another make.
pub fn lookup(image: &str) -> &'static ImageFacts {
    let catalog = catalog();
    let (name, tag) = name_and_tag(image);
    let last = name.rsplit('/').next().unwrap_or(name);
    let facts = catalog.images.get(name).or_else(|| catalog.images.get(last)).unwrap_or(&catalog.unknown);
    match &facts.alpine {
        Some(alpine) if tag.contains("alpine") => alpine,
        _ => facts,
    }
}

/// `docker.io/library/nginx:1.27@sha256:…` as `nginx` and `1.27`.
fn name_and_tag(image: &str) -> (&str, &str) {
    let image = image.split('@').next().unwrap_or(image);
    let (name, tag) = match image.rfind(':') {
        Some(colon) if !image[colon..].contains('/') => (&image[..colon], &image[colon + 1..]),
        _ => (image, ""),
    };
    let name = name.strip_prefix("docker.io/").or_else(|| name.strip_prefix("index.docker.io/")).unwrap_or(name);
    (name.strip_prefix("library/").unwrap_or(name), tag)
}

struct Catalog {
    images: BTreeMap<String, ImageFacts>,
    unknown: ImageFacts,
}

fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| {
        let written: Written = typed::from_str(include_str!("images.yaml")).expect("images.yaml is written as its head says");
        Catalog::from_written(written)
    })
}

/// `images.yaml` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    programs: BTreeMap<String, WrittenProgram>,
    files: BTreeMap<String, BTreeMap<String, String>>,
    images: Vec<WrittenImage>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct WrittenProgram {
    log: Vec<String>,
    ready_after: String,
    stops: Option<WrittenStops>,
    ends: Option<(String, i32)>,
    needs: Option<WrittenNeeds>,
    memory: String,
    milli_cpu: u64,
    memory_per_request: String,
    serves: Vec<WrittenServes>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenStops {
    after: String,
    #[serde(default)]
    code: i32,
    #[serde(default)]
    log: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WrittenNeeds {
    any_env: Vec<String>,
    says: String,
    code: i32,
    after: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenServes {
    port: u16,
    latency: String,
    cpu: String,
    answer: String,
    #[serde(default)]
    paths: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WrittenImage {
    names: Vec<String>,
    size: String,
    kit: Kit,
    has: Vec<String>,
    entrypoint: Vec<String>,
    cmd: Vec<String>,
    env: Vec<String>,
    version: String,
    user: u32,
    workdir: String,
    programs: Vec<String>,
    files: Vec<String>,
    alpine: bool,
}

fn duration(text: &str) -> SimDuration {
    if text.is_empty() { SimDuration::ZERO } else { SimDuration::parse(text).expect("images.yaml has spans as in Go") }
}

fn quantity(text: &str) -> u64 {
    let parsed = Quantity::parse(if text.is_empty() { "0" } else { text });
    parsed.ok().and_then(|quantity| u64::try_from(quantity.value()).ok()).expect("images.yaml has quantities as in Kubernetes")
}

/// `12ms err text`; without `err` it goes to standard output.
fn said(line: &str) -> Said {
    let (after, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (stream, text) = match rest.strip_prefix("err ") {
        Some(text) => (Stream::Err, text),
        None => (Stream::Out, rest),
    };
    Said { after: duration(after), stream, text: text.to_owned() }
}

impl Server {
    fn from_written(name: &str, written: &WrittenProgram) -> Server {
        Server {
            name: name.to_owned(),
            log: written.log.iter().map(|line| said(line)).collect(),
            ready_after: duration(&written.ready_after),
            stops: written.stops.as_ref().map(|stops| Stops {
                after: duration(&stops.after),
                code: stops.code,
                log: stops.log.iter().map(|line| said(line)).collect(),
            }),
            ends: written.ends.as_ref().map(|(after, code)| (duration(after), *code)),
            needs: written.needs.as_ref().map(|needs| Needs {
                any_env: needs.any_env.clone(),
                says: needs.says.trim_end().to_owned(),
                code: needs.code,
                after: duration(&needs.after),
            }),
            memory: quantity(&written.memory),
            milli_cpu: written.milli_cpu,
            memory_per_request: quantity(&written.memory_per_request),
            serves: written
                .serves
                .iter()
                .map(|serves| Serves {
                    port: serves.port,
                    latency: duration(&serves.latency),
                    cpu: duration(&serves.cpu),
                    answer: serves.answer.clone(),
                    paths: serves.paths.clone(),
                })
                .collect(),
        }
    }
}

impl Catalog {
    fn from_written(written: Written) -> Catalog {
        let programs: BTreeMap<&str, Arc<Server>> =
            written.programs.iter().map(|(name, program)| (name.as_str(), Arc::new(Server::from_written(name, program)))).collect();
        let mut images = BTreeMap::new();
        for image in &written.images {
            let mut facts = facts(image, image.kit, &programs, &written.files);
            if image.alpine {
                facts.alpine = Some(Box::new(self::facts(image, Kit::Alpine, &programs, &written.files)));
            }
            for name in &image.names {
                images.insert(name.clone(), ImageFacts { name: name.clone(), ..facts.clone() });
            }
        }
        let unknown = images.remove("unknown").expect("images.yaml says what an unknown image is");
        let server = programs.get("app").expect("images.yaml says what an unknown program does").clone();
        Catalog { images, unknown: ImageFacts { anything: Some(server), ..unknown } }
    }
}

fn facts(
    image: &WrittenImage,
    kit: Kit,
    programs: &BTreeMap<&str, Arc<Server>>,
    sets: &BTreeMap<String, BTreeMap<String, String>>,
) -> ImageFacts {
    let named = |name: &String| {
        // `as/called=program`
        let (called, program) = name.split_once('=').unwrap_or((name, name));
        (called.to_owned(), programs.get(program).expect("images.yaml names programs that it has").clone())
    };
    let base = match kit {
        Kit::None => None,
        Kit::Busybox => Some("busybox"),
        Kit::Alpine => Some("alpine"),
        Kit::Debian | Kit::Everything => Some("debian"),
    };
    let mut files = Files::new();
    for set in base.into_iter().chain(image.files.iter().map(String::as_str)) {
        for (path, text) in sets.get(set).expect("images.yaml names sets of files that it has") {
            let mode = if path.ends_with(".sh") { 0o755 } else { 0o644 };
            files.insert(path.clone().into(), File::new(text.clone(), mode));
        }
    }
    let alpine = kit == Kit::Alpine && image.kit != Kit::Alpine;
    let mut env = vec![("PATH".to_owned(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned())];
    env.extend(image.env.iter().filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())));
    ImageFacts {
        name: String::new(),
        size: if alpine { quantity(&image.size) / 4 } else { quantity(&image.size) },
        kit,
        has: image.has.clone(),
        entrypoint: image.entrypoint.clone(),
        cmd: image.cmd.clone(),
        env,
        version_env: image.version.clone(),
        user: image.user,
        workdir: if image.workdir.is_empty() { "/".to_owned() } else { image.workdir.clone() },
        files: Arc::new(files),
        programs: image.programs.iter().map(named).collect(),
        anything: None,
        alpine: None,
        behaviour: OnceLock::new(),
        plain: OnceLock::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(image: &str, name: &str, kit: Kit) {
        let facts = lookup(image);
        assert_eq!((facts.name.as_str(), facts.kit), (name, kit), "{image}");
    }

    #[test]
    fn images_are_found_by_name() {
        check("nginx", "nginx", Kit::Debian);
        check("docker.io/library/nginx:1.27@sha256:00", "nginx", Kit::Debian);
        check("nginx:1.27-alpine", "", Kit::Alpine);
        check("localhost:5000/mirror/redis", "redis", Kit::Debian);
        check("registry.k8s.io/e2e-test-images/agnhost:2.39", "registry.k8s.io/e2e-test-images/agnhost", Kit::Alpine);
        check("example.com/my-app:v1", "unknown", Kit::Everything);
    }

    #[test]
    fn the_entry_point_is_replaced_as_in_kubernetes() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let nginx = lookup("nginx");
        assert_eq!(nginx.argv(&[], &[]), words(&["/docker-entrypoint.sh", "nginx", "-g", "daemon off;"]));
        assert_eq!(nginx.argv(&[], &words(&["a"])), words(&["/docker-entrypoint.sh", "a"]));
        assert_eq!(nginx.argv(&words(&["sh"]), &words(&["-c", "x"])), words(&["sh", "-c", "x"]));
        assert_eq!(nginx.argv(&words(&["sh"]), &[]), words(&["sh"]));
        let version = nginx.env_of("nginx:1.14.2").into_iter().find(|(name, _)| name == "NGINX_VERSION");
        assert_eq!(version.map(|(_, value)| value), Some("1.14.2".to_owned()));
    }
}
