//! Which slices hold which endpoints: as few writes as possible, rather than as few slices.
//!
//! Mirrors `staging/src/k8s.io/endpointslice/reconciler.go`, reconcileByPortMapping and finalize, v1.36. Differs: what is in no order there
//! (which endpoint goes first into a slice with room, which slice is written first) is in the order of UIDs and names here.

use super::{Desired, Endpoints, HEADLESS, MANAGED_BY, MANAGER, SERVICE_NAME, Slice, TRIGGER_TIME};
use crate::api::meta::{Meta, OwnerReference, Str, StrMap};
use crate::api::object::ObjectId;
use crate::api::service::{Endpoint, EndpointPort, EndpointSlice, Service};
use crate::apiserver::request::{DeleteOptions, Write};
use crate::client::plan::Plan;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many endpoints a slice holds: `--max-endpoints-per-slice`.
const MAX_ENDPOINTS: usize = 100;

/// What is to become of a Service's slices.
#[derive(Default)]
pub(super) struct Packed {
    pub(super) create: Vec<EndpointSlice>,
    pub(super) update: Vec<(ObjectId, EndpointSlice)>,
    delete: Vec<Slice>,
    pub(super) unchanged: Vec<Slice>,
}

impl Packed {
    /// Slices that wouldn't be written are written too if they need it.
    pub(super) fn touch(&mut self, mut needs_update: impl FnMut(&EndpointSlice) -> bool) {
        let all = std::mem::take(&mut self.unchanged).into_iter();
        let (touched, unchanged): (Vec<Slice>, Vec<Slice>) = all.partition(|(_, slice)| needs_update(slice));
        self.unchanged = unchanged;
        self.update.extend(touched.into_iter().map(|(id, slice)| (id, (*slice).clone())));
    }

    /// The endpoints of slices that are written.
    pub(super) fn changing(&mut self) -> impl Iterator<Item = &mut Endpoint> {
        let slices = self.create.iter_mut().chain(self.update.iter_mut().map(|(_, slice)| slice));
        slices.flat_map(|slice| Arc::make_mut(&mut slice.endpoints).iter_mut())
    }

    /// The writes: what would be created takes the place of what would be deleted. All say what triggered them.
    pub(super) fn into_plan(mut self, service: &Service, trigger: Option<String>) -> Plan {
        let mut kept = Vec::new();
        for (id, old) in std::mem::take(&mut self.delete) {
            // A slice of an earlier Service of this name is the garbage collector's.
            if !is_owned(&old, service) || self.create.is_empty() {
                kept.push((id, old));
            } else if let Some(new) = self.create.pop() {
                let meta = Meta { labels: new.meta.labels, annotations: StrMap::default(), resource_version: 0, ..old.meta.clone() };
                self.update.push((id, EndpointSlice { meta, ..new }));
            }
        }
        let mut plan = Plan::nothing();
        let triggered = |mut slice: EndpointSlice| {
            match &trigger {
                Some(at) => slice.meta.annotations.set(TRIGGER_TIME, at.clone()),
                None => slice.meta.annotations.remove(TRIGGER_TIME),
            }
            slice
        };
        // While the Service is being deleted, the garbage collector takes its slices: new ones would only be in its way.
        if service.meta.deletion.is_none() {
            self.create.into_iter().for_each(|slice| plan.then(Write::Create(triggered(slice).into())));
        }
        self.update.into_iter().for_each(|(id, slice)| plan.then(Write::Update(id, triggered(slice).into())));
        kept.into_iter().for_each(|(id, _)| plan.then(Write::Delete(id, DeleteOptions::default())));
        plan
    }
}

/// Finds places for all endpoints, by their ports.
pub(super) fn pack(service: &Service, existing: &[Slice], desired: Desired) -> Packed {
    let mut packed = Packed::default();
    let mut groups: BTreeMap<&Vec<EndpointPort>, Vec<Slice>> = BTreeMap::new();
    for (id, slice) in existing {
        // One that somebody has made into what no field here has room for is written anew.
        if is_owned(slice, service) && slice.manual.is_null() {
            groups.entry(&slice.ports).or_default().push((*id, slice.clone()));
        } else {
            packed.delete.push((*id, slice.clone()));
        }
    }
    for (ports, endpoints) in desired {
        let group = groups.remove(&ports).unwrap_or_default();
        pack_group(&mut packed, service, &ports, endpoints, group);
    }
    packed.delete.extend(groups.into_values().flatten());
    if packed.delete.len() == existing.len() && packed.create.is_empty() {
        keep_placeholder(&mut packed, service);
    }
    packed
}

/// A Service without endpoints has one empty slice.
fn keep_placeholder(packed: &mut Packed, service: &Service) {
    let placeholder = new_slice(service, Vec::new());
    match packed.delete.as_slice() {
        [(_, only)]
            if only.manual.is_null()
                && only.ports.is_empty()
                && only.endpoints.is_empty()
                && only.meta.labels == placeholder.meta.labels =>
        {
            packed.unchanged.append(&mut packed.delete);
        }
        _ => packed.create.push(placeholder),
    }
}

