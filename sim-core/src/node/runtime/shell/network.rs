//! What scripts ask the network, and what they hear.
//!
//! A run is worked out ahead, but what the network will answer then, nobody can know: so a run is played up to its first question without an
//! answer, and goes on when that moment has come and the answer stands in its [`Journal`]. What is written there is history: however often the
//! run is played again, it hears the same. An answer counts for `GOOD_FOR`: a loop that asks hundreds of times a second costs one event a
//! second. Equal answers one after another are one entry, so that waiting for something costs next to nothing.

use crate::kernel::time::SimDuration;
use std::cell::RefCell;
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// For how long an answer counts when the same is asked again.
const GOOD_FOR: SimDuration = SimDuration::from_secs(1);
/// After so many different answers, a run hears the last one for ever.
const ENTRIES_MAX: usize = 600;

/// A question to the network, with what the asker's library goes by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Query {
    /// What is asked.
    pub what: What,
    /// `/etc/resolv.conf`
    pub resolv_conf: Arc<str>,
    /// The address of the name in question that `/etc/hosts` tells.
    pub in_hosts: Option<Ipv4Addr>,
    /// Whether the asker's library is musl, rather than glibc.
    pub musl: bool,
}

/// A question to the network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// What a program does with a name before anything else.
    Resolve {
        /// The name.
        name: String,
    },
    /// Questions to a name server, as they are.
    Lookup {
        /// Whole names, and the kinds of records that are wanted.
        questions: Vec<(String, &'static str)>,
        /// Whom to ask; none: the first of `/etc/resolv.conf`.
        server: Option<String>,
    },
    /// An HTTP request.
    Fetch {
        /// `GET`, …
        method: String,
        /// The whole address.
        url: String,
        /// Names and values; names in small letters.
        headers: Vec<(String, String)>,
    },
    /// A connection, and nothing else.
    Connect {
        /// A name or an address.
        host: String,
        /// The port.
        port: u16,
        /// By datagrams.
        udp: bool,
    },
    /// `ping`
    Ping {
        /// A name or an address.
        host: String,
    },
}

impl What {
    /// The name or address that it is about, if a library looks it up.
    pub fn host(&self) -> Option<&str> {
        match self {
            What::Resolve { name: host } | What::Connect { host, .. } | What::Ping { host } => Some(host),
            What::Fetch { url, .. } => Some(Target::of(url).host),
            What::Lookup { .. } => None,
        }
    }
}

/// The parts of a URL.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target<'u> {
    /// Whether it is `https`.
    pub tls: bool,
    /// The name or address.
    pub host: &'u str,
    /// The port.
    pub port: u16,
    /// The path with what is asked for behind `?`.
    pub path: &'u str,
}

impl<'u> Target<'u> {
    /// The parts of a URL; without a scheme it is `http`.
    pub fn of(url: &'u str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (place, path) = rest.split_at(end);
        let place = place.rsplit('@').next().unwrap_or(place);
        let tls = scheme == "https";
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().unwrap_or(0)),
            None => (place, if tls { 443 } else { 80 }),
        };
        let path = path.split('#').next().unwrap_or(path);
        Target { tls, host, port, path: if path.is_empty() { "/" } else { path } }
    }
}

/// What the network answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// How long it takes.
    pub takes: SimDuration,
    /// The address that was tried, once the name had one.
    pub address: Option<Ipv4Addr>,
    /// What came back, or why nothing did.
    pub result: Result<Response, Trouble>,
}

/// Something that came back.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Response {
    /// The addresses that a name stands for.
    pub addresses: Vec<Ipv4Addr>,
    /// The name that a name stands for at last.
    pub canonical: String,
    /// The status of an HTTP answer.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
    /// A name server's answers, one for each question.
    pub found: Vec<Found>,
}

impl Response {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// A name server's answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// `NOERROR`, `NXDOMAIN`, …
    pub code: &'static str,
    /// Whether the server is the one who decides about the name.
    pub authoritative: bool,
    /// Records: name, seconds that it may be kept, kind, data.
    pub records: Vec<(String, u32, &'static str, String)>,
}

/// Why nothing came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The name leads nowhere, in the words of the library.
    Name {
        /// `Name or service not known`
        words: &'static str,
        /// `NXDOMAIN`, if a name server said so in the end.
        code: Option<&'static str>,
    },
    /// Nobody listens there, or a rule refuses it.
    Refused,
    /// Nothing ever came back.
    TimedOut,
    /// A router doesn't know the way.
    NoRoute,
    /// The other side was there, and then wasn't.
    Reset,
    /// Nobody simulates it.
    Unknown(String),
}

impl fmt::Display for Trouble {
    /// `strerror` and `gai_strerror`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Trouble::Name { words, .. } => words,
            Trouble::Refused => "Connection refused",
            Trouble::TimedOut => "Connection timed out",
            Trouble::NoRoute => "No route to host",
            Trouble::Reset => "Connection reset by peer",
            Trouble::Unknown(words) => words,
        })
    }
}

/// Who answers what containers ask the network.
pub trait Network {
    /// The answer to a question asked this long after the process's start. `None`: nobody can know yet; ask again when that time has come.
    fn ask(&self, at: SimDuration, query: &Query) -> Option<Reply>;

    /// Until when all answers stay what they are at `at`. A loop that asks is skipped only so far.
    fn steady_until(&self, at: SimDuration) -> SimDuration;

    /// Whether loops that never end by themselves are played, for what they ask.
    fn is_heard(&self) -> bool {
        false
    }
}

