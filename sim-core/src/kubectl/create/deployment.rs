//! `kubectl create deployment`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/create/create_deployment.go`, v1.36.
//!
//! Differs: an image's name with a dot or an underscore in it gets no random suffix when it becomes a container's name.

use serde_json::{Value, json};

use super::{command_after_name, one_name, required};
use crate::kubectl::failure::{Answer, Failure};
use crate::kubectl::flags::{Flag, short, value};
use crate::kubectl::{Call, Next, target};

/// The flags of `create deployment`.
pub const FLAGS: &[Flag] = &[short("replicas", 'r'), value("image"), value("port")];

/// Runs `kubectl create deployment`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    required(call, &["image"])?;
    let images = call.flags.list("image");
    let (port, replicas) = (call.flags.int32("port")?, call.flags.int32("replicas")?.unwrap_or(1));
    let name = one_name(call)?;
    let command = command_after_name(call);
    if images.len() > 1 && !command.is_empty() {
        return Err(Failure::plain("cannot specify multiple --image options and command"));
    }
    let container = |image: &String| {
        let mut container = json!({"name": container_name(image), "image": image, "resources": {}});
        if !command.is_empty() {
            container["command"] = json!(command);
        }
        container
    };
    let mut containers: Vec<Value> = images.iter().map(container).collect();
    if let (Some(port), Some(first)) = (port.filter(|port| *port >= 0), containers.first_mut()) {
        first["ports"] = json!([{"containerPort": port}]);
    }
    let labels = json!({"app": name});
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
        "status": {},
    });
    super::object(call, target::resource("deployments.apps")?, deployment, Some("failed to create deployment:"))
}

/// The last part of an image's name, without tag and digest, and without what a container's name can't have.
fn container_name(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    let bare = last.split(['@', ':']).next().unwrap_or(last);
    bare.replace(['_', '.'], "-")
}