/// The endpoints with the same ports. Slices keep what is still wanted; those that change anyway are filled up, fullest first; if what is
/// left fits into one that wouldn't change, it goes there, else into new ones.
fn pack_group(packed: &mut Packed, service: &Service, ports: &[EndpointPort], mut wanted: Endpoints, group: Vec<Slice>) {
    let (mut update, mut unchanged): (Vec<(ObjectId, EndpointSlice)>, Vec<Slice>) = (Vec::new(), Vec::new());
    for (id, slice) in group {
        let found: Vec<(&Endpoint, Endpoint)> =
            slice.endpoints.iter().filter_map(|old| Some((old, wanted.remove(&old.pod_uid.0)?))).collect();
        let is_same = found.len() == slice.endpoints.len() && found.iter().all(|(old, new)| new.same_but_for_hints(old));
        let labels = labels(service);
        if is_same && copied(&labels) == copied(&slice.meta.labels) {
            unchanged.push((id, slice));
            continue;
        }
        let kept: Vec<Endpoint> = found.into_iter().map(|(_, new)| new).collect();
        if kept.is_empty() && !is_same {
            packed.delete.push((id, slice));
            continue;
        }
        let mut next = (*slice).clone();
        next.meta.labels = labels;
        if !is_same {
            next.endpoints = Arc::new(kept);
        }
        update.push((id, next));
    }
    let mut order: Vec<usize> = (0..update.len()).collect();
    order.sort_by_key(|place| Reverse(update[*place].1.endpoints.len()));
    order.into_iter().for_each(|place| fill(&mut update[place].1, &mut wanted));
    while !wanted.is_empty() {
        match slice_to_fill(&unchanged, wanted.len()) {
            Some(place) => {
                let (id, slice) = unchanged.remove(place);
                let mut slice = (*slice).clone();
                fill(&mut slice, &mut wanted);
                update.push((id, slice));
            }
            None => {
                let mut slice = new_slice(service, ports.to_vec());
                fill(&mut slice, &mut wanted);
                packed.create.push(slice);
            }
        }
    }
    packed.update.append(&mut update);
    packed.unchanged.append(&mut unchanged);
}

fn fill(slice: &mut EndpointSlice, wanted: &mut Endpoints) {
    let endpoints = Arc::make_mut(&mut slice.endpoints);
    while endpoints.len() < MAX_ENDPOINTS
        && let Some((_, endpoint)) = wanted.pop_first()
    {
        endpoints.push(endpoint);
    }
}

/// The slice that is fullest with so many more, if they fit: `utils.go`, getSliceToFill.
fn slice_to_fill(slices: &[Slice], more: usize) -> Option<usize> {
    if more >= MAX_ENDPOINTS {
        return None;
    }
    let sizes = slices.iter().map(|(_, slice)| slice.endpoints.len() + more).enumerate();
    // As upstream, an empty slice isn't filled by nothing, and of several equally good ones the first is taken.
    sizes
        .filter(|(_, size)| (1..=MAX_ENDPOINTS).contains(size))
        .max_by_key(|(place, size)| (*size, Reverse(*place)))
        .map(|(place, _)| place)
}

fn is_owned(slice: &EndpointSlice, service: &Service) -> bool {
    slice.meta.owners().iter().any(|owner| owner.uid == service.meta.uid && owner.kind == "Service" && owner.api_version == "v1")
}

/// The labels that a slice should have: the Service's, and its own.
fn labels(service: &Service) -> StrMap {
    let mut labels = copied(&service.meta.labels);
    if service.spec["clusterIP"] == "None" || service.spec["clusterIP"].is_null() {
        labels.set(HEADLESS, "");
    }
    labels.set(SERVICE_NAME, service.meta.name.clone());
    labels.set(MANAGED_BY, MANAGER);
    labels
}

/// The labels that a slice takes over from its Service. Only if these differ, they are a reason to write it.
fn copied(labels: &StrMap) -> StrMap {
    labels.iter().filter(|(key, _)| !is_reserved(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn is_reserved(key: &Str) -> bool {
    [SERVICE_NAME, MANAGED_BY, HEADLESS].iter().any(|reserved| *key == *reserved)
}

fn new_slice(service: &Service, ports: Vec<EndpointPort>) -> EndpointSlice {
    let owner = OwnerReference {
        api_version: "v1".into(),
        kind: "Service".into(),
        name: service.meta.name.clone(),
        uid: service.meta.uid,
        controller: true,
        block_owner_deletion: true,
    };
    let meta = Meta {
        generate_name: generate_name(&service.meta.name),
        namespace: service.meta.namespace.clone(),
        labels: labels(service),
        owners: Some(Arc::new(vec![owner])),
        ..Meta::default()
    };
    EndpointSlice { meta, ports, ..EndpointSlice::default() }
}

/// What the names of a Service's slices begin with.
pub(in crate::controllers) fn generate_name(service: &Str) -> Str {
    Str::from(format!("{service}-"))
}
