//! Which objects a command is about: `TYPE NAME…`, `TYPE/NAME…`, `TYPE,TYPE`, `-l`, `--all`, `-f`.
//!
//! Mirrors `staging/src/k8s.io/cli-runtime/pkg/resource/builder.go`, v1.36.

use serde_json::Value;

use super::Call;
use super::failure::{Answer, Failure};
use super::field::{name, namespace};
use super::{field_selector, manifest};
use crate::api::resources::{self, Resource};
use crate::api::selector::Selector;
use crate::api::status::{ApiError, Reason};

/// One object that a command is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// Its resource.
    pub resource: &'static Resource,
    /// Its namespace; empty for cluster-scoped resources.
    pub ns: String,
    /// Its name; empty when the manifest has only `generateName`.
    pub name: String,
    /// The manifest, or the object as the server has it; null when it wasn't fetched.
    pub object: Value,
    /// The file it came from.
    pub source: Option<String>,
}

impl Info {
    /// `deployment.apps/web`.
    pub fn title(&self) -> String {
        format!("{}/{}", self.resource.qualified_singular(), self.name)
    }

    /// `deployments/web`, as warnings have it.
    pub fn plural_title(&self) -> String {
        format!("{}/{}", self.resource.plural, self.name)
    }

    /// The object as an info, from a list.
    pub fn of(resource: &'static Resource, object: Value) -> Info {
        Info { resource, ns: namespace(&object).to_owned(), name: name(&object).to_owned(), object, source: None }
    }
}

/// The answer to one request: one object by name, or the list of a type.
#[derive(Clone, Debug)]
pub struct Group {
    /// The type asked for.
    pub resource: &'static Resource,
    /// What was found.
    pub infos: Vec<Info>,
}

/// All that a command is about.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// The answers in order.
    pub groups: Vec<Group>,
    /// What went wrong with the others.
    pub failures: Vec<Failure>,
    /// Whether exactly one object was named, so that `-o yaml` prints it bare.
    pub single: bool,
}

impl Targets {
    /// The objects, without their groups.
    pub fn infos(self) -> Vec<Info> {
        self.groups.into_iter().flat_map(|g| g.infos).collect()
    }
}

/// How a command lets its objects be named.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// `TYPE` alone means all of them (`get`), also without `--all` or `-l`.
    pub type_alone: bool,
    /// Don't fetch objects that are named: the command will ask for them anyway (`delete`).
    pub unfetched: bool,
}

/// Whether a command line names anything at all.
pub fn nothing_named(call: &Call<'_>, args: &[String]) -> bool {
    args.is_empty() && !call.flags.has("filename") && !call.flags.has("kustomize")
}

/// Finds the objects that arguments and flags name.
///
/// # Errors
/// Unknown types and misuse of the forms, before anything is asked of the server. NotFound and the like are in [`Targets::failures`].
pub fn find(call: &Call<'_>, args: &[String], rules: Rules) -> Answer<Targets> {
    let mut targets = Targets::default();
    if call.flags.has("filename") || call.flags.has("kustomize") {
        if !args.is_empty() {
            return Err(Failure::plain("when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well"));
        }
        let (infos, failures) = manifest::read(call)?;
        targets.failures = failures;
        targets.single = infos.len() == 1;
        for mut info in infos {
            if !rules.unfetched {
                match call.api.get(info.resource, &info.ns, &info.name) {
                    Ok(object) => info.object = object,
                    Err(error) => {
                        targets.failures.push(error.into());
                        continue;
                    }
                }
            }
            targets.groups.push(Group { resource: info.resource, infos: vec![info] });
        }
        return Ok(targets);
    }
    let chosen = has_selector(call);
    named(call, args, rules, chosen, &mut targets)?;
    Ok(targets)
}

/// As [`find`], for commands whose `--selector` means something else.
///
/// # Errors
/// As [`find`].
pub fn find_by_name(call: &Call<'_>, args: &[String], rules: Rules) -> Answer<Targets> {
    if call.flags.has("filename") {
        return find(call, args, rules);
    }
    let mut targets = Targets::default();
    named(call, args, rules, false, &mut targets)?;
    Ok(targets)
}

fn named(call: &Call<'_>, args: &[String], rules: Rules, chosen: bool, targets: &mut Targets) -> Answer<()> {
    match parse(args)? {
        Named::Objects(names) => {
            if chosen {
                return Err(Failure::plain("name cannot be provided when a selector is specified"));
            }
            targets.single = names.len() == 1;
            for (resource, name) in names {
                one(call, resource, &name, rules, targets)?;
            }
        }
        Named::Types(types) => {
            if !(chosen || call.flags.on("all") || rules.type_alone) {
                return Err(Failure::plain("resource(s) were provided, but no name was specified"));
            }
            for resource in types {
                match list(call, resource) {
                    Ok(infos) => targets.groups.push(Group { resource, infos }),
                    Err(failure) => targets.failures.push(failure),
                }
            }
        }
        Named::Nothing => return Err(Failure::plain(NOTHING)),
    }
    Ok(())
}

