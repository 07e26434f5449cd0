//! How kubectl says that something went wrong. Mirrors `checkErr` of `staging/src/k8s.io/kubectl/pkg/cmd/util/helpers.go`, v1.36.

use crate::api::status::{ApiError, Reason};

/// What a command ends with when it doesn't succeed. Exit code 1 in every case.
#[derive(Clone, PartialEq, Debug)]
pub enum Failure {
    /// Printed as `error: …`.
    Plain(String),
    /// Printed as `error: …`, then where to find help for the command.
    Usage {
        /// The words after kubectl, such as `rollout undo`.
        command: String,
        /// What is wrong.
        message: String,
    },
    /// Printed as it is.
    Bare(String),
    /// The server said no.
    Server(Box<ApiError>),
    /// Several at once: one line each, without the `error: ` prefix.
    Many(Vec<Failure>),
}

/// What commands answer with.
pub type Answer<T> = Result<T, Failure>;

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Failure::Server(Box::new(error))
    }
}

impl Failure {
    /// `error: message`.
    pub fn plain(message: impl Into<String>) -> Self {
        Failure::Plain(message.into())
    }

    /// `error: message`, followed by the hint at the command's help.
    pub fn usage(command: &str, message: impl Into<String>) -> Self {
        Failure::Usage { command: command.to_owned(), message: message.into() }
    }

    /// Something that kubectl does and we don't yet; always said, never ignored.
    pub fn not_simulated(what: &str) -> Self {
        Failure::Plain(format!("{what} is not simulated yet"))
    }

    /// All of them, or the only one. `None` when there is none.
    pub fn all(mut failures: Vec<Failure>) -> Option<Failure> {
        match failures.len() {
            0 => None,
            1 => failures.pop(),
            _ => Some(Failure::Many(failures)),
        }
    }

    /// The text for stderr, with its newline.
    pub fn render(&self) -> String {
        match self {
            Failure::Plain(message) if message.starts_with("error: ") => lined(message.clone()),
            Failure::Plain(message) => lined(format!("error: {message}")),
            Failure::Usage { command, message } => {
                let command = if command.is_empty() { String::new() } else { format!(" {command}") };
                format!("error: {message}\nSee 'kubectl{command} -h' for help and examples\n")
            }
            Failure::Bare(message) => lined(message.clone()),
            // kubectl ends this one with a line break even if it has one: a pod's refused changes end with an empty line.
            Failure::Server(error) if error.reason == Reason::Invalid => invalid(error) + "\n",
            Failure::Server(_) => lined(self.line()),
            Failure::Many(failures) => failures.iter().map(|f| lined(f.line())).collect(),
        }
    }

    /// The failure in one line, as it stands in a list of several.
    fn line(&self) -> String {
        match self {
            Failure::Plain(message) | Failure::Usage { message, .. } | Failure::Bare(message) => message.clone(),
            Failure::Server(error) => server_line(error),
            Failure::Many(failures) => failures.iter().map(Failure::line).collect::<Vec<_>>().join("\n"),
        }
    }

    /// The message alone, for wrapping into another sentence.
    pub fn message(&self) -> String {
        match self {
            Failure::Server(error) => error.message.clone(),
            other => other.line(),
        }
    }

    /// Whether the command line or a manifest is at fault, and not the state of the cluster.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Failure::Plain(_) | Failure::Usage { .. } | Failure::Bare(_) => true,
            Failure::Server(error) => {
                matches!(error.reason, Reason::BadRequest | Reason::Invalid | Reason::MethodNotAllowed | Reason::UnsupportedMediaType)
            }
            Failure::Many(failures) => failures.iter().any(Failure::is_bad_input),
        }
    }

    /// Whether it is the server's NotFound.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Failure::Server(error) if error.is_not_found())
    }

    /// Says which file the object came from: `error when creating "x.yaml": …`.
    #[must_use]
    pub fn about(self, verb: &str, source: Option<&str>) -> Self {
        let Some(source) = source else { return self };
        match self {
            Failure::Server(mut error) => {
                error.message = format!("error when {verb} {source:?}: {}", error.message);
                Failure::Server(error)
            }
            other => Failure::Plain(format!("error when {verb} {source:?}: {}", other.message())),
        }
    }
}

fn lined(mut text: String) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn server_line(error: &ApiError) -> String {
    match error.reason.as_str() {
        "" => format!("Error from server: {}", error.message),
        reason => format!("Error from server ({reason}): {}", error.message),
    }
}

/// `The Deployment "web" is invalid: …`, with a list when there are several causes.
fn invalid(error: &ApiError) -> String {
    let details = &error.details;
    let subject = match (details.kind.is_empty(), details.name.is_empty()) {
        (true, true) => "The request is invalid".to_owned(),
        _ => format!("The {} {:?} is invalid", details.kind, details.name),
    };
    let mut causes: Vec<String> = Vec::new();
    for cause in &details.causes {
        let line = if cause.field.is_empty() { cause.body.clone() } else { cause.to_string() };
        if !causes.contains(&line) {
            causes.push(line);
        }
    }
    match causes.as_slice() {
        [] => format!("{subject}: {}", error.message),
        [one] => format!("{subject}: {one}"),
        many => format!("{subject}: \n* {}", many.join("\n* ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::status::{FieldError, FieldErrorType};

    fn check(failure: Failure, text: &str) {
        assert_eq!(failure.render(), text);
    }

    #[test]
    fn words() {
        check(Failure::plain("x"), "error: x\n");
        check(Failure::usage("set image", "x"), "error: x\nSee 'kubectl set image -h' for help and examples\n");
        let gone = ApiError::not_found("apps", "deployments", "web");
        check(gone.clone().into(), "Error from server (NotFound): deployments.apps \"web\" not found\n");
        let wrapped = Failure::from(gone).about("deleting", Some("a.yaml"));
        check(wrapped, "Error from server (NotFound): error when deleting \"a.yaml\": deployments.apps \"web\" not found\n");
        let cause = |field: &str| FieldError { kind: FieldErrorType::Required, field: field.into(), body: "Required value".into() };
        check(
            ApiError::invalid("apps", "Deployment", "w", vec![cause("a")]).into(),
            "The Deployment \"w\" is invalid: a: Required value\n",
        );
        check(
            ApiError::invalid("", "Pod", "w", vec![cause("a"), cause("b"), cause("a")]).into(),
            "The Pod \"w\" is invalid: \n* a: Required value\n* b: Required value\n",
        );
    }
}
