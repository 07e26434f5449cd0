//! `kubectl edit` and `kubectl apply edit-last-applied`: an object as text, and what came back from the editor as a patch. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/util/editor/editoptions.go`, v1.36.
//!
//! Here nobody can open an editor, so the driver does it, in two steps that it asks for with two files beside the command line's own. With
//! [`TO_EDIT`] the command prints the text to be edited: the content is empty, or the text whose mistakes are to be told in its header. With
//! [`EDITED`] it does what the text says. With neither there is no editor, as if it were `false`.
//!
//! Left out: `--subresource`, `--windows-line-endings`.

use serde_json::{Map, Value, json};

use super::api::{FieldValidation, PatchKind, WriteOptions};
use super::apply::annotated;
use super::create::field_validation;
use super::failure::{Answer, Failure};
use super::field::{entry, name, text};
use super::flags::{Flag, optional, refused, short, short_switch, switch, value};
use super::rollback::LAST_APPLIED;
use super::target::{self, Info, Rules};
use super::{Call, DryRun, Next, applied, emit, output};
use crate::api::patch::three_way;
use crate::api::quote::quote;
use crate::api::status::{ApiError, Reason};
use crate::api::yaml;

/// The file that asks for the text to be edited.
pub const TO_EDIT: &str = "file-to-edit";

/// The file with the text that the editor gave back.
pub const EDITED: &str = "edited-file";

/// The flags of `edit`.
pub const FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("filename", 'f'),
    short("kustomize", 'k'),
    short_switch("recursive", 'R'),
    switch("output-patch"),
    switch("record"),
    switch("save-config"),
    switch("show-managed-fields"),
    optional("validate", "strict"),
    value("field-manager"),
    refused("subresource"),
    refused("windows-line-endings"),
];

/// The flags of `apply edit-last-applied`.
pub const APPLIED_FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("filename", 'f'),
    short("kustomize", 'k'),
    short_switch("recursive", 'R'),
    switch("record"),
    switch("show-managed-fields"),
    optional("validate", "strict"),
    value("field-manager"),
    refused("windows-line-endings"),
];

/// What is edited.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Objects,
    LastApplied,
}

impl Mode {
    fn header(self) -> &'static str {
        match self {
            Mode::Objects => {
                "# Please edit the object below. Lines beginning with a '#' will be ignored,\n\
                 # and an empty file will abort the edit. If an error occurs while saving this file will be\n\
                 # reopened with the relevant failures.\n#\n"
            }
            Mode::LastApplied => {
                "# Please edit the 'last-applied-configuration' annotations below.\n\
                 # Lines beginning with a '#' will be ignored, and an empty file will abort the edit.\n#\n"
            }
        }
    }
}

/// A reason why the text comes back: what is wrong, and its details.
type Problem = (String, Vec<String>);

/// Runs `kubectl edit`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let infos = found(call)?;
    if infos.is_empty() {
        return Err(Failure::plain("edit cancelled, no objects found"));
    }
    edit(call, Mode::Objects, infos)
}

/// Runs `kubectl apply edit-last-applied`.
pub fn last_applied(call: &mut Call<'_>) -> Answer<Next> {
    let mut configurations = Vec::new();
    for mut info in found(call)? {
        let Some(applied) = entry(&info.object, "metadata.annotations", LAST_APPLIED) else { continue };
        info.object = serde_json::from_str(applied).map_err(|error| Failure::Plain(error.to_string()))?;
        configurations.push(info);
    }
    if configurations.is_empty() {
        let hint = "to create the annotation, use command `kubectl apply set-last-applied --create-annotation`";
        return Err(Failure::Plain(format!("no last-applied-configuration annotation found on resources, {hint}")));
    }
    edit(call, Mode::LastApplied, configurations)
}

fn found(call: &Call<'_>) -> Answer<Vec<Info>> {
    let args = call.flags.args.clone();
    if target::nothing_named(call, &args) {
        return Err(Failure::plain(target::NOTHING));
    }
    let mut targets = target::find(call, &args, Rules { type_alone: true, ..Rules::default() })?;
    match Failure::all(std::mem::take(&mut targets.failures)) {
        Some(failure) => Err(failure),
        None => Ok(targets.infos()),
    }
}

