//! Where a container sees its volumes. Mirrors `makeMounts` of `pkg/kubelet/kubelet_pods.go` and `ExpandContainerVolumeMounts` of
//! `pkg/kubelet/container/helpers.go`, v1.36.
//!
//! A mount of a part (`subPath`) is bound when the container starts. Of a volume made from the API it so stays as it was then, since the
//! volume's writer never changes a file but puts another in its place; of one that containers write to, it shows what they write. A part
//! that isn't there is made, as a directory: so a key that is missing becomes an empty directory, not an error.

use crate::api::meta::Str;
use crate::api::quote::quote;
use crate::node::kubelet::environment::expansion::expand;
use crate::node::kubelet::environment::{ConfigError, Environment};
use crate::node::kubelet::files::clean;
use crate::node::runtime::disk::{File, Files};
use serde_json::Value;
use std::collections::BTreeSet;

/// A volume, or a part of one, in a container.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mount {
    /// Where: an absolute path without a slash at its end.
    pub path: Str,
    /// The volume's name.
    pub volume: Str,
    /// Which part; empty for all of it.
    pub part: Str,
    /// Whether the container can't write there.
    pub read_only: bool,
}

impl Mount {
    /// The path in the volume that an absolute path in the container stands for; none if it isn't at or below this mount.
    pub fn inside(&self, path: &str) -> Option<String> {
        let below = path.strip_prefix(self.path.as_str())?;
        // A mount at the root has no path.
        (below.is_empty() || below.starts_with('/')).then(|| clean(&format!("{}{below}", self.part)))
    }

    fn depth(&self) -> usize {
        self.path.matches('/').count()
    }
}

/// The mounts of a container of a pod with this specification, in the runtime's order: those further down come later.
///
/// # Errors
/// `missing value for X` of a `subPathExpr`, and what else keeps the container from being made.
pub fn mounts(spec: &Value, container: &Value, environment: &Environment) -> Result<Vec<Mount>, ConfigError> {
    let field = |tree: &'_ Value, name: &str| tree[name].as_str().unwrap_or_default().to_owned();
    let mut found = Vec::new();
    for mount in container["volumeMounts"].as_array().into_iter().flatten() {
        let name = field(mount, "name");
        let volumes = spec["volumes"].as_array().into_iter().flatten();
        let Some(volume) = volumes.into_iter().find(|volume| volume["name"] == mount["name"]) else {
            let container = quote(&field(container, "name"));
            return Err(ConfigError(format!("cannot find volume {} to mount into container {container}", quote(&name))));
        };
        let part = match field(mount, "subPathExpr") {
            expression if expression.is_empty() => field(mount, "subPath"),
            expression => expanded(&expression, environment)?,
        };
        if part.starts_with('/') {
            return Err(ConfigError(format!("error SubPath `{part}` must not be an absolute path")));
        }
        if part.split('/').any(|step| step == "..") {
            return Err(ConfigError(format!("unable to provision SubPath `{part}`: must not contain '..'")));
        }
        let path = match clean(&field(mount, "mountPath")) {
            root if root.is_empty() => Str::EMPTY,
            path => format!("/{path}").into(),
        };
        let read_only = mount["readOnly"] == true || is_read_only(volume);
        found.push(Mount { path, volume: name.into(), part: clean(&part).into(), read_only });
    }
    found.sort_by_key(Mount::depth);
    Ok(found)
}

/// A `subPathExpr` with its variables. Here, other than in commands, each must be set to something.
fn expanded(expression: &str, environment: &Environment) -> Result<String, ConfigError> {
    let mut missing = BTreeSet::new();
    let part = expand(expression, |name| match environment.variables.get(name).filter(|value| !value.is_empty()) {
        Some(value) => value.to_string(),
        None => {
            missing.insert(name.to_owned());
            String::new()
        }
    });
    if missing.is_empty() {
        return Ok(part);
    }
    Err(ConfigError(format!("missing value for {}", missing.into_iter().collect::<Vec<_>>().join(", "))))
}

/// Volumes that no container can write to: `GetAttributes().ReadOnly` of their plugins.
const READ_ONLY: [&str; 5] = ["configMap", "secret", "downwardAPI", "projected", "image"];

fn is_read_only(volume: &Value) -> bool {
    let sources = || volume.as_object().into_iter().flatten();
    sources().any(|(kind, source)| source["readOnly"] == true || source.is_object() && READ_ONLY.contains(&kind.as_str()))
}

/// The mount that a path of the container is on, and the path in its volume. None: it is the image's.
pub fn find<'m>(mounts: &'m [Mount], path: &str) -> Option<(&'m Mount, String)> {
    let path = format!("/{}", clean(path));
    mounts.iter().rev().find_map(|mount| Some((mount, mount.inside(&path)?)))
}

/// The files that a container sees under its mounts, by their absolute paths. `volume` gives those of a mount's volume.
///
/// What a mount hides isn't there: neither of the volumes further up nor, for the caller to see to, of the image.
pub fn files(mounts: &[Mount], volume: impl Fn(&Mount) -> Files) -> Files {
    let mut all = Files::new();
    for mount in mounts {
        all.retain(|path, _| mount.inside(path).is_none());
        all.extend(volume(mount).into_iter().filter_map(|(path, file)| Some((placed(mount, &path)?, file))));
    }
    all
}

