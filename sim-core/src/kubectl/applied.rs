//! `kubectl apply view-last-applied` and `set-last-applied`: what was applied last, which stands in an annotation. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/apply/apply_{view,set}_last_applied.go`, v1.36.

use serde_json::{Value, json};

use super::api::PatchKind;
use super::emit::{self, compact_json};
use super::failure::{Answer, Failure};
use super::field::entry;
use super::flags::{Flag, optional, short, switch};
use super::rollback::LAST_APPLIED;
use super::target::{self, Info, Rules};
use super::{Call, DryRun, Next, manifest};

/// The flags of `apply view-last-applied`.
pub const VIEW_FLAGS: &[Flag] = &[switch("all")];

/// The flags of `apply set-last-applied`.
pub const SET_FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("filename", 'f'),
    switch("create-annotation"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
];

/// Runs `kubectl apply view-last-applied`.
pub fn view(call: &mut Call<'_>) -> Answer<Next> {
    let args = call.flags.args.clone();
    if target::nothing_named(call, &args) {
        return Err(Failure::plain(target::NOTHING));
    }
    // A type alone means all of it only where kubectl was told a namespace: an accident upstream, and kept.
    let rules = Rules { type_alone: call.explicit_namespace(), ..Rules::default() };
    let targets = target::find(call, &args, rules)?;
    if let Some(failure) = targets.failures.first() {
        return Err(failure.clone());
    }
    let infos = targets.infos();
    let mut found = Vec::new();
    for info in &infos {
        match (entry(&info.object, "metadata.annotations", LAST_APPLIED), &info.source) {
            (Some(text), _) => found.push(text.to_owned()),
            (None, Some(source)) => {
                let what = format!("no last-applied-configuration annotation found on resource: {}\n", info.name);
                return Err(Failure::Plain(format!("error when {what} {source:?}: <nil>")));
            }
            // kubectl forgets the error where no file is to blame.
            (None, None) => {}
        }
    }
    let format = call.flags.get("output").unwrap_or("yaml").to_owned();
    for text in found {
        match format.as_str() {
            "json" => call.out.push_str(&indented(&text)),
            "yaml" => {
                let tree: Value = serde_json::from_str(&text).map_err(|error| Failure::Plain(error.to_string()))?;
                call.out.push_str(&emit::yaml(&tree));
            }
            other => {
                let why = format!("Unexpected -o output mode: {other}, the flag 'output' must be one of yaml|json");
                return Err(call.flags.usage(why));
            }
        }
    }
    Ok(Next::Done)
}

/// A JSON text with a line for each entry, its order and its spelling kept: Go's `json.Indent` with two spaces.
fn indented(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut quoted, mut escaped, mut opened) = (0usize, false, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    for c in text.chars() {
        if quoted {
            out.push(c);
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        // What was just opened gets its line only if something is in it.
        let first = std::mem::take(&mut opened) && !matches!(c, '}' | ']');
        let empty = out.ends_with(['{', '[']) && !first;
        if first {
            line(&mut out, depth);
        }
        match c {
            '{' | '[' => {
                out.push(c);
                depth += 1;
                opened = true;
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !empty {
                    line(&mut out, depth);
                }
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c => {
                quoted = c == '"';
                out.push(c);
            }
        }
    }
    out
}

/// Runs `kubectl apply set-last-applied`: looks at all objects before it writes to the first.
pub fn set(call: &mut Call<'_>) -> Answer<Next> {
    let dry_run = call.dry_run()?;
    let (infos, failures) = manifest::read(call)?;
    if let Some(failure) = failures.into_iter().next() {
        return Err(failure);
    }
    let mut changed: Vec<(Info, Value, Value)> = Vec::new();
    for info in infos {
        let wanted = annotation(&info.object);
        let live = call.api.get(info.resource, &info.ns, &info.name)?;
        let applied = entry(&live, "metadata.annotations", LAST_APPLIED);
        if applied.is_none() && !call.flags.on("create-annotation") {
            let what = format!("no last-applied-configuration annotation found on resource: {}", info.name);
            return Err(Failure::Plain(format!("{what}, to create the annotation, run the command with --create-annotation")));
        }
        if applied == Some(wanted.as_str()) {
            call.out.push_str(&format!("set-last-applied {}: no changes required.\n", info.name));
        } else {
            changed.push((info, patch(&wanted), live));
        }
    }
    for (info, patch, live) in changed {
        let object = if dry_run == DryRun::Client {
            live
        } else {
            let options = call.write_options(dry_run, "kubectl");
            let written = call.api.patch(info.resource, &info.ns, &info.name, PatchKind::Merge, &patch, &options)?;
            call.warn(&written);
            written.object
        };
        call.say(info.resource, &info.name, &object, "configured", dry_run)?;
    }
    Ok(Next::Done)
}

/// What the annotation of this configuration says.
pub fn annotation(configuration: &Value) -> String {
    compact_json(configuration) + "\n"
}

/// The patch that writes the annotation.
pub fn patch(annotation: &str) -> Value {
    json!({"metadata": {"annotations": {LAST_APPLIED: annotation}}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indentation() {
        let text = r#"{"b":{},"a":[1,"x,{\"y"],"c":[],"d":{"e":null}}"#;
        let expected = "{\n  \"b\": {},\n  \"a\": [\n    1,\n    \"x,{\\\"y\"\n  ],\n  \"c\": [],\n  \"d\": {\n    \"e\": null\n  }\n}\n";
        assert_eq!(indented(&format!("{text}\n")), expected);
    }
}
