//! Admission of new pods: what a plain cluster adds to each of them. Mirrors `plugin/pkg/admission/{serviceaccount,
//! defaulttolerationseconds,priority}`, v1.36. The result is computed once per template and shared by all its pods.

use crate::api::defaults;
use crate::api::object::Object;
use crate::api::pod::TOKEN_VOLUME;
use std::sync::Arc;

/// Completes a new object.
pub(crate) fn admit(object: &mut Object) {
    if let Object::Pod(pod) = object {
        let pod = Arc::make_mut(pod);
        pod.spec = pod.spec.admitted(|spec| {
            let mut tree = serde_json::json!({"spec": spec});
            defaults::admit_pod(&mut tree, TOKEN_VOLUME);
            tree["spec"].take()
        });
    }
}
