//! How far the agents on each node are: kube-proxy, flanneld and the one that enforces policies.
//!
//! An agent that runs is a little behind what the API server has told, by a time of its own. One that was stopped, or cut off from the API
//! server, leaves in the kernel what it had written; after a boot there is nothing until it has started.

use crate::kernel::chance::{Stream, draw};
use crate::kernel::table::Table;
use crate::kernel::time::{SimDuration, SimTime};

/// An agent on every node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Agent {
    /// Services.
    Proxy,
    /// Routes to other nodes.
    Flannel,
    /// NetworkPolicies.
    Policy,
}

impl Agent {
    /// All of them.
    pub const ALL: [Agent; 3] = [Agent::Proxy, Agent::Flannel, Agent::Policy];

    /// Its process's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Agent::Proxy => "kube-proxy",
            Agent::Flannel => "flanneld",
            Agent::Policy => "kube-router",
        }
    }

    /// How long it takes from its start until it has written everything.
    const fn start(self) -> SimDuration {
        match self {
            Agent::Proxy => SimDuration::from_millis(800),
            Agent::Flannel => SimDuration::from_millis(400),
            Agent::Policy => SimDuration::from_millis(1_200),
        }
    }
}

/// The least and the most that an agent takes from hearing of something until the kernel goes by it.
const LAG: (SimDuration, SimDuration) = (SimDuration::from_millis(20), SimDuration::from_millis(250));

/// Where an agent stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    /// It runs, and has written everything since then.
    Follows(SimTime),
    /// It stopped then; what it wrote stays.
    Stopped(SimTime),
    /// It hasn't run since the node's boot.
    Absent,
}

/// What is switched on and off, and where that leaves an agent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct State {
    standing: Standing,
    /// Whether its process runs.
    runs: bool,
}

/// A node's agents.
#[derive(Clone, Debug)]
struct Crew {
    states: [State; Agent::ALL.len()],
    up: bool,
    /// Whether the node is cut off from the API server.
    cut: bool,
    /// How far each agent is behind: drawn once, for it is asked for with every request of a simulated client.
    lags: [SimDuration; Agent::ALL.len()],
}

/// The agents of all nodes.
#[derive(Clone, Debug, Default)]
pub struct Agents {
    seed: u64,
    crews: Table<Crew>,
    /// How many nodes have an agent that stopped or was cut off: what these know has to be kept.
    behind: u32,
}

impl Agents {
    /// No nodes yet.
    pub fn new(seed: u64) -> Self {
        Agents { seed, ..Agents::default() }
    }

    /// A node that is on, with all agents running since `now`.
    pub fn add(&mut self, node: u32, now: SimTime) {
        let state = State { standing: Standing::Follows(now), runs: true };
        self.crews.insert(node, Crew { states: [state; Agent::ALL.len()], up: true, cut: false, lags: self.lags_of(node) });
    }

    /// A node is known under another number now.
    pub fn renumber(&mut self, old: u32, new: u32) {
        if let Some(crew) = self.crews.remove(old) {
            self.crews.insert(new, Crew { lags: self.lags_of(new), ..crew });
        }
    }

    /// Until which moment's news the kernel of a node goes by what the API server told; `None`: it has nothing of this agent's.
    pub fn horizon(&self, node: u32, agent: Agent, now: SimTime) -> Option<SimTime> {
        let crew = self.crews.get(node).filter(|crew| crew.up)?;
        let heard = match crew.states[agent as usize].standing {
            Standing::Follows(since) if now >= since => now,
            Standing::Stopped(at) => at,
            Standing::Follows(_) | Standing::Absent => return None,
        };
        Some(SimTime::ZERO + heard.since(SimTime::ZERO).saturating_sub(self.lag(node, agent)))
    }

    /// Since when an agent has followed what the API server tells, if it does now.
    pub fn follows(&self, node: u32, agent: Agent, now: SimTime) -> Option<SimTime> {
        match self.crews.get(node).filter(|crew| crew.up)?.states[agent as usize].standing {
            Standing::Follows(since) => Some(since).filter(|since| *since <= now),
            Standing::Stopped(_) | Standing::Absent => None,
        }
    }

    /// When an agent that is starting will have written everything.
    pub fn begins(&self, node: u32, agent: Agent, now: SimTime) -> Option<SimTime> {
        match self.crews.get(node).filter(|crew| crew.up)?.states[agent as usize].standing {
            Standing::Follows(since) => Some(since).filter(|since| *since > now),
            Standing::Stopped(_) | Standing::Absent => None,
        }
    }

    /// The most that an agent which runs is behind.
    pub const LAG_MAX: SimDuration = LAG.1;

    /// How long an agent takes from hearing of something until the kernel goes by it. Always the same on the same node.
    pub fn lag(&self, node: u32, agent: Agent) -> SimDuration {
        self.crews.get(node).map_or(LAG.1, |crew| crew.lags[agent as usize])
    }

    fn lags_of(&self, node: u32) -> [SimDuration; Agent::ALL.len()] {
        Agent::ALL.map(|agent| draw(self.seed, Stream::Agent, u128::from(node) << 8 | agent as u128).between(LAG.0, LAG.1))
    }

    /// Whether the agent's process runs.
    pub fn runs(&self, node: u32, agent: Agent) -> bool {
        self.crews.get(node).is_some_and(|crew| crew.up && crew.states[agent as usize].runs)
    }

