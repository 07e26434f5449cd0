//! `kubectl wait --for`: until a condition holds, a field has a value, or objects come or go. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/wait`, v1.36.

use std::collections::VecDeque;

use serde_json::Value;

use super::api::Api;
use super::failure::{Answer, Failure};
use super::field::{at, int, items, text};
use super::flags::{Flag, short, short_switch, switch, value};
use super::jsonpath::{Template, printed};
use super::target::{self, Info, Named, Rules};
use super::{Call, Next, Progress, Session};
use crate::kernel::time::{SimDuration, SimTime};

/// The flags of `wait`.
pub const FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("selector", 'l'),
    short("filename", 'f'),
    short_switch("all-namespaces", 'A'),
    short_switch("recursive", 'R'),
    switch("all"),
    value("field-selector"),
    value("for"),
    value("timeout"),
];

/// What is waited for.
#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    Deleted,
    Created,
    Condition(String, String),
    Field(Template, Option<String>),
}

/// A wait under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    objects: VecDeque<Info>,
    wanted: Wanted,
    deadline: SimTime,
    once: bool,
    name_only: bool,
    failures: Vec<Failure>,
}

/// Runs `kubectl wait`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let wanted = match call.flags.all("for") {
        [] => return Err(Failure::plain("unrecognized condition: []")),
        [one] => wanted(one)?,
        _ => return Err(Failure::not_simulated("kubectl wait with several --for")),
    };
    if !matches!(call.flags.text("output"), "" | "name") {
        return Err(Failure::not_simulated(&format!("kubectl wait -o {}", call.flags.text("output"))));
    }
    let timeout = call.flags.duration("timeout")?.unwrap_or(SimDuration::from_secs(30));
    let args = call.flags.args.clone();
    let objects: VecDeque<Info> = match (&wanted, target::parse(&args)) {
        // Objects that aren't there yet can only be named.
        (Wanted::Created, Ok(Named::Objects(names))) => {
            let ns = |namespaced: bool| if namespaced { call.namespace().to_owned() } else { String::new() };
            let info = |(resource, name): (&'static crate::api::resources::Resource, String)| Info {
                resource,
                ns: ns(resource.namespaced),
                name,
                object: Value::Null,
                source: None,
            };
            names.into_iter().map(info).collect()
        }
        _ => {
            let mut targets = target::find(call, &args, Rules::default())?;
            let mut failures = std::mem::take(&mut targets.failures);
            if wanted == Wanted::Deleted {
                failures.retain(|failure| !failure.is_not_found());
            }
            if let Some(failure) = Failure::all(failures) {
                return Err(failure);
            }
            targets.infos().into()
        }
    };
    if objects.is_empty() && wanted != Wanted::Deleted {
        return Err(Failure::plain("no matching resources found"));
    }
    let deadline = call.api.now() + timeout;
    let name_only = call.flags.text("output") == "name";
    let waiting = Waiting { objects, wanted, deadline, once: timeout.is_zero(), name_only, failures: Vec::new() };
    Ok(Next::Wait(Session::Wait(Box::new(waiting))))
}

fn wanted(text: &str) -> Answer<Wanted> {
    let unknown = || Failure::Plain(format!("unrecognized condition: {text:?}"));
    if text.eq_ignore_ascii_case("delete") {
        Ok(Wanted::Deleted)
    } else if text.eq_ignore_ascii_case("create") {
        Ok(Wanted::Created)
    } else if let Some(condition) = text.strip_prefix("condition=") {
        let (name, status) = condition.split_once('=').unwrap_or((condition, "true"));
        Ok(Wanted::Condition(name.to_owned(), status.to_owned()))
    } else if let Some(path) = text.strip_prefix("jsonpath=") {
        let (path, value) = match path.rfind('=').filter(|at| !path[*at..].contains('}') && !path[..*at].ends_with(['=', '!', '<', '>'])) {
            Some(at) => (&path[..at], Some(path[at + 1..].trim_matches(['\'', '"']).to_owned())),
            None => (path, None),
        };
        if value.as_deref() == Some("") {
            return Err(Failure::plain(
                "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3",
            ));
        }
        let template = Template::relaxed(path.trim_matches('\'')).map_err(Failure::Plain)?;
        Ok(Wanted::Field(template, value))
    } else {
        Err(unknown())
    }
}

impl Wanted {
    /// Whether the object (or its absence) is what is waited for.
    fn holds(&self, object: Option<&Value>) -> bool {
        let Some(object) = object else { return *self == Wanted::Deleted };
        match self {
            Wanted::Deleted => false,
            Wanted::Created => true,
            Wanted::Condition(name, status) => {
                let condition = items(object, "status.conditions").iter().find(|c| text(c, "type").eq_ignore_ascii_case(name));
                let Some(condition) = condition else { return false };
                let seen = at(condition, "observedGeneration").as_i64().or_else(|| at(object, "status.observedGeneration").as_i64());
                let current = seen.is_none_or(|seen| seen >= int(object, "metadata.generation"));
                current && text(condition, "status").eq_ignore_ascii_case(status)
            }
            Wanted::Field(template, value) => match (template.find(object).as_slice(), value) {
                ([], _) => false,
                (_, None) => true,
                (found, Some(value)) => found.iter().any(|f| printed(f) == value.trim()),
            },
        }
    }
}

impl Waiting {
    /// Looks whether the objects, one after the other, are as wanted.
    pub fn poll(&mut self, api: &mut dyn Api) -> Progress {
        let mut progress = Progress::waiting(Some(self.deadline));
        while let Some(info) = self.objects.front() {
            let object = match api.get(info.resource, &info.ns, &info.name) {
                Ok(object) => Some(object),
                Err(error) if error.is_not_found() => None,
                Err(error) => {
                    self.failures.push(error.into());
                    self.objects.pop_front();
                    continue;
                }
            };
            let title = info.title();
            let what = format!("{}/{}", info.resource.plural, info.name);
            let late = self.deadline <= api.now() && !self.once;
            if self.wanted.holds(object.as_ref()) && !late {
                let line = if self.name_only { format!("{title}\n") } else { format!("{title} condition met\n") };
                progress.output.stdout.push_str(&line);
            } else if late {
                self.failures.push(Failure::Plain(format!("timed out waiting for the condition on {what}")));
            } else if self.once {
                self.failures.push(Failure::Plain(format!("condition not met for {what}")));
            } else if object.is_none() && !matches!(self.wanted, Wanted::Created | Wanted::Deleted) {
                let error = crate::api::status::ApiError::not_found(info.resource.group, info.resource.plural, &info.name);
                self.failures.push(error.into());
            } else {
                return progress;
            }
            self.objects.pop_front();
        }
        progress.end(Failure::all(std::mem::take(&mut self.failures)));
        progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(text: &str, holds: bool) {
        let object = json!({"status": {"phase": "Running", "n": 3, "conditions": [{"type": "Ready", "status": "True"}]}});
        assert_eq!(wanted(text).expect(text).holds(Some(&object)), holds, "{text}");
    }

    #[test]
    fn conditions() {
        check("condition=ready", true);
        check("condition=Ready=false", false);
        check("jsonpath={.status.phase}=Running", true);
        check("jsonpath='{.status.phase}'=Running", true);
        check("jsonpath={.status.n}=4", false);
        check("jsonpath={.status.n}", true);
        check("create", true);
        check("delete", false);
        assert!(wanted("foo").is_err());
    }
}
