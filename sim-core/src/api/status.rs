//! `metav1.Status`: how the simulated API server says no. Part of the simulated world, never a panic.

use serde_json::{Map, Value, json};
use std::fmt;

/// `metav1.StatusReason` with its HTTP code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// 400
    BadRequest,
    /// 403
    Forbidden,
    /// 404
    NotFound,
    /// 405
    MethodNotAllowed,
    /// 409: the name is taken.
    AlreadyExists,
    /// 409: somebody else wrote first.
    Conflict,
    /// 410: the resource version is older than the last compaction.
    Expired,
    /// 415
    UnsupportedMediaType,
    /// 422: validation failed.
    Invalid,
    /// 429
    TooManyRequests,
    /// 500
    InternalError,
    /// 504
    Timeout,
    /// None given: an error that nobody classified.
    Unknown,
}

impl Reason {
    /// The HTTP status code that goes with the reason.
    pub const fn code(self) -> u16 {
        match self {
            Reason::BadRequest => 400,
            Reason::Forbidden => 403,
            Reason::NotFound => 404,
            Reason::MethodNotAllowed => 405,
            Reason::AlreadyExists | Reason::Conflict => 409,
            Reason::Expired => 410,
            Reason::UnsupportedMediaType => 415,
            Reason::Invalid => 422,
            Reason::TooManyRequests => 429,
            Reason::InternalError | Reason::Unknown => 500,
            Reason::Timeout => 504,
        }
    }

    /// The reason as the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::BadRequest => "BadRequest",
            Reason::Forbidden => "Forbidden",
            Reason::NotFound => "NotFound",
            Reason::MethodNotAllowed => "MethodNotAllowed",
            Reason::AlreadyExists => "AlreadyExists",
            Reason::Conflict => "Conflict",
            Reason::Expired => "Expired",
            Reason::UnsupportedMediaType => "UnsupportedMediaType",
            Reason::Invalid => "Invalid",
            Reason::TooManyRequests => "TooManyRequests",
            Reason::InternalError => "InternalError",
            Reason::Timeout => "Timeout",
            Reason::Unknown => "",
        }
    }
}

/// `field.ErrorType` of `k8s.io/apimachinery/pkg/util/validation/field/errors.go`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldErrorType {
    /// `Invalid value`
    Invalid,
    /// `Required value`
    Required,
    /// `Duplicate value`
    Duplicate,
    /// `Not found`
    NotFound,
    /// `Unsupported value`
    NotSupported,
    /// `Forbidden`
    Forbidden,
    /// `Too long`
    TooLong,
    /// `Too many`
    TooMany,
    /// `Internal error`
    Internal,
    /// `Invalid value`, of the wrong type
    TypeInvalid,
    /// Owned by another field manager: not an error of the field, but told in the same form
    FieldManagerConflict,
    /// A budget doesn't allow it; not about a field either
    DisruptionBudget,
    /// Its namespace is going
    NamespaceTerminating,
}

impl FieldErrorType {
    /// The words that stand before the value in the message.
    pub const fn words(self) -> &'static str {
        match self {
            FieldErrorType::Invalid | FieldErrorType::TypeInvalid => "Invalid value",
            FieldErrorType::Required => "Required value",
            FieldErrorType::Duplicate => "Duplicate value",
            FieldErrorType::NotFound => "Not found",
            FieldErrorType::NotSupported => "Unsupported value",
            FieldErrorType::Forbidden => "Forbidden",
            FieldErrorType::TooLong => "Too long",
            FieldErrorType::TooMany => "Too many",
            FieldErrorType::Internal => "Internal error",
            FieldErrorType::FieldManagerConflict => "conflict",
            FieldErrorType::DisruptionBudget | FieldErrorType::NamespaceTerminating => "",
        }
    }

    /// The machine-readable reason in `details.causes`.
    pub const fn cause(self) -> &'static str {
        match self {
            FieldErrorType::Invalid => "FieldValueInvalid",
            FieldErrorType::TypeInvalid => "FieldValueTypeInvalid",
            FieldErrorType::Required => "FieldValueRequired",
            FieldErrorType::Duplicate => "FieldValueDuplicate",
            FieldErrorType::NotFound => "FieldValueNotFound",
            FieldErrorType::NotSupported => "FieldValueNotSupported",
            FieldErrorType::Forbidden => "FieldValueForbidden",
            FieldErrorType::TooLong => "FieldValueTooLong",
            FieldErrorType::TooMany => "FieldValueTooMany",
            FieldErrorType::Internal => "InternalError",
            FieldErrorType::FieldManagerConflict => "FieldManagerConflict",
            FieldErrorType::DisruptionBudget => "DisruptionBudget",
            FieldErrorType::NamespaceTerminating => "NamespaceTerminating",
        }
    }
}

/// One thing wrong with an object, at one field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldError {
    /// What kind of wrong.
    pub kind: FieldErrorType,
    /// The path, as `spec.template.spec.containers[0].image`.
    pub field: String,
    /// All after the path and its colon: `Invalid value: "x": must be …`.
    pub body: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body)
    }
}

/// What the message is about, for clients that look.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Details {
    /// The object's name, if there is one.
    pub name: String,
    /// The API group; empty for core.
    pub group: String,
    /// The kind, or for NotFound and the like the resource.
    pub kind: String,
    /// The object's UID, if known.
    pub uid: String,
    /// Field errors.
    pub causes: Vec<FieldError>,
    /// After how many seconds a client may try again; 0: it isn't told.
    pub retry_after_seconds: u32,
}

