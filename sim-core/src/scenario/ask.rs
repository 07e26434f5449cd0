//! The step `trace`: a packet's way is told where the story has come to.
//!
//! ```text
//! trace: pod/client -> svc/web:80
//! trace: outside -> node/node-1:30080 in shop
//! ```

use super::words::from_text;
use serde::Deserialize;
use std::fmt;

/// Who sends to whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ask {
    /// Who sends, as [`crate::cluster::Cluster::trace_packet`] takes it.
    pub from: String,
    /// To whom.
    pub to: String,
    /// The namespace of names that give none.
    pub namespace: String,
}

impl Ask {
    /// Reads `FROM -> TO`, perhaps with ` in NAMESPACE` at the end.
    ///
    /// # Errors
    /// Says what was expected.
    pub fn parse(text: &str) -> Result<Ask, String> {
        let bad = || format!("{text:?} is no way from one end to another; expected `FROM -> TO`, such as `pod/client -> svc/web:80`");
        let (from, rest) = text.split_once("->").or_else(|| text.split_once('→')).ok_or_else(bad)?;
        let (to, namespace) = rest.rsplit_once(" in ").unwrap_or((rest, "default"));
        let words = [from, to, namespace].map(str::trim);
        if words.iter().any(|word| word.is_empty() || word.contains(char::is_whitespace)) {
            return Err(bad());
        }
        let [from, to, namespace] = words.map(str::to_owned);
        Ok(Ask { from, to, namespace })
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trace {} -> {}", self.from, self.to)?;
        if self.namespace == "default" { Ok(()) } else { write!(f, " in {}", self.namespace) }
    }
}

from_text!(Ask, Ask::parse);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Scenario, Tone};

    #[test]
    fn ways_are_read() {
        for (text, expected) in [
            ("pod/client -> svc/web:80", "trace pod/client -> svc/web:80"),
            ("outside→node/node-1:30080 in shop", "trace outside -> node/node-1:30080 in shop"),
        ] {
            assert_eq!(Ask::parse(text).map(|ask| ask.to_string()).as_deref(), Ok(expected));
        }
        for text in ["pod/client", "pod/client -> ", "-> svc/web:80", "pod/client -> svc/web 80", "a -> b in "] {
            assert!(Ask::parse(text).expect_err(text).contains("expected `FROM -> TO`"), "{text}");
        }
    }

    #[test]
    fn a_step_tells_the_way() {
        let scenario = |to: &str| Scenario::parse(&format!("steps:\n- wait: 1s\n- trace: node/node-1 -> {to}\n"), "a.yaml").expect("valid");
        let report = scenario("node/node-2").run(1).expect("it runs").report;
        let told = report.story.iter().find(|line| line.text.starts_with("trace node/node-1")).expect("it is told");
        assert_eq!(told.tone, Tone::Command);
        assert!(report.story.iter().any(|line| line.tone == Tone::Output && line.text.contains("answers")), "{:?}", report.story);
        let error = scenario("node/node-7").run(1).expect_err("there is no such node").to_string();
        assert!(error.contains("there is no node \"node-7\"") && error.contains("a.yaml:3:3"), "{error}");
        let slip = Scenario::parse("steps:\n- trace: node/node-1\n", "a.yaml").expect_err("no other end").to_string();
        assert!(slip.contains("expected `FROM -> TO`") && slip.contains("a.yaml:2:"), "{slip}");
    }
}
