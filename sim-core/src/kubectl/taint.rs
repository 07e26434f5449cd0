//! `kubectl taint`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/taint/{taint,utils}.go`, v1.36.

use serde_json::{Value, json};

use super::api::PatchKind;
use super::failure::{Answer, Failure};
use super::field::{items, text};
use super::flags::{Flag, optional, short, switch, value};
use super::target::{self, Rules};
use super::{Call, DryRun, Next};
use crate::api::taint::TaintEffect;
use crate::apiserver::validation::names;

/// The flags of `taint`.
pub const FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("selector", 'l'),
    switch("all"),
    switch("overwrite"),
    optional("dry-run", "unchanged"),
    value("field-manager"),
    switch("show-managed-fields"),
];

/// A taint as it is typed.
#[derive(Clone, Debug, PartialEq)]
struct Typed {
    key: String,
    value: String,
    /// Empty for all effects, where one is removed.
    effect: String,
}

impl Typed {
    fn is(&self, taint: &Value) -> bool {
        text(taint, "key") == self.key && (self.effect.is_empty() || text(taint, "effect") == self.effect)
    }

    fn to_tree(&self) -> Value {
        let mut tree = json!({"key": self.key, "effect": self.effect});
        if !self.value.is_empty() {
            tree["value"] = self.value.as_str().into();
        }
        tree
    }
}

/// Runs `kubectl taint`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let dry_run = call.dry_run()?;
    let is_change = |arg: &String| arg.contains('=') || arg.contains(':') || arg.ends_with('-');
    let first = call.flags.args.iter().position(is_change).unwrap_or(call.flags.args.len());
    let (nodes, changes) = call.flags.args.split_at(first);
    let (nodes, changes) = (nodes.to_vec(), changes.to_vec());
    if nodes.is_empty() {
        return Err(Failure::plain("one or more resources must be specified as <resource> <name>"));
    }
    if let Some(stray) = changes.iter().find(|arg| !is_change(arg)) {
        return Err(Failure::Plain(format!("all resources must be specified before taint changes: {stray}")));
    }
    if changes.is_empty() {
        return Err(Failure::plain("at least one taint update is required"));
    }
    let (add, remove) = parse(&changes).map_err(|why| call.flags.usage(why))?;
    if !matches!(nodes[0].split('/').next(), Some("node" | "nodes" | "no")) {
        return Err(Failure::Plain(format!("invalid resource type {}, only node types are supported", nodes[0])));
    }
    let mut targets = target::find(call, &nodes, Rules::default())?;
    if let Some(failure) = Failure::all(std::mem::take(&mut targets.failures)) {
        return Err(failure);
    }
    let overwrite = call.flags.on("overwrite");
    let options = call.write_options(dry_run, "kubectl-taint");
    let clash =
        remove.iter().find(|gone| add.iter().any(|new| new.key == gone.key && (gone.effect.is_empty() || gone.effect == new.effect)));
    if let Some(gone) = clash {
        let both = "can not both modify and remove the following taint(s) in the same command";
        return Err(Failure::Plain(format!("{both}: {{{:?}:{:?}}}", gone.key, gone.effect)));
    }
    let did = match (add.is_empty(), remove.is_empty()) {
        (false, false) => "modified",
        (false, _) if overwrite => "modified",
        (true, _) => "untainted",
        _ => "tainted",
    };
    for info in targets.infos() {
        let taints = reorganized(&info.name, items(&info.object, "spec.taints"), &add, &remove, overwrite)?;
        if dry_run != DryRun::Client {
            let written =
                call.api.patch(info.resource, "", &info.name, PatchKind::Strategic, &json!({"spec": {"taints": taints}}), &options)?;
            call.warn(&written);
        }
        // kubectl says the same on a dry run.
        call.say(info.resource, &info.name, &info.object, did, DryRun::No)?;
    }
    Ok(Next::Done)
}