/// An answer of the API server that isn't success.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiError {
    /// Why.
    pub reason: Reason,
    /// The HTTP code; nearly always [`Reason::code`].
    pub code: u16,
    /// The sentence that kubectl prints.
    pub message: String,
    /// What it is about.
    pub details: Box<Details>,
}

/// `deployments.apps`, or `pods` in the core group.
pub fn qualified_resource(group: &str, resource: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

impl ApiError {
    /// An error with no details.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        ApiError { reason, code: reason.code(), message: message.into(), details: Box::default() }
    }

    fn about(reason: Reason, group: &str, resource: &str, name: &str, message: String) -> Self {
        let details = Details { name: name.to_owned(), group: group.to_owned(), kind: resource.to_owned(), ..Details::default() };
        ApiError { reason, code: reason.code(), message, details: Box::new(details) }
    }

    /// `deployments.apps "web" not found`
    pub fn not_found(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {name:?} not found", qualified_resource(group, resource));
        Self::about(Reason::NotFound, group, resource, name, message)
    }

    /// `deployments.apps "web" already exists`
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", qualified_resource(group, resource));
        Self::about(Reason::AlreadyExists, group, resource, name, message)
    }

    /// `Operation cannot be fulfilled on deployments.apps "web": the object has been modified; …`
    pub fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} {name:?}: {why}", qualified_resource(group, resource));
        Self::about(Reason::Conflict, group, resource, name, message)
    }

    /// The conflict of a write with an old resource version.
    pub fn modified(group: &str, resource: &str, name: &str) -> Self {
        Self::conflict(group, resource, name, "the object has been modified; please apply your changes to the latest version and try again")
    }

    /// `pods "x" is forbidden: why`
    pub fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let message = if name.is_empty() {
            format!("{} is forbidden: {why}", qualified_resource(group, resource))
        } else {
            format!("{} {name:?} is forbidden: {why}", qualified_resource(group, resource))
        };
        Self::about(Reason::Forbidden, group, resource, name, message)
    }

    /// The refusal of something new in a namespace that is going (`plugin/pkg/admission/namespace/lifecycle`).
    pub fn namespace_terminating(group: &str, resource: &str, name: &str, namespace: &str) -> Self {
        let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
        let mut error = Self::forbidden(group, resource, name, &why);
        let body = format!("namespace {namespace} is being terminated");
        error.details.causes = vec![FieldError { kind: FieldErrorType::NamespaceTerminating, field: "metadata.namespace".into(), body }];
        error
    }

    /// 429, with the cause of a disruption budget.
    pub fn too_many_evictions(cause: String, retry_after_seconds: u32) -> Self {
        let mut error = Self::new(Reason::TooManyRequests, "Cannot evict pod as it would violate the pod's disruption budget.");
        error.details.causes = vec![FieldError { kind: FieldErrorType::DisruptionBudget, field: String::new(), body: cause }];
        error.details.retry_after_seconds = retry_after_seconds;
        error
    }

    /// Whether a cause of this kind is among the details.
    pub fn has_cause(&self, kind: FieldErrorType) -> bool {
        self.details.causes.iter().any(|cause| cause.kind == kind)
    }

    /// `Deployment.apps "web" is invalid: spec.…: Required value`, or a list in brackets when there are several.
    /// (kubectl prints it as `The Deployment "web" is invalid: …`, from the details.)
    pub fn invalid(group: &str, kind: &str, name: &str, causes: Vec<FieldError>) -> Self {
        let mut lines: Vec<String> = Vec::new();
        for cause in &causes {
            let line = cause.to_string();
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        let list = match lines.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let message = format!("{} {name:?} is invalid: {list}", qualified_resource(group, kind));
        let details = Details { name: name.to_owned(), group: group.to_owned(), kind: kind.to_owned(), causes, ..Details::default() };
        ApiError { reason: Reason::Invalid, code: 422, message, details: Box::new(details) }
    }

    /// Whether the object or resource was not there.
    pub fn is_not_found(&self) -> bool {
        self.reason == Reason::NotFound
    }
    /// Whether somebody else wrote first.
    pub fn is_conflict(&self) -> bool {
        self.reason == Reason::Conflict
    }
    /// Whether a budget stands in the way.
    pub fn is_too_many_requests(&self) -> bool {
        self.reason == Reason::TooManyRequests
    }
    /// Whether the name was taken.
    pub fn is_already_exists(&self) -> bool {
        self.reason == Reason::AlreadyExists
    }

    /// The `metav1.Status` object that goes over the wire.
    pub fn to_status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason.as_str(), "code": self.code,
        });
        let mut details = Map::new();
        for (key, text) in
            [("name", &self.details.name), ("group", &self.details.group), ("kind", &self.details.kind), ("uid", &self.details.uid)]
        {
            if !text.is_empty() {
                details.insert(key.into(), Value::from(text.as_str()));
            }
        }
        if !self.details.causes.is_empty() {
            let cause = |cause: &FieldError| {
                let mut tree = json!({"reason": cause.kind.cause(), "message": cause.body});
                if !cause.field.is_empty() {
                    tree["field"] = cause.field.as_str().into();
                }
                tree
            };
            details.insert("causes".into(), self.details.causes.iter().map(cause).collect());
        }
        if self.details.retry_after_seconds != 0 {
            details.insert("retryAfterSeconds".into(), self.details.retry_after_seconds.into());
        }
        if !details.is_empty() {
            status["details"] = Value::Object(details);
        }
        status
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}
