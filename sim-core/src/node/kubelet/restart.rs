//! When a container that ended is started again, and how long a failed start waits. Mirrors `pkg/kubelet/container/helpers.go`
//! (ShouldContainerBeRestarted), `kuberuntime_manager.go` (doBackOff) and `client-go/util/flowcontrol/backoff.go`, v1.36.
//!
//! The first restart comes at once; the next ones wait 10 s, 20 s, … up to 5 min after the crash. Ten quiet minutes after the last
//! restart all is forgotten. Left out: the reduced maximum of KEP-4603, and rules that restart all containers.

use crate::api::pod::{Container, RestartPolicy};
use crate::kernel::time::{SimDuration, SimTime};

/// The first wait: `containerBackOffPeriod`, `imageBackOffPeriod`.
const FIRST: SimDuration = SimDuration::from_secs(10);
/// The longest wait: `MaxCrashLoopBackOff`, `MaxImageBackOff`.
const LONGEST: SimDuration = SimDuration::from_secs(300);
/// After this long without a new failure, the next one counts as the first: twice the longest wait.
const FORGOTTEN: SimDuration = SimDuration::from_secs(600);

/// The waits of one container between failures of one sort.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BackOff {
    period: SimDuration,
    updated: SimTime,
}

impl BackOff {
    /// How long to wait after a failure at `failed`; `None`: not at all.
    pub fn wait(&self, failed: SimTime) -> Option<SimDuration> {
        (!self.period.is_zero() && failed.since(self.updated) <= FORGOTTEN).then_some(self.period)
    }

    /// Another try was made, or another failure seen: the next wait is twice as long.
    ///
    /// `failed`: when the failure was that led here. What lasted for long until then is forgiven, not what waited for long.
    pub fn next(&mut self, failed: SimTime, now: SimTime) -> SimDuration {
        let known = !self.period.is_zero() && failed.since(self.updated) <= FORGOTTEN;
        self.period = if known { (self.period * 2).min(LONGEST) } else { FIRST };
        self.updated = now;
        self.period
    }
}

/// Whether a container that ended with `code` is started again, by its own rules and policy or else the pod's.
pub fn is_restarted(container: &Container, pod: RestartPolicy, code: i32) -> bool {
    if container.restart_rules.iter().any(|rule| rule.matches(code)) {
        return true;
    }
    match container.restart_policy.unwrap_or(pod) {
        RestartPolicy::Always => true,
        RestartPolicy::OnFailure => code != 0,
        RestartPolicy::Never => false,
    }
}

/// Whether an init container that ended with `code` is started again: never after a success.
pub fn is_init_restarted(container: &Container, pod: RestartPolicy, code: i32) -> bool {
    let ruled = container.restart_rules.iter().any(|rule| rule.matches(code));
    code != 0 && (ruled || container.restart_policy.unwrap_or(pod) != RestartPolicy::Never)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn waits_double_to_five_minutes_and_are_forgotten() {
        let mut back_off = BackOff::default();
        let mut now = SimTime::from_secs(100);
        assert_eq!(back_off.wait(now), None, "the first restart comes at once");
        let mut waits = Vec::new();
        for _ in 0..7 {
            back_off.next(now, now);
            now += SimDuration::from_secs(1);
            let wait = back_off.wait(now).expect("a crash soon after a restart waits");
            waits.push(wait.as_secs());
            now += wait;
        }
        assert_eq!(waits, [10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(back_off.wait(now + SimDuration::from_secs(601)), None);
        let late = now + SimDuration::from_secs(601);
        assert_eq!(back_off.next(now, late), SimDuration::from_secs(300), "the wait itself doesn't count");
        assert_eq!(back_off.next(late + SimDuration::from_secs(601), late + SimDuration::from_secs(601)), FIRST);
    }

    #[test]
    fn policies() {
        let container = |tree| Container::from_tree(&tree);
        let plain = container(json!({"name": "a"}));
        let check = |policy, code, expected| assert_eq!(is_restarted(&plain, policy, code), expected, "{policy:?} {code}");
        check(RestartPolicy::Always, 0, true);
        check(RestartPolicy::OnFailure, 0, false);
        check(RestartPolicy::OnFailure, 1, true);
        check(RestartPolicy::Never, 1, false);
        assert!(!is_init_restarted(&plain, RestartPolicy::Always, 0));
        assert!(is_init_restarted(&plain, RestartPolicy::OnFailure, 2));
        assert!(!is_init_restarted(&plain, RestartPolicy::Never, 2));
        let rule = json!({"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}});
        let ruled = container(json!({"name": "a", "restartPolicy": "Never", "restartPolicyRules": [rule]}));
        assert!(is_restarted(&ruled, RestartPolicy::Always, 42));
        assert!(!is_restarted(&ruled, RestartPolicy::Always, 1));
    }
}