/// What kubectl says when there is nothing to work on.
pub const NOTHING: &str = "You must provide one or more resources by argument or filename.\n\
Example resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'";

fn has_selector(call: &Call<'_>) -> bool {
    !call.flags.text("selector").is_empty() || !call.flags.text("field-selector").is_empty()
}

fn one(call: &Call<'_>, resource: &'static Resource, name: &str, rules: Rules, targets: &mut Targets) -> Answer<()> {
    if call.flags.on("all-namespaces") && resource.namespaced {
        return Err(Failure::plain("a resource cannot be retrieved by name across all namespaces"));
    }
    let ns = if resource.namespaced { call.namespace().to_owned() } else { String::new() };
    let object = if rules.unfetched { Ok(Value::Null) } else { call.api.get(resource, &ns, name) };
    match object {
        Ok(object) => {
            let info = Info { resource, ns, name: name.to_owned(), object, source: None };
            targets.groups.push(Group { resource, infos: vec![info] });
        }
        Err(error) => targets.failures.push(error.into()),
    }
    Ok(())
}

/// The objects of a type that the selectors choose.
fn list(call: &Call<'_>, resource: &'static Resource) -> Answer<Vec<Info>> {
    let ns = (resource.namespaced && !call.flags.on("all-namespaces")).then(|| call.namespace());
    let labels = selector(call, resource)?;
    let fields = field_selector::parse(resource, call.flags.text("selector"), call.flags.text("field-selector"))?;
    let objects = call.api.list(resource, ns, &labels)?;
    Ok(objects.into_iter().filter(|object| fields.matches(object)).map(|object| Info::of(resource, object)).collect())
}

/// The `-l` of a command line.
///
/// # Errors
/// The server's words when it can't be read.
pub fn selector(call: &Call<'_>, resource: &Resource) -> Answer<Selector> {
    let text = call.flags.text("selector").trim();
    if text.is_empty() {
        return Ok(Selector::default());
    }
    Selector::parse(text).map_err(|why| {
        let what = field_selector::unable_to_find(resource, text, call.flags.text("field-selector"));
        ApiError::new(Reason::BadRequest, format!("{what}: {why}")).into()
    })
}

/// What arguments name.
pub enum Named {
    /// No arguments.
    Nothing,
    /// Types alone.
    Types(Vec<&'static Resource>),
    /// Objects by type and name.
    Objects(Vec<(&'static Resource, String)>),
}

/// Reads arguments as types or objects.
///
/// # Errors
/// Unknown types; `TYPE/NAME` mixed with `TYPE NAME`.
pub fn parse(args: &[String]) -> Answer<Named> {
    if args.iter().any(|arg| arg.contains('/')) {
        if !args.iter().all(|arg| arg.contains('/')) {
            let example = "'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'";
            let why = "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form";
            return Err(Failure::Plain(format!("{why} (e.g. {example}")));
        }
        let mut names = Vec::new();
        for arg in args {
            let parts: Vec<&str> = arg.split('/').collect();
            let [kind, name] = parts.as_slice() else {
                return Err(Failure::plain("arguments in resource/name form may not have more than one slash"));
            };
            if kind.is_empty() || name.is_empty() || kind.contains(',') {
                return Err(Failure::plain("arguments in resource/name form must have a single resource and name"));
            }
            names.push((resource(kind)?, (*name).to_owned()));
        }
        return Ok(Named::Objects(names));
    }
    let Some((kinds, names)) = args.split_first() else { return Ok(Named::Nothing) };
    let mut types = Vec::new();
    for kind in kinds.split(',') {
        match resources::in_category(kind) {
            members if members.is_empty() => types.push(resource(kind)?),
            members => types.extend(members),
        }
    }
    if names.is_empty() {
        return Ok(Named::Types(types));
    }
    Ok(Named::Objects(types.iter().flat_map(|r| names.iter().map(|name| (*r, name.clone()))).collect()))
}

/// The resource that a word stands for.
///
/// # Errors
/// `the server doesn't have a resource type "foo"`.
pub fn resource(word: &str) -> Answer<&'static Resource> {
    resources::lookup(word).ok_or_else(|| {
        let kind = word.split('.').next().unwrap_or(word);
        Failure::Plain(format!("the server doesn't have a resource type {kind:?}"))
    })
}