fn edit(call: &mut Call<'_>, mode: Mode, infos: Vec<Info>) -> Answer<Next> {
    field_validation(call)?;
    let original = printed(call, &infos);
    if let Some(before) = call.files.get(TO_EDIT) {
        let text = if before.is_empty() { opened(call, mode, &[], &original) } else { reopened(call, mode, &infos, before)? };
        call.out.push_str(&text);
        return Ok(Next::Done);
    }
    let Some(edited) = call.files.get(EDITED) else {
        return Err(Failure::plain("there was a problem with the editor \"false\""));
    };
    if is_same(&original, edited) {
        call.err.push_str("Edit cancelled, no changes made.\n");
        return Ok(Next::Done);
    }
    if without_comments(edited).trim().is_empty() {
        call.err.push_str("Edit cancelled, saved file was empty.\n");
        return Ok(Next::Done);
    }
    let objects = parsed(edited).map_err(|(why, _)| Failure::Plain(why))?;
    let mut failures = Vec::new();
    for object in objects {
        let info = original_of(&infos, &object)?;
        failures.extend(save(call, mode, info, object)?);
    }
    match failures.len() {
        0 => Ok(Next::Done),
        // kubectl says of each what is wrong, and ends without another word.
        _ => Err(Failure::Bare(failures.join("\n"))),
    }
}

/// The objects as text: one as it is, several as a list.
fn printed(call: &Call<'_>, infos: &[Info]) -> String {
    printed_objects(call, infos.iter().map(|info| output::shown(info.object.clone(), false)).collect())
}

fn printed_objects(call: &Call<'_>, mut objects: Vec<Value>) -> String {
    let whole = match objects.len() {
        1 => objects.remove(0),
        _ => json!({"apiVersion": "v1", "items": objects, "kind": "List", "metadata": {}}),
    };
    if is_json(call) { emit::json(&whole) } else { emit::yaml(&whole) }
}

fn is_json(call: &Call<'_>) -> bool {
    call.flags.text("output") == "json"
}

/// The text under its header. JSON has no comments, so it has no header either.
fn opened(call: &Call<'_>, mode: Mode, problems: &[Problem], text: &str) -> String {
    if is_json(call) {
        return text.to_owned();
    }
    let mut file = mode.header().to_owned();
    for (head, details) in problems {
        let colon = if details.is_empty() { "" } else { ":" };
        file.push_str(&format!("# {}{colon}\n", commented(head)));
        details.iter().for_each(|detail| file.push_str(&format!("# * {}\n", commented(detail))));
        file.push_str("#\n");
    }
    file + text
}

/// Lines after the first become comments too.
fn commented(text: &str) -> String {
    text.trim_end_matches('\n').replace("\n#", "\n").replace('\n', "\n# ")
}

/// The text once more, with what was wrong with it.
///
/// # Errors
/// If nothing was wrong with it that another edit could mend.
fn reopened(call: &mut Call<'_>, mode: Mode, infos: &[Info], before: &str) -> Answer<String> {
    // What can be read is written anew, which takes only the comments away: lines of a text may begin with a `#` too.
    let (problems, text) = match parsed(before) {
        Err((_, problem)) => (vec![problem], without_comments(before)),
        Ok(objects) => {
            let text = printed_objects(call, objects.clone());
            let mut problems = Vec::new();
            for object in objects.into_iter().filter(|_| mode == Mode::Objects) {
                problems.extend(problem(call, original_of(infos, &object)?, object)?);
            }
            (problems, text)
        }
    };
    if problems.is_empty() {
        return Err(Failure::plain("there is nothing to mend in what was edited"));
    }
    Ok(opened(call, mode, &problems, &text))
}

/// What the server has against an edited object, asked without writing it.
fn problem(call: &mut Call<'_>, info: &Info, object: Value) -> Answer<Option<Problem>> {
    let patch = patch_to(call, info, object)?;
    let options = WriteOptions { dry_run: true, ..options(call)? };
    match call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Strategic, &patch, &options) {
        Err(error) if error.reason == Reason::Invalid => {
            let head = format!("{} {} was not valid", info.resource.qualified(), quote(&info.name));
            Ok(Some((head, error.details.causes.iter().map(ToString::to_string).collect())))
        }
        _ => Ok(None),
    }
}

