//! What a node has and how its kubelet is configured: capacity, what is reserved, when pods are evicted, how a shutdown goes. Mirrors
//! `pkg/kubelet/apis/config/v1beta1/defaults.go`, `pkg/kubelet/cm/node_container_manager_linux.go` (GetNodeAllocatableReservation) and
//! `pkg/kubelet/eviction/defaults_linux.go`, v1.36.
//!
//! The default thresholds act, but aren't taken off what pods may use unless a scenario names thresholds: a node of 16Gi offers 16Gi.
//! Left out: inodes, `enforceNodeAllocatable` (the sum of all pods has no limit of its own).

use crate::api::container::Resources;
use crate::api::node::Capacity;
use crate::api::quantity::Quantity;
use crate::kernel::time::SimDuration;

/// What can run short.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Signal {
    /// `memory.available`
    Memory,
    /// `nodefs.available`
    NodeFs,
    /// `imagefs.available`: the same disk here.
    ImageFs,
    /// `pid.available`
    Pid,
}

impl Signal {
    const ALL: [Signal; 4] = [Signal::Memory, Signal::NodeFs, Signal::ImageFs, Signal::Pid];

    /// As the kubelet's configuration spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Signal::Memory => "memory.available",
            Signal::NodeFs => "nodefs.available",
            Signal::ImageFs => "imagefs.available",
            Signal::Pid => "pid.available",
        }
    }

    /// The resource that is reclaimed: `signalToResource`.
    pub const fn resource(self) -> &'static str {
        match self {
            Signal::Memory => "memory",
            Signal::NodeFs | Signal::ImageFs => "ephemeral-storage",
            Signal::Pid => "pids",
        }
    }

    /// The place of its condition among MemoryPressure, DiskPressure and PIDPressure: `signalToNodeCondition`.
    pub const fn condition(self) -> usize {
        match self {
            Signal::Memory => 0,
            Signal::NodeFs | Signal::ImageFs => 1,
            Signal::Pid => 2,
        }
    }
}

/// An amount of something: so many, or a part of all that there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Amount {
    /// Bytes, or processes.
    Absolute(u64),
    /// Thousandths of the capacity.
    Thousandths(u64),
}

impl Amount {
    /// Parses `100Mi` or `10%`.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(text: &str) -> Result<Amount, String> {
        let bad = || format!("{text:?} is neither a quantity such as 100Mi nor a percentage such as 10%");
        if let Some(percent) = text.strip_suffix('%') {
            let percent: f64 = percent.trim().parse().map_err(|_| bad())?;
            if !(0.0..=100.0).contains(&percent) {
                return Err(format!("{text} is not between 0% and 100%"));
            }
            return Ok(Amount::Thousandths((percent * 10.0) as u64));
        }
        let quantity = Quantity::parse(text).map_err(|_| bad())?;
        u64::try_from(quantity.value()).map(Amount::Absolute).map_err(|_| bad())
    }

    /// How much it is of `capacity`: `GetThresholdQuantity`. 10% of 100Gi are 10Gi.
    pub fn of(self, capacity: u64) -> u64 {
        match self {
            Amount::Absolute(amount) => amount,
            Amount::Thousandths(part) => (u128::from(capacity) * u128::from(part) / 1000) as u64,
        }
    }
}

/// When something counts as short.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Threshold {
    /// Of what.
    pub signal: Signal,
    /// If less than this is left.
    pub value: Amount,
    /// For so long; zero: a hard threshold.
    pub grace: SimDuration,
    /// How much more must be free before it counts as resolved: `evictionMinimumReclaim`.
    pub reclaim: Amount,
}

impl Threshold {
    /// A hard threshold.
    pub const fn hard(signal: Signal, value: Amount) -> Threshold {
        Threshold { signal, value, grace: SimDuration::ZERO, reclaim: Amount::Absolute(0) }
    }

    /// Parses a signal and a value, as in `evictionHard: {memory.available: 100Mi}`.
    ///
    /// # Errors
    /// There is no such signal, or it isn't simulated; or the value is none.
    pub fn parse(signal: &str, value: &str) -> Result<Threshold, String> {
        let known = Signal::ALL.into_iter().find(|known| known.as_str() == signal);
        let signal = known.ok_or_else(|| {
            let known: Vec<&str> = Signal::ALL.iter().map(|signal| signal.as_str()).collect();
            format!("there is no eviction signal {signal:?} here; expected one of {}", known.join(", "))
        })?;
        Ok(Threshold::hard(signal, Amount::parse(value)?))
    }
}