/// Where a file of the volume appears; none if it isn't in the part that is mounted.
fn placed(mount: &Mount, path: &str) -> Option<Str> {
    let below = match path.strip_prefix(mount.part.as_str())? {
        rest if mount.part.is_empty() => return Some(format!("{}/{rest}", mount.path).into()),
        rest => rest,
    };
    (below.is_empty() || below.starts_with('/')).then(|| format!("{}{below}", mount.path).into())
}

/// Whether a mount is a directory: all are but a part that is a file.
pub fn is_directory(mount: &Mount, volume: &Files) -> bool {
    mount.part.is_empty() || !volume.contains_key(&mount.part)
}

/// A file that the kubelet makes, where no mount is.
pub fn add(all: &mut Files, mounts: &[Mount], path: &'static str, file: File) {
    if !mounts.iter().any(|mount| mount.path == path) {
        all.insert(Str::Static(path), file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec() -> Value {
        json!({"volumes": [{"name": "cfg", "configMap": {"name": "c"}}, {"name": "data", "emptyDir": {}},
            {"name": "claim", "persistentVolumeClaim": {"claimName": "p", "readOnly": true}}]})
    }

    fn of(list: Value) -> Result<Vec<Mount>, String> {
        let mut environment = Environment::default();
        environment.variables.set("POD", "web-1");
        environment.variables.set("EMPTY", "");
        mounts(&spec(), &json!({"name": "main", "volumeMounts": list}), &environment).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn check(list: Value, expected: &[&str]) {
        let shown = |mount: &Mount| format!("{} {}:{} {}", mount.path, mount.volume, mount.part, if mount.read_only { "ro" } else { "rw" });
        assert_eq!(of(list).expect("well formed").iter().map(shown).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn of_a_container() {
        check(
            json!([{"name": "data", "mountPath": "/var/lib/data/"}, {"name": "cfg", "mountPath": "/etc"}, {"name": "claim", "mountPath": "srv"},
                {"name": "data", "mountPath": "/logs", "subPathExpr": "logs/$(POD)"}, {"name": "data", "mountPath": "/ro", "readOnly": true},
                {"name": "cfg", "mountPath": "/etc/a.conf", "subPath": "./a.conf"}]),
            &[
                "/etc cfg: ro",
                "/srv claim: ro",
                "/logs data:logs/web-1 rw",
                "/ro data: ro",
                "/etc/a.conf cfg:a.conf ro",
                "/var/lib/data data: rw",
            ],
        );
        let fails = |mount: Value, expected: &str| assert_eq!(of(json!([mount])), Err(expected.to_owned()));
        fails(json!({"name": "none", "mountPath": "/x"}), "cannot find volume \"none\" to mount into container \"main\"");
        fails(json!({"name": "data", "mountPath": "/x", "subPathExpr": "$(Z)/$(EMPTY)/$(A)"}), "missing value for A, EMPTY, Z");
        fails(json!({"name": "data", "mountPath": "/x", "subPath": "/abs"}), "error SubPath `/abs` must not be an absolute path");
        fails(
            json!({"name": "data", "mountPath": "/x", "subPath": "a/../b"}),
            "unable to provision SubPath `a/../b`: must not contain '..'",
        );
    }

    #[test]
    fn what_a_container_sees() {
        let list = of(json!([{"name": "cfg", "mountPath": "/etc/app"}, {"name": "cfg", "mountPath": "/etc/one", "subPath": "a.conf"},
            {"name": "data", "mountPath": "/etc/app/d", "subPath": "deep"}, {"name": "data", "mountPath": "/data"},
            {"name": "cfg", "mountPath": "/etc/missing", "subPath": "none"}]))
        .expect("well formed");
        let file = |text: &str| File::new(text.to_owned(), 0o644);
        let cfg = Files::from([("a.conf".into(), file("a")), ("d/hidden".into(), file("h")), ("e/f".into(), file("f"))]);
        let data = Files::from([("deep/x".into(), file("x")), ("deeper".into(), file("no"))]);
        let all = files(&list, |mount| if mount.volume == "cfg" { cfg.clone() } else { data.clone() });
        let paths: Vec<&str> = all.keys().map(Str::as_str).collect();
        assert_eq!(paths, ["/data/deep/x", "/data/deeper", "/etc/app/a.conf", "/etc/app/d/x", "/etc/app/e/f", "/etc/one"]);
        let on = |path: &str| find(&list, path).map(|(mount, inside)| (mount.volume.to_string(), inside));
        let some = |volume: &str, inside: &str| Some((volume.to_owned(), inside.to_owned()));
        assert_eq!(on("/etc/app/d/y"), some("data", "deep/y"));
        assert_eq!(on("/etc/app"), some("cfg", ""));
        assert_eq!(on("/etc/one"), some("cfg", "a.conf"));
        assert_eq!(on("/etc/application"), None);
        assert_eq!(on("/"), None);
        let directory = |path: &str| {
            let mount = list.iter().find(|mount| mount.path == path).expect("mounted");
            is_directory(mount, if mount.volume == "cfg" { &cfg } else { &data })
        };
        assert_eq!(["/etc/app", "/etc/one", "/etc/app/d", "/etc/missing"].map(directory), [true, false, true, true]);
    }

    #[test]
    fn made_files_give_way() {
        let list = of(json!([{"name": "cfg", "mountPath": "/etc/hosts", "subPath": "a.conf"}])).expect("well formed");
        let mut all = Files::new();
        add(&mut all, &list, "/etc/hosts", File::new("x", 0o644));
        add(&mut all, &list, "/etc/hostname", File::new("y", 0o644));
        assert_eq!(all.keys().map(Str::as_str).collect::<Vec<_>>(), ["/etc/hostname"]);
    }
}