/// The edited objects, or what is wrong with the text: in a word, and as the header has it.
fn parsed(edited: &str) -> Result<Vec<Value>, (String, Problem)> {
    let documents = yaml::documents(edited).map_err(|error| {
        let why = format!("error parsing edited-file: {}", error.kubectl_message());
        (why.clone(), (format!("The edited file had a syntax error: {why}"), Vec::new()))
    })?;
    let trees = documents.into_iter().map(|document| document.tree).filter(|tree| !tree.is_null());
    let items = |tree: Value| match tree.get("items").and_then(Value::as_array) {
        Some(items) if text(&tree, "kind") == "List" => items.clone(),
        _ => vec![tree],
    };
    Ok(trees.flat_map(items).collect())
}

/// The object that was given to the editor and came back as this one.
fn original_of<'i>(infos: &'i [Info], object: &Value) -> Answer<&'i Info> {
    let uid = text(object, "metadata.uid");
    let same = infos.iter().find(|info| text(&info.object, "metadata.uid") == uid);
    same.ok_or_else(|| Failure::Plain(format!("no original object found for {}", crate::api::quote::shown_by_go(object))))
}

/// Writes an edited object. Answers with what the server has against it, in kubectl's words.
fn save(call: &mut Call<'_>, mode: Mode, info: &Info, object: Value) -> Answer<Option<String>> {
    if output::shown(info.object.clone(), false) == object {
        call.say(info.resource, &info.name, &object, "skipped", DryRun::No)?;
        return Ok(None);
    }
    if mode == Mode::LastApplied {
        let patch = applied::patch(&applied::annotation(&object));
        let written = call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Merge, &patch, &options(call)?)?;
        call.warn(&written);
        call.say(info.resource, &info.name, &object, "edited", DryRun::No)?;
        return Ok(None);
    }
    let patch = patch_to(call, info, object)?;
    if call.flags.on("output-patch") {
        call.out.push_str(&format!("Patch: {}\n", emit::compact_json(&patch)));
    }
    match call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Strategic, &patch, &options(call)?) {
        Ok(written) => {
            call.warn(&written);
            call.say(info.resource, &info.name, &written.object, "edited", DryRun::No)?;
            Ok(None)
        }
        Err(error) => Ok(Some(refused_with(info, &error))),
    }
}

fn refused_with(info: &Info, error: &ApiError) -> String {
    let what = format!("error: {} {}", info.resource.qualified(), quote(&info.name));
    match error.reason {
        Reason::Invalid => format!("{what} is invalid"),
        Reason::NotFound => format!("{what} could not be found on the server"),
        _ => format!("{what} could not be patched: {error}"),
    }
}

/// The patch from the object as it was to what it was made.
fn patch_to(call: &Call<'_>, info: &Info, mut object: Value) -> Answer<Value> {
    let same = |field: &str| super::field::at(&info.object, field) == super::field::at(&object, field);
    if !same("apiVersion") || !same("kind") || name(&info.object) != name(&object) {
        return Err(Failure::plain("At least one of apiVersion, kind and name was changed"));
    }
    if call.flags.on("save-config") {
        object = annotated(object);
    }
    call.note_cause(&mut object);
    let before = output::shown(info.object.clone(), false);
    let patch = three_way(info.resource, Some(&before), &object, &before).map_err(Failure::Plain)?;
    Ok(if patch.is_object() { patch } else { Value::Object(Map::new()) })
}

fn options(call: &Call<'_>) -> Answer<WriteOptions> {
    let field_validation: FieldValidation = field_validation(call)?;
    Ok(WriteOptions { field_validation, ..call.write_options(DryRun::No, "kubectl-edit") })
}

/// Whether two texts say the same, comments aside.
pub fn is_same(before: &str, after: &str) -> bool {
    match (yaml::documents(before), yaml::documents(after)) {
        (Ok(before), Ok(after)) => before.iter().map(|d| &d.tree).eq(after.iter().map(|d| &d.tree)),
        _ => without_comments(before) == without_comments(after),
    }
}

