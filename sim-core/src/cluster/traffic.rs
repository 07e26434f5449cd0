//! Simulated clients of the cluster: when they begin and stop.

use super::Cluster;
use crate::kernel::time::SimTime;
use crate::net::traffic::Traffic;
use crate::net::traffic::client::Change;

impl Cluster {
    /// A client begins to send requests, or stops.
    ///
    /// # Errors
    /// There is one of this name already, or none.
    pub fn change_traffic(&mut self, change: &Change) -> Result<(), String> {
        match change {
            Change::Start(client) => self.traffic.start((**client).clone(), self.now)?,
            Change::Stop(name) => self.traffic.stop(name, self.now)?,
        }
        let event = self.begin_input(change.to_string());
        self.end_input(event);
        Ok(())
    }

    /// Plays what clients do before `until`. Nothing that they meet changes in between, but for what kernels go by.
    pub(super) fn play_traffic(&mut self, until: SimTime) {
        if !self.traffic.is_empty() {
            let mut traffic = std::mem::take(&mut self.traffic);
            traffic.advance(until, &self.truth());
            self.traffic = traffic;
        }
    }

    /// All simulated clients.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }
}
