//! What the scheduler believes of volumes, claims and classes, and what it has promised: a volume that it chose for a claim counts as that claim's
//! from then on, though nobody else knows yet. Mirrors `plugins/volumebinding/{assume_cache,binder}.go`, v1.36.

use crate::api::meta::{Str, Uid};
use crate::api::node::Node;
use crate::api::object::{Kind, Object, ObjectId};
use crate::api::pod::Pod;
use crate::api::storage::{
    BOUND_BY_CONTROLLER, Claim, Class, NO_PROVISIONER, SELECTED_NODE, Volume, Wanted, changed, claims_of, find_matching_volume,
};
use crate::apiserver::request::Write;
use crate::kernel::table::{Index, Table};
use std::collections::BTreeMap;

/// An object as it is known, and as it was assumed to become.
#[derive(Clone, Debug)]
struct Known {
    id: ObjectId,
    object: Object,
    assumed: Option<Object>,
}

impl Known {
    fn current(&self) -> &Object {
        self.assumed.as_ref().unwrap_or(&self.object)
    }
}

/// Namespace and name; volumes and classes have no namespace.
type Key = (Str, Str);

/// The cache. Empty in a cluster without volumes.
#[derive(Clone, Debug, Default)]
pub struct Volumes {
    volumes: Index<Key, Known>,
    claims: Index<Key, Known>,
    classes: Index<Key, Known>,
    csi_nodes: Index<Key, Known>,
    /// (namespace, claim, pod) of the pods that have a node.
    users: Index<(Str, Str, u32), Str>,
    used_by: Table<Vec<Str>>,
}

/// How the claims of a pod come to their volumes on a node.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// Volumes for claims, by their names; the claims are in the pod's namespace.
    pub bindings: Vec<(Str, Str)>,
    /// Claims that need a new volume.
    pub provisions: Vec<Str>,
}

/// Why a node's volumes won't do, as bits of what [`super::plugins::Rejection`] can say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conflict {
    /// A bound volume can't be used there.
    Affinity,
    /// There is no volume for a claim, and none will be made.
    NoVolume,
    /// A claim is bound to a volume that doesn't exist.
    Missing,
}

impl Volumes {
    /// Whether this kind is kept here.
    pub fn keeps(kind: Kind) -> bool {
        matches!(kind, Kind::PersistentVolume | Kind::PersistentVolumeClaim | Kind::StorageClass | Kind::CSINode)
    }

    fn shelf(&mut self, kind: Kind) -> &mut Index<Key, Known> {
        match kind {
            Kind::PersistentVolume => &mut self.volumes,
            Kind::PersistentVolumeClaim => &mut self.claims,
            Kind::StorageClass => &mut self.classes,
            _ => &mut self.csi_nodes,
        }
    }

    /// Takes an object in. What was assumed of it is forgotten when a later version comes: it has happened, or won't.
    pub fn take_in(&mut self, id: ObjectId, object: &Object, exists: bool) {
        let meta = object.meta();
        let key = (meta.namespace.clone(), meta.name.clone());
        let shelf = self.shelf(id.kind);
        if !exists {
            shelf.remove(&key);
            return;
        }
        let assumed = shelf.get(&key).and_then(|known| known.assumed.clone());
        let assumed = assumed.filter(|assumed| assumed.meta().resource_version >= meta.resource_version);
        shelf.insert(key, Known { id, object: object.clone(), assumed });
    }

