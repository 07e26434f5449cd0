//! What a container sees of its configuration, at the two moments that count: its own start, for variables and mounted parts, and its
//! pod's last sync, for whole volumes. Nothing of it is kept: it is computed when somebody looks (`kubectl exec`, a program that reads a
//! file, a start that may fail).

use crate::api::meta::Str;
use crate::node::kubelet::environment::{ConfigError, Environment, Setting, Variables, environment};
use crate::node::kubelet::files::mounts::{self, Mount};
use crate::node::kubelet::files::{MountError, failures, hosts, of_volume};
use crate::node::runtime::disk::{File, Files};
use serde_json::Value;

/// A pod's configuration.
///
/// ```text
/// let started = Setting { known: Known::at(view, past, container_started), .. };
/// let synced = Setting { known: Known::at(view, past, resync::last_sync(seed, uid, since, now)), .. };
/// Configured { started, synced }.files(&container)
/// ```
#[derive(Clone, Copy)]
pub struct Configured<'a> {
    /// What the kubelet knew when the container started.
    pub started: Setting<'a>,
    /// What it knew at the pod's last sync.
    pub synced: Setting<'a>,
}

impl<'a> Configured<'a> {
    /// A container that starts now, at a sync of its pod.
    pub fn now(setting: Setting<'a>) -> Self {
        Configured { started: setting, synced: setting }
    }

    /// What keeps the pod's volumes from being mounted. No container starts before there is none left.
    pub fn failures(&self) -> Vec<MountError> {
        failures(&self.synced)
    }

    /// A container's variables, command and arguments.
    ///
    /// # Errors
    /// What its specification names and isn't there.
    pub fn environment(&self, container: &Value) -> Result<Environment, ConfigError> {
        environment(&self.started, container)
    }

    /// All variables of a process of the container, with those of its image.
    ///
    /// # Errors
    /// As [`Self::environment`].
    pub fn variables(&self, container: &Value, image: &[(Str, Str)], terminal: bool) -> Result<Variables, ConfigError> {
        Ok(self.environment(container)?.of_process(&hosts::hostname(&self.started), image, "/root", terminal))
    }

    /// Where the container sees its volumes.
    ///
    /// # Errors
    /// As [`Self::environment`], and a `subPathExpr` without a value.
    pub fn mounts(&self, container: &Value) -> Result<Vec<Mount>, ConfigError> {
        mounts::mounts(&self.started.pod.spec.tree, container, &self.environment(container)?)
    }

    /// The files that the container sees, without those of its image: of its volumes, and those that the kubelet makes.
    ///
    /// # Errors
    /// As [`Self::mounts`].
    pub fn files(&self, container: &Value) -> Result<Files, ConfigError> {
        let list = self.mounts(container)?;
        let mut all = mounts::files(&list, |mount| self.volume(mount));
        mounts::add(&mut all, &list, "/etc/hostname", File::new(format!("{}\n", hosts::hostname(&self.started)), 0o644));
        if self.started.address.is_some() || self.started.pod.spec.host_network {
            mounts::add(&mut all, &list, "/etc/hosts", File::new(hosts::file(&self.started), 0o644));
        }
        Ok(all)
    }

    /// The volume's files as this mount shows them: as they were at the container's start for a part, else as the last sync left them. One
    /// that can't be filled any more keeps what it had; here, nothing.
    pub fn volume(&self, mount: &Mount) -> Files {
        let setting = if mount.part.is_empty() { &self.synced } else { &self.started };
        match of_volume(setting, &mount.volume) {
            Ok(Some(files)) => files,
            Ok(None) => (setting.disk)(&mount.volume).cloned().unwrap_or_default(),
            Err(_) => Files::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::kubelet::tests::World;
    use serde_json::json;

    /// A ConfigMap in all three ways, changed 100 s after the container started.
    #[test]
    fn a_change_reaches_whole_volumes_only() {
        let mut world = World::default();
        world.put(0, "ConfigMap", "shop", "cfg", json!({"data": {"color": "blue"}}));
        let container = json!({
            "name": "main", "env": [{"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "cfg", "key": "color"}}}],
            "volumeMounts": [{"name": "cfg", "mountPath": "/cfg"}, {"name": "cfg", "mountPath": "/one", "subPath": "color"},
                {"name": "data", "mountPath": "/data"}],
        });
        world.pod(json!({"containers": [container], "volumes": [{"name": "cfg", "configMap": {"name": "cfg"}}, {"name": "data", "emptyDir": {}}]}));
        world.put(100, "ConfigMap", "shop", "cfg", json!({"data": {"color": "green"}}));
        let written = Files::from([("note".into(), File::new("hello", 0o644))]);
        let disk = |name: &str| (name == "data").then_some(&written);
        let seen = |synced: u64| {
            let configured = Configured { started: world.setting_at(1, &disk), synced: world.setting_at(synced, &disk) };
            let files = configured.files(&container).expect("complete");
            let variables = configured.variables(&container, &[], false).expect("complete");
            let text = |path: &str| files.get(path).map(|file| file.data.trim_end().to_owned()).unwrap_or_default();
            let color = variables.get("COLOR").map(Str::to_string).unwrap_or_default();
            [color, text("/one"), text("/cfg/color"), text("/data/note"), text("/etc/hostname")]
        };
        assert_eq!(seen(99), ["blue", "blue", "blue", "hello", "web-1"].map(str::to_owned));
        assert_eq!(seen(100), ["blue", "blue", "green", "hello", "web-1"].map(str::to_owned));
    }

    #[test]
    fn nothing_starts_before_its_volumes_are_there() {
        let mut world = World::default();
        world.pod(json!({"containers": [{"volumeMounts": [{"name": "s", "mountPath": "/s"}]}], "volumes": [{"name": "s", "secret": {"secretName": "x"}}]}));
        let failures = Configured::now(world.setting(&|_| None)).failures();
        assert_eq!(
            failures.iter().map(MountError::to_string).collect::<Vec<_>>(),
            ["MountVolume.SetUp failed for volume \"s\" : secret \"x\" not found"]
        );
    }
}
