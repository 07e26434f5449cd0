//! What a write at one place of an object leaves as it was, and so nobody comes to own there: the status in a write of the object, the
//! spec in one of its status. Mirrors the strategies' `GetResetFields` in `pkg/registry/*/*/strategy.go`, v1.36.

use super::set::FieldSet;
use crate::api::schema::Type;

type Path = &'static [&'static str];

/// What a write of the status resets besides the spec: (kind, paths).
const STATUS: &[(&str, &[Path])] =
    &[("Deployment", &[&["metadata", "labels"]]), ("Pod", &[&["metadata", "deletionTimestamp"], &["metadata", "ownerReferences"]])];

/// The fields that a write at a place resets.
pub fn reset_fields(object: &'static Type, subresource: &str) -> FieldSet {
    match subresource {
        "" if object.field("status").is_some() => FieldSet::of([&["status"][..]]),
        "status" => {
            let own = STATUS.iter().filter(|(kind, _)| *kind == object.struct_name()).flat_map(|(_, paths)| paths.iter().copied());
            FieldSet::of(own.chain([&["spec"][..]]))
        }
        _ => FieldSet::default(),
    }
}
