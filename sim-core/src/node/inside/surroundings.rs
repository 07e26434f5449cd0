//! What a container finds when it starts: its command, its environment, its files. What comes from the API is worked out by
//! [`Configured`]; here it meets what the image brings. Mirrors `internal/cri/server/container_create.go` of containerd.

use crate::api::meta::Str;
use crate::api::pod::Pod;
use crate::node::kubelet::configured::Configured;
use crate::node::kubelet::files::{hosts, resolv};
use crate::node::runtime::disk::File;
use crate::node::runtime::images::lookup;
use crate::node::runtime::shell::{Mount, Script, Setting};
use serde_json::Value;
use std::sync::Arc;

/// The mode of a directory.
const DIRECTORY: u32 = 0o040_755;

/// A container's specification in its pod's tree, by name, whichever kind of container it is.
pub fn container_named<'a>(pod: &'a Pod, name: &str) -> Option<&'a Value> {
    let lists = ["initContainers", "containers", "ephemeralContainers"].iter();
    let mut all = lists.filter_map(|field| pod.spec.tree[field].as_array()).flatten();
    all.find(|container| container["name"] == name)
}

/// The tag of an image's name.
fn tag(image: &str) -> &str {
    let last = image.split('@').next().and_then(|name| name.rsplit('/').next()).unwrap_or_default();
    last.split_once(':').map_or("", |(_, tag)| tag)
}

/// What a container runs and what it finds. `None` if the pod has no such container, or it can't be made from what is there.
pub fn surroundings(configured: &Configured<'_>, name: &str) -> Option<(Script, Setting)> {
    let pod = configured.started.pod;
    let tree = container_named(pod, name)?;
    let image = tree["image"].as_str().unwrap_or_default();
    let facts = lookup(image);
    let environment = configured.environment(tree).ok()?;
    let words = |words: &[Str]| -> Vec<String> { words.iter().map(Str::to_string).collect() };
    let argv = facts.argv(&words(&environment.command), &words(&environment.args));
    let hostname = hosts::hostname(&configured.started);
    let of_image: Vec<(Str, Str)> = facts.env_of(image).into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    let variables = environment.of_process(&hostname, &of_image, "/root", false);
    let mut setting = Setting::new(facts);
    setting.env = variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let security =
        |field: &str| [&tree["securityContext"][field], &pod.spec.tree["securityContext"][field]].into_iter().find_map(Value::as_i64);
    setting.user = security("runAsUser").and_then(|user| u32::try_from(user).ok()).unwrap_or(facts.user);
    setting.read_only_root = tree["securityContext"]["readOnlyRootFilesystem"] == true;
    setting.hostname = hostname;
    setting.tag = tag(image).to_owned();
    setting.address = configured.started.address;
    setting.pid_one = pod.spec.tree["shareProcessNamespace"] != true && pod.spec.tree["hostPID"] != true;
    setting.seed = pod.meta.uid.0 as u64;
    if let Some(directory) = tree["workingDir"].as_str().filter(|directory| !directory.is_empty()) {
        directory.clone_into(&mut setting.cwd);
    }
    let mut files = (*facts.files).clone();
    files.insert("/etc/resolv.conf".into(), File::new(resolv::file(pod), 0o644));
    let mounts = configured.mounts(tree).ok()?;
    let volumes = configured.files(tree).ok()?;
    for mount in &mounts {
        let below = format!("{}/", mount.path);
        // A volume hides what the image has there.
        files.retain(|path, _| *path != mount.path && !path.starts_with(&below));
        if !volumes.keys().any(|path| *path == mount.path || path.starts_with(&below)) {
            files.insert(mount.path.clone(), File { data: Str::EMPTY, size: 0, mode: DIRECTORY });
        }
    }
    files.extend(volumes);
    setting.mounts = mounts.iter().map(|mount| Mount { path: mount.path.to_string(), read_only: mount.read_only }).collect();
    files.insert("/proc/1/cmdline".into(), File::new(argv.join("\0"), 0o444));
    setting.files = Arc::new(files);
    Some((Script::new(argv), setting))
}