/// No network: every question fails at once, and says why.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoNetwork;

impl Network for NoNetwork {
    fn ask(&self, _at: SimDuration, _query: &Query) -> Option<Reply> {
        let why = "the network isn't asked here".to_owned();
        Some(Reply { takes: SimDuration::ZERO, address: None, result: Err(Trouble::Unknown(why)) })
    }

    fn steady_until(&self, _at: SimDuration) -> SimDuration {
        SimDuration::MAX
    }
}

/// An answer, and when it counts.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Entry {
    from: SimDuration,
    to: SimDuration,
    query: Query,
    reply: Reply,
}

/// What a run has heard so far.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Journal(Option<Arc<Vec<Entry>>>);

impl Journal {
    /// Notes an answer to a question that was asked this long after the run's start.
    pub fn note(&mut self, at: SimDuration, query: Query, reply: Reply) {
        let entries = Arc::make_mut(self.0.get_or_insert_default());
        let (full, overfull) = (entries.len() >= ENTRIES_MAX, entries.len() >= 2 * ENTRIES_MAX);
        let to = if full { SimDuration::MAX } else { at + GOOD_FOR };
        match entries.iter_mut().rev().find(|entry| entry.query == query) {
            Some(last) if full || last.reply == reply => last.to = to,
            _ if overfull => {}
            _ => entries.push(Entry { from: at, to, query, reply }),
        }
    }

    fn entries(&self) -> &[Entry] {
        self.0.as_ref().map_or(&[], |entries| entries.as_slice())
    }
}

/// A run's journal as its network: what isn't in it is asked for, once.
#[derive(Debug)]
pub struct Heard<'a> {
    journal: &'a Journal,
    fails_beyond: bool,
    pending: RefCell<Option<(SimDuration, Query)>>,
}

impl<'a> Heard<'a> {
    /// The run stops at its first question that isn't answered yet.
    pub fn so_far(journal: &'a Journal) -> Self {
        Heard { journal, fails_beyond: false, pending: RefCell::new(None) }
    }

    /// Questions that aren't answered yet fail at once: for a process that is told to end, and will hardly go on asking.
    pub fn and_no_more(journal: &'a Journal) -> Self {
        Heard { fails_beyond: true, ..Heard::so_far(journal) }
    }

    /// The first question without an answer.
    pub fn pending(self) -> Option<(SimDuration, Query)> {
        self.pending.into_inner()
    }
}

impl Network for Heard<'_> {
    fn ask(&self, at: SimDuration, query: &Query) -> Option<Reply> {
        let known = self.journal.entries().iter().rev().find(|entry| entry.from <= at && at <= entry.to && entry.query == *query);
        if let Some(entry) = known {
            return Some(entry.reply.clone());
        }
        if self.fails_beyond {
            return Some(Reply { takes: SimDuration::ZERO, address: None, result: Err(Trouble::TimedOut) });
        }
        let mut pending = self.pending.borrow_mut();
        if pending.as_ref().is_none_or(|(first, _)| at < *first) {
            *pending = Some((at, query.clone()));
        }
        None
    }

    fn steady_until(&self, at: SimDuration) -> SimDuration {
        if self.fails_beyond && self.journal.entries().iter().all(|entry| entry.to < at) {
            return SimDuration::MAX;
        }
        let now = self.journal.entries().iter().filter(|entry| entry.from <= at && at <= entry.to);
        now.map(|entry| entry.to).min().unwrap_or(at)
    }

    fn is_heard(&self) -> bool {
        !self.fails_beyond
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str) -> Query {
        Query { what: What::Resolve { name: name.to_owned() }, resolv_conf: "".into(), in_hosts: None, musl: false }
    }

    fn reply(found: bool) -> Reply {
        let trouble = Trouble::Name { words: "Name or service not known", code: Some("NXDOMAIN") };
        let result = if found { Ok(Response::default()) } else { Err(trouble) };
        Reply { takes: SimDuration::from_millis(1), address: None, result }
    }

    #[test]
    fn a_journal_is_what_was_heard() {
        let secs = SimDuration::from_secs;
        let mut journal = Journal::default();
        for at in 0..100 {
            journal.note(secs(at * 2), query("web"), reply(at == 99));
        }
        assert_eq!(journal.entries().len(), 2, "equal answers are one");
        let heard = Heard::so_far(&journal);
        assert_eq!(heard.ask(secs(40), &query("web")), Some(reply(false)));
        assert_eq!(heard.steady_until(secs(40)), secs(197));
        assert_eq!(heard.ask(secs(198), &query("web")), Some(reply(true)));
        assert_eq!(heard.ask(secs(200), &query("web")), None);
        assert_eq!(heard.ask(secs(150), &query("db")), None);
        assert_eq!(heard.pending(), Some((secs(150), query("db"))));
        assert_eq!(Heard::and_no_more(&journal).ask(secs(200), &query("web")).map(|reply| reply.result), Some(Err(Trouble::TimedOut)));
    }

    #[test]
    fn parts_of_addresses() {
        let parts = |url: &'static str| {
            let Target { tls, host, port, path } = Target::of(url);
            (tls, host, port, path)
        };
        assert_eq!(parts("web"), (false, "web", 80, "/"));
        assert_eq!(parts("http://web:8080/a?b#c"), (false, "web", 8080, "/a?b"));
        assert_eq!(parts("https://me:pw@web.example?x=1"), (true, "web.example", 443, "?x=1"));
    }
}
