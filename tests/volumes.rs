//! Volumes as a user meets them: how claims and volumes find each other, what a driver does, where pods can go, who lets go of what.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[allow(dead_code, reason = "only the terminal is needed")]
mod common;

use common::Terminal;
use proptest::prelude::*;
use sim_core::api::object::Kind;
use sim_core::api::storage::{Claim, Volume};
use sim_core::cluster::faults::Fault;
use sim_core::cluster::{Cluster, NodeConfig};
use sim_core::kernel::time::SimDuration;
use sim_core::{Config, api::meta::Uid};
use std::collections::BTreeMap;

const CLASS: &str = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: fast}\nprovisioner: podarium.dev/csi\nallowVolumeExpansion: true\n";

/// Two zones, two nodes each.
fn zonal() -> Terminal {
    let node = |name: &str, zone: &str| NodeConfig {
        labels: vec![("topology.kubernetes.io/zone".to_owned(), zone.to_owned())],
        ..NodeConfig::named(name)
    };
    let nodes = vec![node("a1", "a"), node("a2", "a"), node("b1", "b"), node("b2", "b")];
    Terminal::new(Config { nodes, ..Config::default() })
}

fn apply(terminal: &mut Terminal, manifest: &str) {
    let (_, stderr, code) = terminal.kubectl_with("apply -f m.yaml", manifest);
    assert_eq!(code, 0, "{stderr}");
}

fn secs(terminal: &mut Terminal, secs: u64) {
    terminal.wait(SimDuration::from_secs(secs));
}

fn claim(name: &str, mode: &str, class: &str) -> String {
    let class = if class.is_empty() { String::new() } else { format!(", storageClassName: {class}") };
    format!(
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}}}\nspec: {{accessModes: [{mode}], resources: {{requests: {{storage: 1Gi}}}}{class}}}\n"
    )
}

fn pod(name: &str, claim: &str, node: &str) -> String {
    let node = if node.is_empty() { String::new() } else { format!("  nodeSelector: {{kubernetes.io/hostname: {node}}}\n") };
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  terminationGracePeriodSeconds: 1\n{node}  containers: [{{name: c, image: nginx, \
         volumeMounts: [{{name: v, mountPath: /v}}]}}]\n  volumes: [{{name: v, persistentVolumeClaim: {{claimName: {claim}}}}}]\n"
    )
}

fn messages(terminal: &mut Terminal, reason: &str) -> String {
    terminal.ok(&format!("get events --field-selector reason={reason} -o jsonpath='{{range .items[*]}}{{.message}}|{{end}}'"))
}

#[test]
fn a_default_class_is_given_at_once_or_later() {
    let mut terminal = zonal();
    apply(&mut terminal, &claim("early", "ReadWriteOnce", ""));
    secs(&mut terminal, 5);
    assert_eq!(messages(&mut terminal, "FailedBinding"), "no persistent volumes available for this claim and no storage class is set|");
    apply(&mut terminal, CLASS);
    terminal.ok("annotate sc fast storageclass.kubernetes.io/is-default-class=true");
    apply(&mut terminal, &claim("late", "ReadWriteOnce", ""));
    assert_eq!(terminal.ok("get pvc late -o jsonpath='{.spec.storageClassName}'"), "fast");
    secs(&mut terminal, 25);
    assert_eq!(
        terminal.ok("get pvc -o jsonpath='{range .items[*]}{.spec.storageClassName} {.status.phase} {end}'"),
        "fast Bound fast Bound "
    );
}

#[test]
fn a_pending_claim_notices_a_new_volume_at_the_resync() {
    let mut terminal = zonal();
    apply(&mut terminal, &claim("data", "ReadWriteOnce", "manual"));
    secs(&mut terminal, 2);
    let volume = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: pv}\nspec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], storageClassName: manual, hostPath: {path: /mnt}}\n";
    apply(&mut terminal, volume);
    secs(&mut terminal, 10);
    assert_eq!(terminal.ok("get pvc data -o jsonpath='{.status.phase}'"), "Pending");
    secs(&mut terminal, 5);
    assert_eq!(terminal.ok("get pvc data -o jsonpath='{.status.phase}'"), "Bound");
    terminal.ok("delete pvc data");
    secs(&mut terminal, 1);
    assert_eq!(terminal.ok("get pv pv -o jsonpath='{.status.phase}'"), "Released");
    secs(&mut terminal, 60);
    assert!(terminal.cluster.next_at().is_none(), "a released volume costs no events");
}