/// The kubelet's own thresholds where none are configured: `DefaultEvictionHard`.
const EVICTION_HARD: [Threshold; 3] = [
    Threshold::hard(Signal::Memory, Amount::Absolute(100 << 20)),
    Threshold::hard(Signal::NodeFs, Amount::Thousandths(100)),
    Threshold::hard(Signal::ImageFs, Amount::Thousandths(150)),
];

/// How a kubelet is configured.
#[derive(Clone, PartialEq, Debug)]
pub struct KubeletConfig {
    /// `kubeReserved` and `systemReserved` together.
    pub reserved: Resources,
    /// `evictionHard`; none: the defaults, which aren't taken off what pods may use.
    pub eviction_hard: Option<Vec<Threshold>>,
    /// `evictionSoft` with its grace periods.
    pub eviction_soft: Vec<Threshold>,
    /// `evictionMaxPodGracePeriod`, in seconds: what a pod gets that is evicted for a soft threshold.
    pub pod_grace_max: i64,
    /// `evictionPressureTransitionPeriod`: how long a condition outlives what caused it.
    pub transition: SimDuration,
    /// `imageGCHighThresholdPercent` and `imageGCLowThresholdPercent`.
    pub image_gc_percent: (u64, u64),
    /// `shutdownGracePeriod`: 0 in the kubelet's defaults, which would make of every shutdown a power failure; here the 30 s of the docs.
    pub shutdown_grace: SimDuration,
    /// `shutdownGracePeriodCriticalPods`: the last part of it.
    pub shutdown_grace_critical: SimDuration,
    /// How many processes the kernel allows.
    pub pids: u64,
    /// Bytes a second that images come in with; none: as long as their programs say.
    pub pull_rate: Option<u64>,
}

impl Default for KubeletConfig {
    fn default() -> Self {
        KubeletConfig {
            reserved: Resources::default(),
            eviction_hard: None,
            eviction_soft: Vec::new(),
            pod_grace_max: 0,
            transition: SimDuration::from_secs(300),
            image_gc_percent: (85, 80),
            shutdown_grace: SimDuration::from_secs(30),
            shutdown_grace_critical: SimDuration::from_secs(10),
            pids: 32_768,
            pull_rate: None,
        }
    }
}

/// A node's resources and its kubelet's configuration, worked out once.
#[derive(Clone, PartialEq, Debug)]
pub struct Machine {
    /// All that it has.
    pub capacity: Capacity,
    /// What pods may ask for.
    pub allocatable: Capacity,
    /// Hard and soft ones.
    pub thresholds: Vec<Threshold>,
    /// How the kubelet is configured.
    pub config: KubeletConfig,
}

/// Amounts of what can run short.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Amounts {
    /// Bytes.
    pub memory: u64,
    /// Bytes.
    pub disk: u64,
    /// Processes.
    pub pids: u64,
}

impl Amounts {
    /// The sum.
    pub fn plus(self, other: Amounts) -> Amounts {
        Amounts {
            memory: self.memory.saturating_add(other.memory),
            disk: self.disk.saturating_add(other.disk),
            pids: self.pids.saturating_add(other.pids),
        }
    }

    /// How much of a signal's resource this is.
    pub fn of(self, signal: Signal) -> u64 {
        match signal {
            Signal::Memory => self.memory,
            Signal::NodeFs | Signal::ImageFs => self.disk,
            Signal::Pid => self.pids,
        }
    }

    /// Whether anything is more than in `other`.
    pub fn exceeds(self, other: Amounts) -> bool {
        self.memory > other.memory || self.disk > other.disk || self.pids > other.pids
    }
}

/// A size that the API counts with signs; it is never negative.
fn unsigned(amount: i64) -> u64 {
    u64::try_from(amount).unwrap_or(0)
}