    fn claim(&self, namespace: &Str, name: &str) -> Option<Claim<'_>> {
        self.claims.get(&(namespace.clone(), Str::from(name.to_owned()))).and_then(|known| Claim::of(known.current()))
    }

    fn volume(&self, name: &str) -> Option<Volume<'_>> {
        self.volumes.get(&(Str::EMPTY, Str::from(name.to_owned()))).and_then(|known| Volume::of(known.current()))
    }

    fn class(&self, name: &str) -> Option<Class<'_>> {
        self.classes.get(&(Str::EMPTY, Str::from(name.to_owned()))).and_then(|known| Class::of(&known.object))
    }

    /// A pod has a node: it uses its claims there.
    pub fn place(&mut self, number: u32, pod: &Pod, node: &Str) {
        if self.claims.is_empty() {
            return;
        }
        let names: Vec<Str> = claims_of(pod).into_iter().map(|(_, claim, _)| Str::from(claim)).collect();
        if names.is_empty() {
            return;
        }
        for name in &names {
            self.users.insert((pod.meta.namespace.clone(), name.clone(), number), node.clone());
        }
        self.used_by.insert(number, names.into_iter().chain([pod.meta.namespace.clone()]).collect());
    }

    /// A pod is gone, or has no node after all.
    pub fn displace(&mut self, number: u32) {
        let Some(mut names) = self.used_by.remove(number) else { return };
        let namespace = names.pop().unwrap_or_default();
        for name in names {
            self.users.remove(&(namespace.clone(), name, number));
        }
    }

    /// Whether another pod that has a node uses the claim.
    pub fn is_used(&self, namespace: &Str, claim: &str) -> bool {
        let from = (namespace.clone(), Str::from(claim.to_owned()), 0);
        self.users.from(&from).next().is_some_and(|((ns, name, _), _)| ns == namespace && *name == *claim)
    }

    /// The volumes of drivers that the pods on a node use, by driver: each once.
    pub fn drivers_on(&self, node: &str) -> BTreeMap<&str, Vec<&str>> {
        let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for ((namespace, claim, _), _) in self.users.iter().filter(|(_, own)| **own == *node) {
            let volume = self.claim(namespace, claim).and_then(|claim| self.volume(claim.volume_name()));
            if let Some((driver, handle)) = volume.and_then(Volume::csi) {
                let handles = all.entry(driver).or_default();
                if !handles.contains(&handle) {
                    handles.push(handle);
                }
            }
        }
        all
    }

    /// How many volumes of a driver a node takes; `None`: as many as there are.
    pub fn limit(&self, node: &str, driver: &str) -> Option<i64> {
        let own = self.csi_nodes.get(&(Str::EMPTY, Str::from(node.to_owned())))?.object.as_record()?;
        let mut drivers = own.body["spec"]["drivers"].as_array()?.iter();
        drivers.find(|own| own["name"] == driver)?["allocatable"]["count"].as_i64()
    }

    /// Whether any node says how many volumes it takes.
    pub fn has_limits(&self) -> bool {
        !self.csi_nodes.is_empty()
    }

    /// What a pod's volumes need; `None` if it has no claims.
    ///
    /// # Errors
    /// Why no node will do.
    pub fn of_pod<'a>(&'a self, pod: &'a Pod) -> Result<Option<PodVolumes<'a>>, String> {
        let claims = claims_of(pod);
        let mut own = PodVolumes { volumes: self, pod, bound: Vec::new(), waiting: Vec::new() };
        let mut immediate = false;
        if claims.is_empty() {
            return Ok(None);
        }
        for (_, name, is_ephemeral) in claims {
            let claim = self.claim(&pod.meta.namespace, &name).ok_or_else(|| match is_ephemeral {
                true => format!("waiting for ephemeral volume controller to create the persistentvolumeclaim {name:?}"),
                false => format!("persistentvolumeclaim {name:?} not found"),
            })?;
            check(claim, pod, is_ephemeral)?;
            let waits = self.class(claim.class()).is_some_and(Class::waits_for_consumer);
            match (claim.is_fully_bound(), waits && claim.volume_name().is_empty()) {
                (true, _) => own.bound.push(claim),
                (false, true) => own.waiting.push(claim),
                (false, false) => immediate = true,
            }
        }
        if immediate {
            return Err("pod has unbound immediate PersistentVolumeClaims".to_owned());
        }
        // The smallest first, so that it doesn't take what a larger one needs.
        own.waiting.sort_by_key(|claim| claim.requested());
        Ok(Some(own))
    }

    /// Notes what was decided for a pod, and answers with the writes that carry it out.
    pub fn assume(&mut self, namespace: &Str, decision: &Decision, node: &Str) -> Vec<Write> {
        let mut writes = Vec::new();
        for (volume_name, claim_name) in &decision.bindings {
            let Some(claim) = self.claim(namespace, claim_name) else { continue };
            let (reference, uid) = (claim.reference(), claim.meta().uid);
            let Some(known) = self.volumes.get_mut(&(Str::EMPTY, volume_name.clone())) else { continue };
            let Some(volume) = Volume::of(&known.object) else { continue };
            let is_kept = volume.claim().is_some();
            if volume.claim().is_some_and(|(_, _, own)| own == uid) {
                continue;
            }
            let object = changed(volume.record, |meta, body| {
                body["spec"]["claimRef"] = reference;
                if !is_kept {
                    meta.annotations.set(BOUND_BY_CONTROLLER, "yes");
                }
            });
            known.assumed = Some(object.clone());
            writes.push(Write::Update(known.id, object));
        }
        for name in &decision.provisions {
            let Some(known) = self.claims.get_mut(&(namespace.clone(), name.clone())) else { continue };
            let Some(claim) = Claim::of(&known.object) else { continue };
            let object = changed(claim.record, |meta, _| meta.annotations.set(SELECTED_NODE, node.clone()));
            known.assumed = Some(object.clone());
            writes.push(Write::Update(known.id, object));
        }
        writes
    }

    /// Takes back what was assumed and hasn't happened.
    pub fn revert(&mut self, namespace: &Str, decision: &Decision) {
        for (volume, _) in &decision.bindings {
            if let Some(known) = self.volumes.get_mut(&(Str::EMPTY, volume.clone())) {
                known.assumed = None;
            }
        }
        for name in &decision.provisions {
            if let Some(known) = self.claims.get_mut(&(namespace.clone(), name.clone())) {
                known.assumed = None;
            }
        }
    }

    /// How far a decision is: whether all claims are bound. Looks at what the API says, not at what was assumed. `checkBindings`.
    ///
    /// # Errors
    /// It won't come to that.
    pub fn is_carried_out(&self, namespace: &Str, decision: &Decision, node: &Node) -> Result<bool, String> {
        let claim = |name: &Str| {
            let known = self.claims.get(&(namespace.clone(), name.clone()));
            let claim = known.and_then(|known| Claim::of(&known.object));
            claim.ok_or_else(|| format!("failed to check binding: could not find v1.PersistentVolumeClaim \"{namespace}/{name}\""))
        };
        let volume = |name: &str| self.volumes.get(&(Str::EMPTY, Str::from(name.to_owned()))).and_then(|known| Volume::of(&known.object));
        let suits = |volume: Volume<'_>| match volume.suits_node(&node.meta.labels) {
            true => Ok(()),
            false => Err(format!(
                "pv {:?} node affinity doesn't match node {:?}: no matching NodeSelectorTerms",
                volume.meta().name.as_str(),
                node.meta.name.as_str()
            )),
        };
        // What was written hasn't come back yet: what there is says nothing.
        let is_awaited = |known: Option<&Known>| known.is_some_and(|known| known.assumed.is_some());
        if decision.bindings.iter().any(|(name, _)| is_awaited(self.volumes.get(&(Str::EMPTY, name.clone()))))
            || decision.provisions.iter().any(|name| is_awaited(self.claims.get(&(namespace.clone(), name.clone()))))
        {
            return Ok(false);
        }
        let mut all = true;
        for (name, claim_name) in &decision.bindings {
            let found = volume(name).ok_or_else(|| format!("failed to check binding: could not find v1.PersistentVolume {name:?}"))?;
            suits(found)?;
            if found.claim().is_none_or(|(_, _, uid)| uid == Uid::NONE) {
                return Err(format!("ClaimRef got reset for pv {:?}", name.as_str()));
            }
            all &= claim(claim_name)?.is_fully_bound();
        }
        for name in &decision.provisions {
            let claim = claim(name)?;
            if claim.selected_node().is_none_or(|selected| *selected != node.meta.name) {
                return Err(format!("provisioning failed for PVC {:?}", name.as_str()));
            }
            match volume(claim.volume_name()) {
                Some(volume) => suits(volume)?,
                None if !claim.volume_name().is_empty() => all = false,
                None => {}
            }
            all &= claim.is_fully_bound();
        }
        Ok(all)
    }
}

