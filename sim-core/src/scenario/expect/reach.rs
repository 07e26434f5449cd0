//! What can be said of the network: `pod/client reaches svc/web:80`, `pod/client sees "connection refused" from svc/web:80`.

use super::Answer;
use crate::cluster::Cluster;

/// Whether something that is sent is answered, or what its sender sees instead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Reaches {
    from: String,
    to: String,
    /// Words of the failure that is wanted; `None`: an answer.
    sees: Option<String>,
}

impl Reaches {
    /// Reads a claim of this form; `None`: it has another.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn parse(text: &str) -> Option<Result<Reaches, String>> {
        if let Some((from, to)) = text.split_once(" reaches ") {
            return Some(ends(from, to, None));
        }
        let (from, rest) = text.split_once(" sees ")?;
        let Some((words, to)) = rest.rsplit_once(" from ") else {
            return Some(Err(format!("expected `sees \"connection refused\" from svc/web:80` instead of `sees {rest}`")));
        };
        Some(ends(from, to, Some(words.trim().trim_matches(['"', '\'']).to_owned())))
    }

    pub(super) fn holds(&self, cluster: &Cluster, namespace: &str) -> Answer {
        let trace = match cluster.trace_packet(namespace, &self.from, &self.to) {
            Ok(trace) => trace,
            Err(why) => return Answer { holds: false, found: why },
        };
        let failure = trace.failure();
        let found = match (&failure, trace.reached()) {
            (Some(failure), _) => failure.clone(),
            (None, Some(who)) => format!("{who} answers"),
            (None, None) => "there is an answer".to_owned(),
        };
        let holds = match &self.sees {
            None => trace.arrives(),
            Some(words) => failure.is_some_and(|failure| failure.to_lowercase().contains(&words.to_lowercase())),
        };
        Answer { holds, found }
    }
}

fn ends(from: &str, to: &str, sees: Option<String>) -> Result<Reaches, String> {
    let (from, to) = (from.trim(), to.trim());
    if [from, to].iter().any(|end| end.is_empty() || end.contains(char::is_whitespace)) {
        return Err("expected two ends such as in `pod/client reaches svc/web:80`".to_owned());
    }
    Ok(Reaches { from: from.to_owned(), to: to.to_owned(), sees })
}