#[test]
fn a_volume_goes_to_one_node_at_a_time() {
    let mut terminal = zonal();
    apply(&mut terminal, CLASS);
    apply(&mut terminal, &claim("data", "ReadWriteOnce", "fast"));
    secs(&mut terminal, 10);
    // An Immediate class: the zone is decided before the pod's.
    let zone =
        terminal.ok("get pv -o jsonpath='{.items[0].spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]}'");
    let (first, second) = if zone == "a" { ("a1", "a2") } else { ("b1", "b2") };
    apply(&mut terminal, &pod("one", "data", first));
    secs(&mut terminal, 10);
    apply(&mut terminal, &pod("two", "data", second));
    secs(&mut terminal, 10);
    let volume = terminal.ok("get pvc data -o jsonpath='{.spec.volumeName}'");
    assert_eq!(messages(&mut terminal, "SuccessfulAttachVolume"), format!("AttachVolume.Attach succeeded for volume \"{volume}\" |"));
    let used = format!("Multi-Attach error for volume \"{volume}\" Volume is already used by pod(s) one|");
    assert_eq!(messages(&mut terminal, "FailedAttachVolume"), used);
    terminal.ok("delete pod one");
    secs(&mut terminal, 20);
    assert_eq!(
        terminal.ok("get volumeattachments -o jsonpath='{range .items[*]}{.spec.nodeName}={.status.attached} {end}'"),
        format!("{second}=true ")
    );
    assert_eq!(terminal.ok(&format!("get node {first} -o jsonpath='{{.status.volumesAttached}}'")), "");
    let in_use = format!("[\"kubernetes.io/csi/podarium.dev/csi^{volume}\"]");
    assert_eq!(terminal.ok(&format!("get node {second} -o jsonpath='{{.status.volumesInUse}}'")), in_use);
    assert!(
        terminal
            .cluster
            .find(Kind::VolumeAttachment, "", &{
                let all: Vec<_> =
                    terminal.cluster.store().list(Kind::VolumeAttachment, None).map(|(_, o)| o.meta().name.to_string()).collect();
                all[0].clone()
            })
            .is_some()
    );
}

/// How long after the pod is gone its volume is detached from a dead node.
fn detached_after(out_of_service: bool) -> u64 {
    let mut terminal = zonal();
    apply(&mut terminal, CLASS);
    apply(&mut terminal, &claim("data", "ReadWriteOnce", "fast"));
    secs(&mut terminal, 10);
    let zone =
        terminal.ok("get pv -o jsonpath='{.items[0].spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]}'");
    apply(&mut terminal, &pod("one", "data", &format!("{zone}1")));
    secs(&mut terminal, 20);
    terminal.cluster.fault(&Fault::KillNode(format!("{zone}1"))).unwrap();
    secs(&mut terminal, 70);
    if out_of_service {
        terminal.ok(&format!("taint node {zone}1 node.kubernetes.io/out-of-service=nodeshutdown:NoSchedule"));
    }
    terminal.ok("delete pod one --force --grace-period=0");
    let start = terminal.cluster.now();
    while terminal.cluster.store().count(Kind::VolumeAttachment) > 0 {
        secs(&mut terminal, 1);
        assert!(terminal.cluster.now().since(start) < SimDuration::from_secs(1000), "it is never detached");
    }
    terminal.cluster.now().since(start).as_secs()
}

#[test]
fn a_dead_node_keeps_its_volume_for_six_minutes_unless_it_is_said_to_be_off() {
    let waited = detached_after(false);
    assert!((360..370).contains(&waited), "{waited}");
    let waited = detached_after(true);
    assert!(waited < 10, "{waited}");
}

#[test]
fn a_claim_for_one_pod_only_keeps_others_out() {
    let mut terminal = zonal();
    apply(&mut terminal, CLASS);
    apply(&mut terminal, &claim("data", "ReadWriteOncePod", "fast"));
    apply(&mut terminal, &pod("one", "data", ""));
    secs(&mut terminal, 20);
    apply(&mut terminal, &pod("two", "data", ""));
    secs(&mut terminal, 2);
    let why = terminal.ok("get pod two -o jsonpath='{.status.conditions[0].message}'");
    assert!(why.contains("node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"), "{why}");
    terminal.ok("delete pod one");
    secs(&mut terminal, 20);
    assert_eq!(terminal.ok("get pod two -o jsonpath='{.status.phase}'"), "Running");
}