impl Machine {
    /// A node with this capacity.
    pub fn new(capacity: Capacity, config: KubeletConfig) -> Machine {
        let hard = config.eviction_hard.clone().unwrap_or_else(|| EVICTION_HARD.to_vec());
        let thresholds = hard.into_iter().chain(config.eviction_soft.iter().copied()).collect();
        let mut machine = Machine { capacity, allocatable: capacity, thresholds, config };
        machine.allocatable = machine.work_out_allocatable();
        machine
    }

    /// What there is of everything.
    pub fn amounts(&self) -> Amounts {
        let resources = self.capacity.resources;
        Amounts { memory: unsigned(resources.memory), disk: unsigned(resources.ephemeral_storage), pids: self.config.pids }
    }

    /// What the operating system, the runtime and the kubelet use themselves. 4 CPUs, 16Gi and 100Gi: 512Mi of memory, 5Gi of disk.
    pub fn system(&self) -> Amounts {
        let all = self.amounts();
        Amounts { memory: all.memory / 32, disk: all.disk / 20, pids: 150 }
    }

    /// The same for CPU, in thousandths.
    pub fn system_milli_cpu(&self) -> u64 {
        20 + unsigned(self.capacity.resources.milli_cpu) / 100
    }

    /// What pods and images may use together before somebody must look: what is left by the system and the highest threshold.
    pub fn carefree(&self) -> Amounts {
        let (all, system) = (self.amounts(), self.system());
        let kept = |signals: &[Signal]| {
            let of = self.thresholds.iter().filter(|threshold| signals.contains(&threshold.signal));
            of.map(|t| t.value.of(all.of(t.signal)).saturating_add(t.reclaim.of(all.of(t.signal)))).max().unwrap_or(0)
        };
        let gc = all.disk - all.disk / 100 * self.config.image_gc_percent.0.min(100);
        Amounts {
            memory: all.memory.saturating_sub(system.memory + kept(&[Signal::Memory])),
            disk: all.disk.saturating_sub(system.disk + kept(&[Signal::NodeFs, Signal::ImageFs]).max(gc)),
            pids: all.pids.saturating_sub(system.pids + kept(&[Signal::Pid])),
        }
    }

    /// Capacity less what is reserved and what evictions keep free. 4Gi with 500Mi reserved and `memory.available: 100Mi`: 3496Mi.
    fn work_out_allocatable(&self) -> Capacity {
        let mut kept = self.config.reserved;
        for threshold in self.config.eviction_hard.iter().flatten() {
            let amount = threshold.value.of(self.amounts().of(threshold.signal)) as i64;
            match threshold.signal {
                Signal::Memory => kept.memory += amount,
                Signal::NodeFs => kept.ephemeral_storage += amount,
                Signal::ImageFs | Signal::Pid => {}
            }
        }
        let left = self.capacity.resources.minus(kept);
        Capacity { resources: left.max(Resources::default()), pods: self.capacity.pods }
    }
}

impl Default for Machine {
    /// 4 CPUs, 16 GiB, 100 GiB of disk, room for 110 pods.
    fn default() -> Self {
        let resources = Resources { milli_cpu: 4_000, memory: 16 << 30, ephemeral_storage: 100 << 30 };
        Machine::new(Capacity { resources, pods: 110 }, KubeletConfig::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_for_pods() {
        assert_eq!(Machine::default().allocatable, Machine::default().capacity);
        let resources = Resources { milli_cpu: 4_000, memory: 4 << 30, ephemeral_storage: 100 << 30 };
        let hard = vec![
            Threshold::parse("memory.available", "100Mi").expect("valid"),
            Threshold::parse("nodefs.available", "10%").expect("valid"),
        ];
        let reserved = Resources { milli_cpu: 250, memory: 500 << 20, ephemeral_storage: 0 };
        let config = KubeletConfig { reserved, eviction_hard: Some(hard), ..KubeletConfig::default() };
        let left = Machine::new(Capacity { resources, pods: 110 }, config).allocatable.resources;
        assert_eq!((left.milli_cpu, left.memory >> 20, left.ephemeral_storage >> 30), (3_750, 3_496, 90));
        assert!(Threshold::parse("nodefs.inodesFree", "5%").is_err_and(|said| said.contains("memory.available")));
        assert!(Amount::parse("lots").is_err() && Amount::parse("120%").is_err());
    }
}
