//! Server-side apply and `metadata.managedFields`: who owns which fields of an object, and what applying a configuration makes of it.
//!
//! Pure functions over JSON trees: [`update`] gives the managers after an ordinary write, [`apply`] merges a configuration or names the
//! conflicts. Mirrors `staging/src/k8s.io/apimachinery/pkg/util/managedfields` and `vendor/sigs.k8s.io/structured-merge-diff/v6`, v1.36.

mod compare;
mod conflict;
mod element;
mod managers;
mod merge;
mod reset;
mod set;
mod shape;
mod upgrade;
mod validate;
mod write;
mod zeros;

pub use compare::{Comparison, fields_of};
pub use element::Element;
pub use managers::{Entry, Manager, Managers, Operation};
pub use set::FieldSet;
pub use shape::View;
pub use upgrade::{client_side_managers, owns_last_applied, upgraded};
pub use write::{Applied, Writer, apply, update, with_status};

/// The annotation in which client-side apply keeps what it applied.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

#[cfg(test)]
mod tests;