#[test]
fn a_pod_without_its_claim_waits_and_an_ephemeral_one_is_made() {
    let mut terminal = zonal();
    apply(&mut terminal, &pod("one", "data", ""));
    secs(&mut terminal, 1);
    let why = "0/4 nodes are available: persistentvolumeclaim \"data\" not found. not found";
    assert_eq!(terminal.ok("get pod one -o jsonpath='{.status.conditions[0].message}'"), why);
    let class = CLASS.replace("allowVolumeExpansion: true", "volumeBindingMode: WaitForFirstConsumer");
    apply(&mut terminal, &class);
    let scratch = "apiVersion: v1\nkind: Pod\nmetadata: {name: job}\nspec:\n  terminationGracePeriodSeconds: 1\n  containers: [{name: c, image: nginx, volumeMounts: [{name: s, mountPath: /s}]}]\n  volumes:\n  - name: s\n    ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}}}\n";
    apply(&mut terminal, scratch);
    secs(&mut terminal, 20);
    assert_eq!(terminal.ok("get pvc job-s -o jsonpath='{.status.phase}'"), "Bound");
    let node = terminal.ok("get pod job -o jsonpath='{.spec.nodeName}'");
    let zone =
        terminal.ok("get pv -o jsonpath='{.items[0].spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]}'");
    assert!(node.starts_with(&zone), "{node} is in {zone}");
    terminal.ok("delete pod job");
    secs(&mut terminal, 40);
    assert_eq!(terminal.ok("get pv -o name") + &terminal.ok("get volumeattachments -o name"), "");
}

#[test]
fn a_disk_is_for_one_node_and_a_file_storage_for_many() {
    let mut terminal = zonal();
    apply(&mut terminal, CLASS);
    apply(
        &mut terminal,
        &CLASS.replace("name: fast", "name: files").replace("allowVolumeExpansion: true", "parameters: {zonal: \"false\"}"),
    );
    apply(&mut terminal, &claim("disk", "ReadWriteMany", "fast"));
    apply(&mut terminal, &claim("files", "ReadWriteMany", "files"));
    secs(&mut terminal, 10);
    let why = "failed to provision volume with StorageClass \"fast\": rpc error: code = InvalidArgument desc = Volume capabilities \
        MULTI_NODE_MULTI_WRITER not supported. Only AccessModes[ReadWriteOnce] supported.|";
    assert_eq!(messages(&mut terminal, "ProvisioningFailed"), why);
    assert_eq!(terminal.ok("get pvc -o jsonpath='{range .items[*]}{.metadata.name}={.status.phase} {end}'"), "disk=Pending files=Bound ");
    apply(&mut terminal, &pod("one", "files", "a1"));
    apply(&mut terminal, &pod("two", "files", "b1"));
    secs(&mut terminal, 20);
    let attached = terminal.ok("get volumeattachments -o jsonpath='{range .items[*]}{.spec.nodeName}={.status.attached} {end}'");
    let mut attached: Vec<&str> = attached.split_whitespace().collect();
    attached.sort_unstable();
    assert_eq!(attached, ["a1=true", "b1=true"]);
}