/// The node's taints afterwards: the new ones first, as kubectl puts them.
fn reorganized(node: &str, old: &[Value], add: &[Typed], remove: &[Typed], overwrite: bool) -> Answer<Vec<Value>> {
    let clashes = add.iter().filter(|taint| old.iter().any(|old| taint.is(old))).map(|taint| format!("{}:{}", taint.key, taint.effect));
    let clashes: Vec<String> = clashes.collect();
    if !clashes.is_empty() && !overwrite {
        let why = format!("node {node} already has {} taint(s) with same effect(s) and --overwrite is false", clashes.join(","));
        return Err(Failure::Plain(why));
    }
    let missing = remove.iter().filter(|taint| !old.iter().any(|old| taint.is(old))).map(|taint| {
        let effect = if taint.effect.is_empty() { String::new() } else { format!(":{}", taint.effect) };
        Failure::Plain(format!("taint \"{}{effect}\" not found", taint.key))
    });
    if let Some(failure) = Failure::all(missing.collect()) {
        return Err(failure);
    }
    let kept = old.iter().filter(|taint| !add.iter().chain(remove).any(|other| other.is(taint)));
    Ok(add.iter().map(Typed::to_tree).chain(kept.cloned()).collect())
}

/// The taints to add and to remove.
fn parse(changes: &[String]) -> Result<(Vec<Typed>, Vec<Typed>), String> {
    let (mut add, mut remove) = (Vec::<Typed>::new(), Vec::new());
    for change in changes {
        if let Some(change) = change.strip_suffix('-') {
            remove.push(parse_one(change)?);
            continue;
        }
        let taint = parse_one(change)?;
        if taint.effect.is_empty() {
            return Err(format!("invalid taint spec: {change}"));
        }
        if add.iter().any(|known| known.key == taint.key && known.effect == taint.effect) {
            return Err(format!("duplicated taints with the same key and effect: {}={}:{}", taint.key, taint.value, taint.effect));
        }
        add.push(taint);
    }
    Ok((add, remove))
}

fn parse_one(spec: &str) -> Result<Typed, String> {
    let parts: Vec<&str> = spec.split(':').collect();
    let (key, value, effect) = match parts.as_slice() {
        [key] => (*key, "", ""),
        [pair, effect] => {
            if TaintEffect::parse(effect).is_none() {
                return Err(format!("invalid taint effect: {effect}, unsupported taint effect"));
            }
            match pair.split('=').collect::<Vec<_>>().as_slice() {
                [key] => (*key, "", *effect),
                [key, value] => (*key, *value, *effect),
                _ => return Err(format!("invalid taint spec: {spec}")),
            }
        }
        _ => return Err(format!("invalid taint spec: {spec}")),
    };
    for wrong in [names::label_value(value), names::qualified_name(key)] {
        if !wrong.is_empty() {
            return Err(format!("invalid taint spec: {spec}, {}", wrong.join("; ")));
        }
    }
    Ok(Typed { key: key.to_owned(), value: value.to_owned(), effect: effect.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taints_are_typed_as_key_value_effect() {
        let check = |change: &str, expected: Result<(usize, usize), &str>| {
            let parsed = parse(&[change.to_owned()]).map(|(add, remove)| (add.len(), remove.len()));
            assert_eq!(
                parsed.as_ref().map_err(|why| why.split(", name part").next().unwrap_or_default()),
                expected.as_ref().map_err(|w| *w)
            );
        };
        check("a=b:NoSchedule", Ok((1, 0)));
        check("a:NoExecute", Ok((1, 0)));
        check("a-", Ok((0, 1)));
        check("a:NoSchedule-", Ok((0, 1)));
        check("a=b:Foo", Err("invalid taint effect: Foo, unsupported taint effect"));
        check("a=b", Err("invalid taint spec: a=b"));
        check("a", Err("invalid taint spec: a"));
    }

    #[test]
    fn new_taints_come_first_and_old_ones_stay() {
        let old = [json!({"key": "x", "effect": "NoSchedule"}), json!({"key": "y", "effect": "NoExecute"})];
        let typed = |key: &str, effect: &str| Typed { key: key.into(), value: String::new(), effect: effect.into() };
        let keys = |add: &[Typed], remove: &[Typed], overwrite| {
            let taints = reorganized("n", &old, add, remove, overwrite).map_err(|failure| failure.message())?;
            Ok::<_, String>(taints.iter().map(|taint| text(taint, "key").to_owned()).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(keys(&[typed("z", "NoSchedule")], &[typed("y", "")], false), Ok("z x".to_owned()));
        assert_eq!(keys(&[typed("y", "NoExecute")], &[], true), Ok("y x".to_owned()));
        let refused = "node n already has y:NoExecute taint(s) with same effect(s) and --overwrite is false";
        assert_eq!(keys(&[typed("y", "NoExecute")], &[], false), Err(refused.to_owned()));
        assert_eq!(keys(&[], &[typed("q", "")], false), Err("taint \"q\" not found".to_owned()));
    }
}
