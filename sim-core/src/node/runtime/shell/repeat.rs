//! `while` and `until`, and how rounds that go like the one before are skipped.

use crate::kernel::time::SimDuration;
use crate::node::runtime::shell::machine::{Done, Machine, Stop};
use crate::node::runtime::shell::syntax::Node;

/// So many rounds before the moment that is asked for are played at most, once rounds repeat.
const ROUNDS_MAX: u64 = 20_000;

/// How things stood at the beginning of a round.
struct Mark {
    clock: SimDuration,
    shell: u64,
    disk: u64,
    input: usize,
    jobs: usize,
}

impl Machine<'_> {
    fn mark(&mut self) -> Mark {
        self.clock_decides = false;
        self.asked_network = false;
        self.disk.grown.clear();
        Mark {
            clock: self.clock,
            shell: self.shell.version,
            disk: self.disk.version,
            input: self.input.as_ref().map_or(0, |(_, at)| *at),
            jobs: self.jobs.len(),
        }
    }

    /// Runs a body as long as the condition holds, or until it does.
    pub(super) fn repeat(&mut self, until: bool, condition: &Node, body: &Node) -> Done {
        // Whether it can be left at all can be seen without running it: most containers' loops can't.
        let shell = &self.shell;
        let bound = shell.errexit || !shell.functions.is_empty() || (self.setting.term.is_some() && !shell.traps.is_empty());
        let quiet = !self.is_heard() || !condition.asks() && !body.asks();
        if self.limit == SimDuration::MAX && quiet && !bound && !until && condition.is_true() && !body.may_leave() {
            return Err(Stop::Limit);
        }
        let mut code = 0;
        loop {
            let mark = self.mark();
            if self.holds(condition)? == until {
                return Ok(code);
            }
            match self.round(body)? {
                Some(last) => code = last,
                None => return Ok(0),
            }
            let same = mark.shell == self.shell.version
                && mark.disk == self.disk.version
                && mark.input == self.input.as_ref().map_or(0, |(_, at)| *at)
                && mark.jobs == self.jobs.len()
                && !self.clock_decides;
            if same && self.clock > mark.clock {
                self.skip(self.clock.saturating_sub(mark.clock))?;
            }
        }
    }

    /// A round took `period` and left everything as it was: those up to the next moment at which something else may happen go like it.
    fn skip(&mut self, period: SimDuration) -> Result<(), Stop> {
        let mut target = self.limit;
        if let Some(coming) = self.next_coming() {
            target = target.min(coming);
        }
        if self.asked_network {
            target = target.min(self.network_steady_until());
        }
        if target == SimDuration::MAX {
            return Err(Stop::Limit);
        }
        let rounds = target.saturating_sub(self.clock).as_nanos() / period.as_nanos();
        // Lines that are wanted, and what files get, must be played; the rest of the rounds leaves nothing behind.
        let grows = !self.disk.grown.is_empty();
        let wanted_from = if grows { self.clock } else { self.from.max(self.clock) };
        let wanted = target.saturating_sub(wanted_from).as_nanos() / period.as_nanos() + 1;
        let skipped = rounds.saturating_sub(wanted.min(ROUNDS_MAX));
        if skipped > 0 {
            self.disk.grow_again(skipped);
            self.pass(self.clock + period * skipped);
        }
        Ok(())
    }
}