#[test]
fn only_what_a_class_allows_may_grow() {
    let mut terminal = zonal();
    apply(&mut terminal, &CLASS.replace("allowVolumeExpansion: true\n", ""));
    apply(&mut terminal, &claim("data", "ReadWriteOnce", "fast"));
    let grow = r#"patch pvc data -p '{"spec":{"resources":{"requests":{"storage":"3Gi"}}}}'"#;
    secs(&mut terminal, 10);
    let (_, stderr, _) = terminal.kubectl_with(grow, "");
    let why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
    assert_eq!(stderr, format!("Error from server (Forbidden): persistentvolumeclaims \"data\" is forbidden: {why}\n"));
    terminal.ok(r#"patch sc fast -p '{"allowVolumeExpansion":true}'"#);
    terminal.ok(grow);
    secs(&mut terminal, 10);
    let status = terminal.ok(
        "get pvc data -o jsonpath='{.status.capacity.storage} {.status.conditions[*].type} {.status.allocatedResourceStatuses.storage}'",
    );
    assert_eq!(status, "1Gi FileSystemResizePending NodeResizePending");
    assert_eq!(terminal.ok("get pv -o jsonpath='{.items[0].spec.capacity.storage}'"), "3Gi");
    assert_eq!(messages(&mut terminal, "FileSystemResizeRequired"), "Require file system resize of volume on node|");
}

/// Every bound claim and its volume point at each other, and no volume is two claims'.
fn point_at_each_other(cluster: &Cluster) -> Result<(), String> {
    let store = cluster.store();
    let claims: Vec<Claim<'_>> = store.list(Kind::PersistentVolumeClaim, None).filter_map(|(_, object)| Claim::of(object)).collect();
    let volumes: BTreeMap<String, Volume<'_>> = store
        .list(Kind::PersistentVolume, None)
        .filter_map(|(_, object)| Volume::of(object))
        .map(|volume| (volume.meta().name.to_string(), volume))
        .collect();
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for claim in claims.iter().filter(|claim| claim.phase() == "Bound") {
        let name = claim.meta().name.as_str();
        let volume = volumes.get(claim.volume_name()).ok_or_else(|| format!("{name} is bound to nothing"))?;
        let points_back = volume.claim().is_some_and(|(_, own, uid)| own == name && uid == claim.meta().uid);
        if !points_back {
            return Err(format!("{} doesn't point back at {name}", claim.volume_name()));
        }
        if let Some(other) = owners.insert(claim.volume_name(), name) {
            return Err(format!("{} is {other}'s and {name}'s", claim.volume_name()));
        }
    }
    for volume in volumes.values().filter(|volume| volume.phase() == "Bound") {
        if volume.claim().is_none_or(|(_, _, uid)| uid == Uid::NONE) {
            return Err(format!("{} is bound to nobody", volume.meta().name));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// After every event, whatever is made and deleted in whatever order.
    #[test]
    fn claims_and_volumes_point_at_each_other(
        seed in 0u64..1000, limited in any::<bool>(), steps in prop::collection::vec((0usize..8, 0usize..4, 0u64..6_000), 4..24),
    ) {
        let controller_qps = if limited { 20 } else { 0 };
        let mut terminal = Terminal::new(Config { seed, controller_qps, ..Config::default() });
        apply(&mut terminal, CLASS);
        let mut bound = 0;
        for (step, number, wait) in steps {
            let modes = ["ReadWriteOnce", "ReadWriteMany", "ReadWriteOnce, ReadOnlyMany", "ReadWriteOncePod"];
            let volume = format!(
                "apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: pv-{number}}}\nspec: {{capacity: {{storage: {}Gi}}, accessModes: [{}], \
                 storageClassName: manual, hostPath: {{path: /tmp/{number}}}, persistentVolumeReclaimPolicy: {}}}\n",
                number + 1, modes[number], if number % 2 == 0 { "Retain" } else { "Delete" },
            );
            // Some make no sense where they come: their refusal is part of the game.
            match step {
                0 | 1 => drop(terminal.kubectl_with("apply -f m.yaml", &volume)),
                2 | 3 => drop(terminal.kubectl_with("apply -f m.yaml", &claim(&format!("c-{number}"), modes[number % 2], "manual"))),
                4 => drop(terminal.kubectl_with("apply -f m.yaml", &claim(&format!("d-{number}"), "ReadWriteOnce", "fast"))),
                5 => drop(terminal.kubectl_with(&format!("delete pvc c-{number} d-{number} --wait=false"), "")),
                6 => drop(terminal.kubectl_with("apply -f m.yaml", &pod(&format!("p-{number}"), &format!("c-{number}"), ""))),
                _ => drop(terminal.kubectl_with(&format!("delete pod p-{number} --wait=false"), "")),
            }
            let end = terminal.cluster.now() + SimDuration::from_millis(wait);
            while terminal.cluster.next_at().is_some_and(|at| at <= end) {
                terminal.cluster.step();
                let held = point_at_each_other(&terminal.cluster);
                prop_assert!(held.is_ok(), "{:?} at {}", held, terminal.cluster.now());
            }
            bound += terminal.cluster.store().list(Kind::PersistentVolumeClaim, None).filter_map(|(_, o)| Claim::of(o)).filter(|c| c.phase() == "Bound").count();
        }
        // A model that never binds would keep the promise too: see the tests above.
        prop_assert!(bound < 1_000);
    }
}
