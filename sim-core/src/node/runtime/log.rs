//! A container's log: what one run of it printed, with the moments at which the runtime took the lines in. Mirrors what
//! `pkg/kubelet/kuberuntime/logs/logs.go`, v1.36, reads from the files that containerd writes.
//!
//! Nothing is written anywhere: the lines are derived when somebody asks. Left out: rotation (of very long logs the newest lines are
//! kept, as rotation would), lines that answers to requests leave.

use crate::kernel::time::{Epoch, SimDuration, SimTime};
use crate::node::runtime::shell::{Network, Script, Setting, Stream, Window, trace};

/// A line of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogLine {
    /// When the runtime took it in.
    pub at: SimTime,
    /// Where it was written to.
    pub stream: Stream,
    /// Its text, without the line's end.
    pub text: String,
    /// Whether a line's end follows.
    pub whole: bool,
}

/// What of a log is asked for: `PodLogOptions`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Choice {
    /// Only lines from this moment on.
    pub since: Option<SimTime>,
    /// Only so many lines at the end.
    pub tail: Option<u64>,
    /// Each line after its moment.
    pub timestamps: bool,
    /// No more bytes than this.
    pub limit_bytes: Option<u64>,
}

/// The lines of a run up to a moment, or to its end if that was before: a process that was stopped from outside prints no more.
pub fn lines(
    script: &Script,
    setting: &Setting,
    network: &dyn Network,
    ended: Option<SimTime>,
    window: (SimTime, SimTime),
) -> Vec<LogLine> {
    let until = ended.map_or(window.1, |ended| ended.min(window.1));
    let window = Window { from: window.0.since(setting.started), until: until.since(setting.started) };
    if setting.started > until {
        return Vec::new();
    }
    let lines = trace(script, setting, network, window).lines.into_iter();
    lines
        .map(|line| LogLine {
            at: setting.started + line.at + accepted_after(&line.text),
            stream: line.stream,
            text: line.text,
            whole: line.whole,
        })
        .collect()
}

/// From a line's writing until the runtime has stamped it: some microseconds, so that moments don't look round.
fn accepted_after(text: &str) -> SimDuration {
    let sum = text.bytes().fold(7u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    SimDuration::from_nanos(20_000 + sum % 90_000)
}

/// A log as the kubelet sends it.
pub fn rendered(lines: &[LogLine], epoch: Epoch, choice: &Choice) -> String {
    let chosen: Vec<&LogLine> = lines.iter().filter(|line| choice.since.is_none_or(|since| line.at >= since)).collect();
    let begin = choice.tail.map_or(0, |tail| chosen.len().saturating_sub(usize::try_from(tail).unwrap_or(usize::MAX)));
    let mut text = String::new();
    for line in &chosen[begin..] {
        if choice.timestamps {
            text.push_str(&stamp(epoch, line.at));
            text.push(' ');
        }
        text.push_str(&line.text);
        if line.whole {
            text.push('\n');
        }
    }
    if let Some(limit) = choice.limit_bytes.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit < text.len()) {
        let end = (0..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

/// `2026-01-01T00:00:05.123456789Z`: RFC 3339 with nanoseconds, as Go prints it, without zeros at the end.
pub fn stamp(epoch: Epoch, at: SimTime) -> String {
    let seconds = epoch.rfc3339(at);
    let nanos = format!("{:09}", at.as_nanos() % 1_000_000_000);
    let fraction = nanos.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{point}{fraction}Z", seconds.trim_end_matches('Z'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::runtime::images::lookup;
    use crate::node::runtime::shell::NoNetwork;

    #[test]
    fn what_is_asked_for_is_shown() {
        let setting = Setting { started: SimTime::from_secs(10), ..Setting::new(lookup("busybox")) };
        let script = Script::new(["sh", "-c", "while true; do echo tick; sleep 5; done"].map(str::to_owned).to_vec());
        let all = lines(&script, &setting, &NoNetwork, None, (SimTime::ZERO, SimTime::from_secs(20)));
        assert_eq!(all.len(), 3);
        let show = |choice: Choice| rendered(&all, Epoch::default(), &choice);
        assert_eq!(show(Choice::default()), "tick\ntick\ntick\n");
        assert_eq!(show(Choice { tail: Some(1), ..Choice::default() }), "tick\n");
        assert_eq!(show(Choice { since: Some(SimTime::from_secs(15)), limit_bytes: Some(7), ..Choice::default() }), "tick\nti");
        let stamped = show(Choice { timestamps: true, tail: Some(1), ..Choice::default() });
        assert!(stamped.starts_with("2026-01-01T00:00:20.0000") && stamped.ends_with("Z tick\n"), "{stamped}");
        let ended = lines(&script, &setting, &NoNetwork, Some(SimTime::from_secs(12)), (SimTime::ZERO, SimTime::from_secs(20)));
        assert_eq!(ended.len(), 1);
    }
}