    /// The oldest moment whose news some node may still go by.
    pub fn oldest(&self, now: SimTime) -> SimTime {
        let running = SimTime::ZERO + now.since(SimTime::ZERO).saturating_sub(LAG.1);
        if self.behind == 0 {
            return running;
        }
        let nodes = self.crews.iter().map(|(node, _)| node);
        nodes.flat_map(|node| Agent::ALL.map(|agent| self.horizon(node, agent, now))).flatten().min().unwrap_or(running).min(running)
    }

    /// The node goes off: its kernel forgets everything.
    pub fn power_off(&mut self, node: u32) {
        self.change(node, |crew| {
            crew.up = false;
            crew.states.iter_mut().for_each(|state| state.standing = Standing::Absent);
        });
    }

    /// The node goes on: agents that aren't switched off start.
    pub fn power_on(&mut self, node: u32, now: SimTime) {
        self.change(node, |crew| {
            crew.up = true;
            for agent in Agent::ALL {
                let state = &mut crew.states[agent as usize];
                state.standing = if crew.cut || !state.runs { Standing::Absent } else { Standing::Follows(now + agent.start()) };
            }
        });
    }

    /// An agent's process ends.
    pub fn stop(&mut self, node: u32, agent: Agent, now: SimTime) {
        self.change(node, |crew| {
            let state = &mut crew.states[agent as usize];
            state.runs = false;
            state.freeze(now);
        });
    }

    /// An agent's process starts.
    pub fn start(&mut self, node: u32, agent: Agent, now: SimTime) {
        self.change(node, |crew| {
            let cut = crew.cut;
            let state = &mut crew.states[agent as usize];
            state.runs = true;
            if !cut {
                state.follow(agent, now);
            }
        });
    }

    /// Nothing goes between the node and the API server any more.
    pub fn cut(&mut self, node: u32, now: SimTime) {
        self.change(node, |crew| {
            crew.cut = true;
            crew.states.iter_mut().for_each(|state| state.freeze(now));
        });
    }

    /// It goes again.
    pub fn mend(&mut self, node: u32, now: SimTime) {
        self.change(node, |crew| {
            crew.cut = false;
            let states = crew.states.iter_mut().zip(Agent::ALL);
            states.filter(|(state, _)| state.runs).for_each(|(state, agent)| state.follow(agent, now));
        });
    }

    fn change(&mut self, node: u32, act: impl FnOnce(&mut Crew)) {
        let Some(crew) = self.crews.get_mut(node) else { return };
        let before = crew.is_behind();
        act(crew);
        let after = crew.is_behind();
        self.behind = self.behind + u32::from(after) - u32::from(before);
    }
}

impl State {
    /// What is written now stays.
    fn freeze(&mut self, now: SimTime) {
        if let Standing::Follows(since) = self.standing {
            self.standing = if now >= since { Standing::Stopped(now) } else { Standing::Absent };
        }
    }

    /// It hears again. What is in the kernel stays until it has caught up, which is soon enough to leave out; where there is nothing, it takes
    /// its time.
    fn follow(&mut self, agent: Agent, now: SimTime) {
        let from = if self.standing == Standing::Absent { now + agent.start() } else { now };
        self.standing = Standing::Follows(from);
    }
}

impl Crew {
    fn is_behind(&self) -> bool {
        self.states.iter().any(|state| matches!(state.standing, Standing::Stopped(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(secs)
    }

    #[test]
    fn what_an_agent_knows() {
        let mut agents = Agents::new(1);
        agents.add(3, at(0));
        let lag = agents.lag(3, Agent::Proxy);
        assert!(lag >= LAG.0 && lag <= LAG.1);
        let knows = |agents: &Agents, now: SimTime| agents.horizon(3, Agent::Proxy, now).map(|upto| upto + lag);
        assert_eq!(knows(&agents, at(10)), Some(at(10)));
        agents.stop(3, Agent::Proxy, at(20));
        assert_eq!(knows(&agents, at(30)), Some(at(20)), "what it wrote stays");
        assert!(agents.oldest(at(30)) < at(20));
        agents.start(3, Agent::Proxy, at(35));
        agents.power_off(3);
        assert_eq!(knows(&agents, at(40)), None);
        agents.power_on(3, at(50));
        assert_eq!(knows(&agents, at(50)), None, "it has to start first");
        assert_eq!(knows(&agents, at(51)), Some(at(51)));
        agents.cut(3, at(60));
        agents.stop(3, Agent::Proxy, at(61));
        agents.mend(3, at(70));
        assert_eq!(knows(&agents, at(80)), Some(at(60)), "nobody started it again");
        assert_eq!(agents.horizon(3, Agent::Flannel, at(80)).map(|upto| upto > at(79)), Some(true));
        agents.power_off(3);
        agents.power_on(3, at(82));
        assert_eq!(knows(&agents, at(85)), None, "nor does it start with the node");
        assert_eq!(agents.horizon(3, Agent::Flannel, at(85)).map(|upto| upto > at(84)), Some(true));
        agents.start(3, Agent::Proxy, at(90));
        assert_eq!(knows(&agents, at(90)), None, "it writes everything first");
        assert_eq!(knows(&agents, at(91)), Some(at(91)));
        assert!(agents.oldest(at(91)) > at(90));
    }
}
