//! Rule by rule: `nft monitor trace`, for rules of nftables and those of iptables that are translated for it.
//!
//! Packets are told apart by their IP ids: the kernel's own number of a trace changes when a packet gets another destination.

use crate::Outcome;
use crate::place::Place;
use std::collections::BTreeMap;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The table that marks packets to be traced. Its own rules aren't told of.
const OURS: &str = "podarium-trace";

/// Each packet that begins a connection, before anybody else sees it.
const MARKING: &str = "table ip podarium-trace {
  chain before { type filter hook prerouting priority -350; policy accept; tcp flags & (syn | ack) == syn meta nftrace set 1; }
  chain own { type filter hook output priority -350; policy accept; tcp flags & (syn | ack) == syn meta nftrace set 1; }
}
";

/// How long `nft monitor` takes until it hears, which it doesn't say, and until it has told of the last packet.
const SETTLE: Duration = Duration::from_millis(500);

/// A rule that a packet matched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Matched {
    /// The table: `nat`.
    pub table: String,
    /// The chain: `KUBE-SERVICES`.
    pub chain: String,
    /// What the rule decided: `jump KUBE-SVC-…`, `return`, `accept`, `continue`.
    pub verdict: String,
}

/// A trace that runs.
pub struct Trace {
    child: Child,
    text: Option<JoinHandle<String>>,
}

impl Trace {
    /// Begins to trace what begins a connection in a namespace.
    ///
    /// # Errors
    /// `nft` can't be run.
    pub fn start(place: &Place) -> Outcome<Trace> {
        place.run("nft", &["-f", "-"], MARKING)?;
        let mut command = Command::new("nft");
        command.args(["monitor", "trace"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = place.inside(|| Ok(command.spawn()?))?;
        let mut stdout = child.stdout.take().ok_or("nft has no stdout")?;
        let text = thread::spawn(move || {
            let mut text = Vec::new();
            stdout.read_to_end(&mut text).ok();
            String::from_utf8_lossy(&text).into_owned()
        });
        thread::sleep(SETTLE);
        Ok(Trace { child, text: Some(text) })
    }

    /// Ends it: the rules that each packet matched, in order, by the packet's IP id.
    ///
    /// # Errors
    /// `nft` ended before.
    pub fn stop(mut self) -> Outcome<BTreeMap<u16, Vec<Matched>>> {
        thread::sleep(SETTLE);
        self.child.kill()?;
        let text = self.text.take().and_then(|reader| reader.join().ok()).ok_or("the trace was not read")?;
        Ok(parse(&text))
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn parse(text: &str) -> BTreeMap<u16, Vec<Matched>> {
    let mut packets: BTreeMap<&str, u16> = BTreeMap::new();
    let mut matched: BTreeMap<u16, Vec<Matched>> = BTreeMap::new();
    for line in text.lines() {
        // trace id 684755ce ip nat KUBE-SERVICES rule … (verdict jump KUBE-SVC-…)
        let Some((trace, rest)) = line.strip_prefix("trace id ").and_then(|rest| rest.split_once(" ip ")) else { continue };
        let mut words = rest.splitn(4, ' ');
        let (Some(table), Some(chain), Some(kind), told) = (words.next(), words.next(), words.next(), words.next().unwrap_or_default())
        else {
            continue;
        };
        match kind {
            "packet:" => {
                let id = told.split_once(" ip id ").and_then(|(_, after)| after.split(' ').next()?.parse().ok());
                packets.extend(id.map(|id| (trace, id)));
            }
            "rule" if table != OURS => {
                let verdict = told.rsplit_once("(verdict ").map_or("", |(_, verdict)| verdict.trim_end().trim_end_matches(')'));
                if let Some(id) = packets.get(trace) {
                    let rule = Matched { table: table.to_owned(), chain: chain.to_owned(), verdict: verdict.to_owned() };
                    matched.entry(*id).or_default().push(rule);
                }
            }
            _ => {}
        }
    }
    matched
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_are_read() {
        let text = "trace id 31c293b2 ip podarium-trace pre packet: iif \"cni0\" ip saddr 10.244.1.2 ip ttl 64 ip id 25042 ip length 60 tcp sport 44006 \n\
                    trace id 31c293b2 ip podarium-trace pre rule tcp flags syn / syn,ack meta nftrace set 1 (verdict continue)\n\
                    trace id 31c293b2 ip nat PREROUTING rule  counter packets 0 bytes 0 jump KUBE-SERVICES (verdict jump KUBE-SERVICES)\n\
                    trace id d5e2aa23 ip filter FORWARD packet: iif \"cni0\" oif \"flannel.1\" ip ttl 63 ip id 25042 ip length 60 tcp sport 44006 \n\
                    trace id d5e2aa23 ip filter KUBE-FORWARD rule meta mark & 0x00004000 == 0x00004000 counter packets 0 bytes 0 accept (verdict accept)\n\
                    trace id d5e2aa23 ip filter FORWARD policy accept \n";
        let rule = |table: &str, chain: &str, verdict: &str| Matched { table: table.into(), chain: chain.into(), verdict: verdict.into() };
        let expected = [rule("nat", "PREROUTING", "jump KUBE-SERVICES"), rule("filter", "KUBE-FORWARD", "accept")];
        assert_eq!(parse(text), BTreeMap::from([(25042, expected.to_vec())]));
    }
}