/// The lines that aren't comments.
fn without_comments(text: &str) -> String {
    let is_comment = |line: &&str| line.trim_start().starts_with('#') && !line.trim_start().starts_with("#!");
    text.split_inclusive('\n').filter(|line| !is_comment(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Cluster, Config};
    use crate::kubectl::{self, Invocation, Outcome, Output};

    fn kubectl(cluster: &mut Cluster, line: &str, file: Option<(&str, &str)>) -> Output {
        let files = file.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        match cluster.kubectl(&Invocation { args: kubectl::split(line).expect("a line"), files }) {
            Outcome::Done(output) => output,
            Outcome::Waiting(..) => panic!("{line} doesn't wait"),
        }
    }

    #[track_caller]
    fn check(cluster: &mut Cluster, line: &str, edited: &str, expected: (&str, &str, i32)) {
        let seen = kubectl(cluster, line, Some((EDITED, edited)));
        assert_eq!((seen.stdout.as_str(), seen.stderr.as_str(), seen.code), expected);
    }

    #[test]
    fn an_object_goes_to_the_editor_and_comes_back() {
        let mut cluster = Cluster::new(Config::default());
        kubectl(&mut cluster, "create configmap c --from-literal=a=b", None);
        let none = kubectl(&mut cluster, "edit cm c", None);
        assert_eq!((none.stderr.as_str(), none.code), ("error: there was a problem with the editor \"false\"\n", 1));
        let text = kubectl(&mut cluster, "edit cm c", Some((TO_EDIT, ""))).stdout;
        assert!(text.starts_with("# Please edit the object below.") && text.contains("\n#\napiVersion: v1\ndata:\n  a: b\n"), "{text}");
        check(&mut cluster, "edit cm c", &text, ("", "Edit cancelled, no changes made.\n", 0));
        check(&mut cluster, "edit cm c", "# nothing\n", ("", "Edit cancelled, saved file was empty.\n", 0));
        let renamed = "error: At least one of apiVersion, kind and name was changed\n";
        check(&mut cluster, "edit cm c", &text.replace("name: c\n", "name: d\n"), ("", renamed, 1));
        check(&mut cluster, "edit cm c", &text.replace("a: b", "a: c"), ("configmap/c edited\n", "", 0));
        assert_eq!(kubectl(&mut cluster, "get cm c -o jsonpath={.data.a}", None).stdout, "c");
    }

    #[test]
    fn what_is_refused_comes_back_with_the_reason() {
        let mut cluster = Cluster::new(Config::default());
        kubectl(&mut cluster, "create deployment web --image=nginx", None);
        let text = kubectl(&mut cluster, "edit deploy web", Some((TO_EDIT, ""))).stdout;
        let wrong = text.replace("replicas: 1", "replicas: -1");
        check(&mut cluster, "edit deploy web", &wrong, ("", "error: deployments.apps \"web\" is invalid\n", 1));
        let again = kubectl(&mut cluster, "edit deploy web", Some((TO_EDIT, &wrong))).stdout;
        let reason = "#\n# deployments.apps \"web\" was not valid:\n\
                      # * spec.replicas: Invalid value: -1: must be greater than or equal to 0\n#\napiVersion: apps/v1\n";
        assert!(again.contains(reason), "{again}");
        let broken = kubectl(&mut cluster, "edit deploy web", Some((TO_EDIT, "a: [\n"))).stdout;
        assert!(broken.contains("\n# The edited file had a syntax error: error parsing edited-file: "), "{broken}");
    }

    #[test]
    fn what_was_applied_last_can_be_edited() {
        let mut cluster = Cluster::new(Config::default());
        let missing = "error: no last-applied-configuration annotation found on resources, to create the annotation, \
                       use command `kubectl apply set-last-applied --create-annotation`\n";
        kubectl(&mut cluster, "create configmap c --from-literal=a=b", None);
        assert_eq!(kubectl(&mut cluster, "apply edit-last-applied cm/c", None).stderr, missing);
        let manifest = "{apiVersion: v1, kind: ConfigMap, metadata: {name: d}, data: {a: b}}";
        kubectl(&mut cluster, "apply -f m.yaml", Some(("m.yaml", manifest)));
        let text = kubectl(&mut cluster, "apply edit-last-applied cm/d", Some((TO_EDIT, ""))).stdout;
        assert!(text.starts_with("# Please edit the 'last-applied-configuration' annotations below."), "{text}");
        check(&mut cluster, "apply edit-last-applied cm/d", &text.replace("a: b", "a: x"), ("configmap/d edited\n", "", 0));
        let applied = kubectl(&mut cluster, "apply view-last-applied cm/d -o json", None).stdout;
        assert!(applied.contains("\"a\": \"x\""), "{applied}");
    }
}
