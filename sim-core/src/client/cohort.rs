//! Pods that are counted together: those of one controller that carry the same labels.
//!
//! A controller that only wants to know how many of its pods are ready need not look at each of them: a ReplicaSet's pods nearly
//! always form one cohort, whose counts follow every change. So a sync costs the same with three replicas and with ten thousand.
//! Upstream looks at each pod (`pkg/controller/replicaset/replica_set.go`, v1.36); the counts are the same.

use crate::api::meta::{Str, StrMap, Uid};
use crate::api::pod::Pod;
use crate::kernel::table::{Index, Table};

/// What the pods of a cohort have in common.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Common {
    /// The controller's UID; [`Uid::NONE`] for orphans.
    owner: Uid,
    namespace: Str,
    labels: StrMap,
}

/// Pods that have controller, namespace and labels in common.
#[derive(Clone, Debug)]
pub struct Cohort {
    common: Common,
    /// How many pods there are, in whatever state.
    pub members: u32,
    /// How many count: not ended and not being deleted.
    pub active: u32,
    /// How many of those are ready.
    pub ready: u32,
    /// How many are being deleted and haven't ended.
    pub terminating: u32,
}

impl Cohort {
    /// The labels of its pods.
    pub fn labels(&self) -> &StrMap {
        &self.common.labels
    }

    fn count(&mut self, pod: &Pod, by: i32) {
        let add = |count: &mut u32, yes: bool| *count = count.saturating_add_signed(if yes { by } else { 0 });
        add(&mut self.members, true);
        add(&mut self.active, pod.is_active());
        add(&mut self.ready, pod.is_active() && pod.is_ready());
        add(&mut self.terminating, pod.is_terminating());
    }
}

/// All cohorts of a cache.
#[derive(Clone, Default, Debug)]
pub struct Cohorts {
    rows: Table<Cohort>,
    numbers: Index<Common, u32>,
    by_namespace: Index<(Str, u32), ()>,
    /// (cohort, pod).
    pods: Index<(u32, u32), ()>,
    next: u32,
}

impl Cohorts {
    /// A pod came, changed or went.
    pub(super) fn follow(&mut self, number: u32, old: Option<&Pod>, new: Option<&Pod>) {
        if let (Some(old), Some(new)) = (old, new)
            && is_counted_alike(old, new)
        {
            return;
        }
        let (from, to) = (old.map(|pod| (pod, common(pod))), new.map(|pod| (pod, common(pod))));
        match (from, to) {
            (Some((old, from)), Some((new, to))) if from == to => {
                let cohort = self.numbers.get(&from).copied();
                let cohort = cohort.and_then(|cohort| self.rows.get_mut(cohort)).expect("a pod that is known is in its cohort");
                cohort.count(old, -1);
                cohort.count(new, 1);
            }
            (from, to) => {
                if let Some((pod, from)) = from {
                    self.leave(number, pod, &from);
                }
                if let Some((pod, to)) = to {
                    self.join(number, pod, to);
                }
            }
        }
    }

    fn leave(&mut self, number: u32, pod: &Pod, from: &Common) {
        let cohort = *self.numbers.get(from).expect("a pod that is known is in its cohort");
        self.pods.remove(&(cohort, number));
        let row = self.rows.get_mut(cohort).expect("a cohort with a number has a row");
        row.count(pod, -1);
        if row.members == 0 {
            self.rows.remove(cohort);
            self.numbers.remove(from);
            self.by_namespace.remove(&(from.namespace.clone(), cohort));
        }
    }

    fn join(&mut self, number: u32, pod: &Pod, to: Common) {
        let cohort = match self.numbers.get(&to) {
            Some(cohort) => *cohort,
            None => {
                let cohort = self.next;
                self.next += 1;
                self.by_namespace.insert((to.namespace.clone(), cohort), ());
                self.numbers.insert(to.clone(), cohort);
                self.rows.insert(cohort, Cohort { common: to, members: 0, active: 0, ready: 0, terminating: 0 });
                cohort
            }
        };
        self.rows.get_mut(cohort).expect("it was just made sure of").count(pod, 1);
        self.pods.insert((cohort, number), ());
    }

    /// The cohorts of a controller; of [`Uid::NONE`] and a namespace, those of its orphans.
    pub fn of<'a>(&'a self, owner: Uid, namespace: &Str) -> impl Iterator<Item = &'a Cohort> {
        self.numbers_of(owner, namespace).map(|number| self.rows.get(number).expect("a cohort with a number has a row"))
    }

    fn numbers_of<'a>(&'a self, owner: Uid, namespace: &Str) -> impl Iterator<Item = u32> + use<'a> {
        let first = Common { owner, namespace: namespace.clone(), labels: StrMap::default() };
        let namespace = namespace.clone();
        let rows = self.numbers.from(&first).take_while(move |(common, _)| common.owner == owner && common.namespace == namespace);
        rows.map(|(_, number)| *number)
    }

    /// The cohorts of a namespace whose labels satisfy `matches`, each with the number of its oldest pod.
    pub(super) fn matching<'a>(&'a self, namespace: &Str, matches: impl Fn(&StrMap) -> bool) -> impl Iterator<Item = (&'a Cohort, u32)> {
        let within = namespace.clone();
        let rows = self.by_namespace.from(&(namespace.clone(), 0)).take_while(move |((namespace, _), ())| *namespace == within);
        let cohorts = rows.filter_map(|((_, number), ())| Some((*number, self.rows.get(*number)?)));
        cohorts.filter(move |(_, cohort)| matches(cohort.labels())).filter_map(|(number, row)| Some((row, self.pods_in(number).next()?)))
    }

    /// The numbers of a controller's pods, in order of their creation.
    pub(super) fn pods_of(&self, owner: Uid, namespace: &Str) -> Vec<u32> {
        let mut all: Vec<u32> = self.numbers_of(owner, namespace).flat_map(|cohort| self.pods_in(cohort)).collect();
        all.sort_unstable();
        all
    }

    /// The numbers of a namespace's pods whose labels satisfy `matches`, in order of their creation.
    pub(super) fn pods_matching(&self, namespace: &Str, matches: impl Fn(&StrMap) -> bool) -> Vec<u32> {
        let rows = self.by_namespace.from(&(namespace.clone(), 0)).take_while(|((within, _), ())| within == namespace);
        let wanted = rows.filter(|((_, cohort), ())| self.rows.get(*cohort).is_some_and(|row| matches(row.labels())));
        let mut all: Vec<u32> = wanted.flat_map(|((_, cohort), ())| self.pods_in(*cohort)).collect();
        all.sort_unstable();
        all
    }

    fn pods_in(&self, cohort: u32) -> impl Iterator<Item = u32> {
        self.pods.from(&(cohort, 0)).take_while(move |((of, _), ())| *of == cohort).map(|((_, pod), ())| *pod)
    }
}

fn common(pod: &Pod) -> Common {
    let owner = pod.meta.controller().map_or(Uid::NONE, |owner| owner.uid);
    Common { owner, namespace: pod.meta.namespace.clone(), labels: pod.meta.labels.clone() }
}

/// Whether a change of a pod changes no count. Nearly all changes of a status are of this kind.
fn is_counted_alike(old: &Pod, new: &Pod) -> bool {
    old.is_active() == new.is_active()
        && old.is_terminating() == new.is_terminating()
        && old.is_ready() == new.is_ready()
        && (old.meta.labels.same(&new.meta.labels) || old.meta.labels == new.meta.labels)
        && old.meta.controller().map(|owner| owner.uid) == new.meta.controller().map(|owner| owner.uid)
}
