//! What a client keeps of names: answers until their time is over, and that there was none. The libraries of C keep nothing; Java, browsers
//! and daemons like nscd or NodeLocal DNSCache do.

use super::resolver::{Answer, Failure};
use crate::kernel::time::{SimDuration, SimTime};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// So many names are kept; then what is over goes, and then the one that is over first.
const NAMES_MAX: usize = 10_000;

/// What came of a name.
pub type Kept = Result<Vec<Ipv4Addr>, Failure>;

/// What a client keeps.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    names: BTreeMap<String, (SimTime, Kept)>,
}

impl Cache {
    /// What is known of a name at this moment, and until when.
    pub fn get(&self, now: SimTime, name: &str) -> Option<(SimTime, &Kept)> {
        self.names.get(name).filter(|(until, _)| now < *until).map(|(until, kept)| (*until, kept))
    }

    /// Keeps an answer that came at this moment. That nobody answered isn't kept.
    pub fn keep(&mut self, now: SimTime, name: &str, answer: &Answer) {
        if answer.failure == Some(Failure::Again) {
            return;
        }
        if self.names.len() >= NAMES_MAX {
            self.names.retain(|_, (until, _)| now < *until);
        }
        if self.names.len() >= NAMES_MAX
            && let Some(first) = self.names.iter().min_by_key(|(_, (until, _))| *until).map(|(name, _)| name.clone())
        {
            self.names.remove(&first);
        }
        let kept = answer.failure.map_or_else(|| Ok(answer.addresses.clone()), Err);
        self.names.insert(name.to_owned(), (now + SimDuration::from_secs(u64::from(answer.ttl)), kept));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_for_their_time() {
        let answer = |failure: Option<Failure>| Answer {
            steps: Vec::new(),
            addresses: if failure.is_none() { vec![Ipv4Addr::new(10, 96, 0, 7)] } else { Vec::new() },
            ttl: 30,
            failure,
            takes: SimDuration::ZERO,
        };
        let at = SimTime::from_secs;
        let mut cache = Cache::default();
        cache.keep(at(10), "web", &answer(None));
        cache.keep(at(10), "wbe", &answer(Some(Failure::NotFound)));
        cache.keep(at(10), "db", &answer(Some(Failure::Again)));
        assert_eq!(cache.get(at(39), "web"), Some((at(40), &Ok(vec![Ipv4Addr::new(10, 96, 0, 7)]))));
        assert_eq!(cache.get(at(39), "wbe").map(|(_, kept)| kept), Some(&Err(Failure::NotFound)), "that there is nothing is kept, too");
        assert_eq!(cache.get(at(40), "web"), None);
        assert_eq!(cache.get(at(11), "db"), None);
    }
}
