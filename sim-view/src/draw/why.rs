//! Why something is as it is: the model's chain of causes, with what a page needs to word it in another language.

use super::{object_id, reference};
use crate::frame::why::{Cause, CauseKind, Did, Why};
use sim_core::cluster::event::Happened;
use sim_core::kernel::queue::EventId;
use sim_core::store::Verb;
use sim_core::{Cluster, explain};

/// How many causes are told from each end of a long chain.
const NEAR: usize = 40;
const FAR: usize = 20;

/// The causes of an object's last change; `None` if there never was such an object, as far as history remembers.
pub fn why(cluster: &Cluster, id: &str) -> Option<Why> {
    let object_id = object_id(id)?;
    let Some(change) = cluster.last_change(object_id) else {
        let object = Some(reference(cluster, object_id)?);
        return Some(Why { object, did: Did::Forgotten, at: 0, chain: Vec::new(), left_out: 0, left_out_after: 0 });
    };
    let did = match change.verb {
        Verb::Added => Did::Created,
        Verb::Modified => Did::Changed,
        Verb::Deleted => Did::Deleted,
    };
    let object = Some(super::reference_to(object_id, change.object.meta()));
    Some(told(cluster, object, did, change.at.as_nanos(), explain::why(cluster, object_id)))
}

/// An event and what led to it.
pub fn why_event(cluster: &Cluster, event: u64) -> Why {
    let record = u32::try_from(event).ok().and_then(|number| cluster.trace().get(EventId(number.into())));
    let Some(record) = record else {
        return Why { object: None, did: Did::Forgotten, at: 0, chain: Vec::new(), left_out: 0, left_out_after: 0 };
    };
    let about = match record.what {
        Happened::Request { object, .. } => object,
        Happened::Deliver(pod) => Some(pod),
        Happened::Timer { about, .. } => about,
        Happened::Input(_) | Happened::Answer(_) | Happened::Watch(_) => None,
    };
    let object = about.and_then(|about| reference(cluster, about));
    told(cluster, object, Did::Happened, record.at.as_nanos(), explain::why_event(cluster, EventId(event)))
}

fn told(cluster: &Cluster, object: Option<crate::frame::Ref>, did: Did, at: u64, mut chain: Vec<explain::Cause>) -> Why {
    chain.dedup_by(|later, earlier| later.sentence == earlier.sentence);
    let left_out = if chain.len() > NEAR + FAR { chain.len() - NEAR - FAR } else { 0 };
    if left_out > 0 {
        chain.drain(NEAR..NEAR + left_out);
    }
    let chain = chain.into_iter().map(|cause| Cause {
        at: cause.at.as_nanos(),
        event: cause.event.0,
        kind: cause.kind.into(),
        who: cause.who.to_owned(),
        verb: cause.verb.to_owned(),
        object: cause.object.and_then(|object| reference(cluster, object)),
        ok: cause.ok,
        text: cause.text,
        sentence: cause.sentence,
    });
    let chain: Vec<Cause> = chain.collect();
    let left_out_after = if left_out > 0 { NEAR } else { chain.len() };
    Why { object, did, at, chain, left_out: super::count(left_out as i64), left_out_after: super::count(left_out_after as i64) }
}

impl From<explain::CauseKind> for CauseKind {
    fn from(kind: explain::CauseKind) -> Self {
        match kind {
            explain::CauseKind::Input => CauseKind::Input,
            explain::CauseKind::Request => CauseKind::Request,
            explain::CauseKind::Decision => CauseKind::Decision,
            explain::CauseKind::Heard => CauseKind::Heard,
            explain::CauseKind::Runtime => CauseKind::Runtime,
            explain::CauseKind::Step => CauseKind::Step,
        }
    }
}
