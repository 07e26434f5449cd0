//! The answer to who applies what somebody else owns.
//!
//! Mirrors `staging/src/k8s.io/apimachinery/pkg/util/managedfields/internal/conflict.go`, v1.36. There, the conflicts with several
//! managers come in any order in the details; here in that of the message.

use super::element::{Element, shown};
use super::managers::{Manager, Operation};
use super::set::FieldSet;
use crate::api::quote::quote;
use crate::api::status::{ApiError, FieldError, FieldErrorType, Reason};

/// A field and who owns it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// The owner.
    pub manager: Manager,
    /// The field.
    pub path: Vec<Element>,
}

impl Conflict {
    /// One for each field.
    pub fn all<'a>(manager: &'a Manager, fields: &FieldSet) -> impl Iterator<Item = Conflict> + use<'a> {
        fields.paths().into_iter().map(|path| Conflict { manager: manager.clone(), path })
    }
}

/// By manager; each manager's fields stay in order.
pub fn sorted(mut conflicts: Vec<Conflict>) -> Vec<Conflict> {
    conflicts.sort_by(|a, b| a.manager.cmp_in_conflicts(&b.manager));
    conflicts
}

/// `"kubectl-patch" using v1`; who applies is named alone.
fn named(manager: &Manager) -> String {
    let mut text = quote(&manager.name);
    if !manager.subresource.is_empty() {
        text += &format!(" with subresource {}", quote(&manager.subresource));
    }
    if manager.operation == Operation::Update {
        text += &format!(" using {}", manager.api_version);
    }
    text
}

/// The server's answer to sorted conflicts.
pub fn to_api_error(conflicts: &[Conflict]) -> ApiError {
    let message = match conflicts {
        [one] => format!("Apply failed with 1 conflict: conflict with {}: {}", named(&one.manager), shown(&one.path)),
        many => {
            let of_one = many.chunk_by(|a, b| a.manager.is(&b.manager));
            let lines = of_one.map(|of_one| {
                let fields: String = of_one.iter().map(|conflict| format!("\n- {}", shown(&conflict.path))).collect();
                format!("conflicts with {}:{fields}", named(&of_one[0].manager))
            });
            format!("Apply failed with {} conflicts: {}", many.len(), lines.collect::<Vec<_>>().join("\n"))
        }
    };
    let mut error = ApiError::new(Reason::Conflict, message);
    let cause = |conflict: &Conflict| FieldError {
        kind: FieldErrorType::FieldManagerConflict,
        field: shown(&conflict.path),
        body: format!("conflict with {}", named(&conflict.manager)),
    };
    error.details.causes = conflicts.iter().map(cause).collect();
    error
}