/// What can be said of a claim before any node is looked at. `podHasPVCs`.
fn check(claim: Claim<'_>, pod: &Pod, is_ephemeral: bool) -> Result<(), String> {
    let name = claim.meta().name.as_str();
    if claim.phase() == "Lost" {
        return Err(format!("persistentvolumeclaim {name:?} bound to non-existent persistentvolume {:?}", claim.volume_name()));
    }
    if claim.meta().deletion.is_some() {
        return Err(format!("persistentvolumeclaim {name:?} is being deleted"));
    }
    if is_ephemeral && !crate::api::storage::is_claim_of(claim, pod) {
        let (namespace, pod) = (&pod.meta.namespace, &pod.meta.name);
        return Err(format!("PVC {namespace}/{name} was not created for pod {namespace}/{pod} (pod is not owner)"));
    }
    Ok(())
}

/// The claims of a pod that is being scheduled.
pub struct PodVolumes<'a> {
    volumes: &'a Volumes,
    pod: &'a Pod,
    /// Those that have their volume.
    bound: Vec<Claim<'a>>,
    /// Those that wait for the pod's node, the smallest first.
    waiting: Vec<Claim<'a>>,
}

impl<'a> PodVolumes<'a> {
    /// The cache.
    pub fn cache(&self) -> &'a Volumes {
        self.volumes
    }

    /// The pod.
    pub fn pod(&self) -> &'a Pod {
        self.pod
    }

    /// All claims.
    pub fn claims(&self) -> impl Iterator<Item = Claim<'a>> {
        self.bound.iter().chain(&self.waiting).copied()
    }

    /// The volumes of the bound claims, as far as they are there.
    pub fn bound_volumes(&self) -> impl Iterator<Item = Volume<'a>> {
        self.bound.iter().filter_map(|claim| self.volumes.volume(claim.volume_name()))
    }

    /// What has to be done for the pod to use its volumes on a node. `FindPodVolumes`.
    ///
    /// # Errors
    /// All reasons why it can't use them there.
    pub fn decide(&self, node: &Node) -> Result<Decision, Vec<Conflict>> {
        let mut conflicts = Vec::new();
        for claim in &self.bound {
            match self.volumes.volume(claim.volume_name()) {
                None => conflicts.push(Conflict::Missing),
                Some(volume) if !volume.suits_node(&node.meta.labels) => conflicts.push(Conflict::Affinity),
                Some(_) => continue,
            }
            break;
        }
        let mut decision = Decision::default();
        let mut taken: Vec<Str> = Vec::new();
        let mut all_found = true;
        for claim in &self.waiting {
            let name = claim.meta().name.clone();
            match claim.selected_node() {
                // Chosen for a pod before, or by a person: the volume is made for that node.
                Some(selected) if *selected != node.meta.name => all_found = false,
                Some(_) => all_found &= self.can_provision(*claim, node),
                None => {
                    let all = self.volumes.volumes.iter().filter_map(|(_, known)| Volume::of(known.current()));
                    let found =
                        find_matching_volume(*claim, all, Wanted::OnNode(&node.meta.labels), |own| taken.contains(&own.meta().name));
                    if let Some(volume) = found {
                        taken.push(volume.meta().name.clone());
                        decision.bindings.push((volume.meta().name.clone(), name));
                        continue;
                    }
                    all_found &= self.can_provision(*claim, node);
                }
            }
            decision.provisions.push(name);
        }
        if !all_found {
            conflicts.push(Conflict::NoVolume);
        }
        if conflicts.is_empty() { Ok(decision) } else { Err(conflicts) }
    }

    /// Whether a volume would be made for the claim that can be used on the node. `checkVolumeProvisions`.
    fn can_provision(&self, claim: Claim<'_>, node: &Node) -> bool {
        let Some(class) = self.volumes.class(claim.class()) else { return false };
        !matches!(class.provisioner(), "" | NO_PROVISIONER)
            && crate::api::node_selector::is_allowed_topology(class.allowed_topologies(), &node.meta.labels)
    }
}
