//! `kubectl create quota`, `create poddisruptionbudget` and `create priorityclass`. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/create/create_{quota,pdb,priorityclass}.go`, v1.36.

use serde_json::{Map, Value, json};

use super::{non_empty_name, one_name};
use crate::api::quantity::Quantity;
use crate::kubectl::failure::{Answer, Failure};
use crate::kubectl::field::map_mut;
use crate::kubectl::flags::{Flag, switch, value};
use crate::kubectl::{Call, Next, label_selector, target};

/// The flags of `create quota`.
pub const QUOTA_FLAGS: &[Flag] = &[value("hard"), value("scopes")];

/// The flags of `create poddisruptionbudget`.
pub const BUDGET_FLAGS: &[Flag] = &[value("min-available"), value("max-unavailable"), value("selector")];

/// The flags of `create priorityclass`.
pub const PRIORITY_FLAGS: &[Flag] = &[value("value"), switch("global-default"), value("description"), value("preemption-policy")];

/// Runs `kubectl create quota`.
pub fn quota(call: &mut Call<'_>) -> Answer<Next> {
    let name = non_empty_name(call)?;
    let mut quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": {}, "status": {}});
    let hard = call.flags.text("hard").to_owned();
    if !hard.is_empty() {
        quota["spec"]["hard"] = Value::Object(limits(&hard)?);
    }
    let scopes = call.flags.text("scopes").to_owned();
    if !scopes.is_empty() {
        let scopes: Vec<&str> = scopes.split(',').collect();
        if scopes.contains(&"") {
            return Err(Failure::plain("invalid resource quota scope \"\""));
        }
        quota["spec"]["scopes"] = json!(scopes);
    }
    super::object(call, target::resource("resourcequotas")?, quota, Some("failed to create quota:"))
}

/// `pods=9,cpu=100`, each amount in its canonical spelling.
fn limits(text: &str) -> Answer<Map<String, Value>> {
    let limit = |part: &str| match part.split('=').collect::<Vec<_>>().as_slice() {
        [resource, amount] => {
            let amount = Quantity::parse(amount).map_err(|why| Failure::Plain(why.to_string()))?;
            Ok(((*resource).to_owned(), Value::from(amount.to_string())))
        }
        _ => Err(Failure::Plain(format!("Invalid argument syntax {part}, expected <resource>=<value>"))),
    };
    text.split(',').map(limit).collect()
}

/// Runs `kubectl create poddisruptionbudget`.
pub fn disruption_budget(call: &mut Call<'_>) -> Answer<Next> {
    let name = non_empty_name(call)?;
    let [selector, min, max] = ["selector", "min-available", "max-unavailable"].map(|flag| call.flags.text(flag).to_owned());
    let is_amount = |text: &str| {
        let digits = text.strip_suffix('%').unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    };
    let wrong = match (min.as_str(), max.as_str()) {
        _ if selector.is_empty() => Some("a selector must be specified"),
        ("", "") => Some("one of min-available or max-unavailable must be specified"),
        (min, max) if !min.is_empty() && !max.is_empty() => Some("min-available and max-unavailable cannot be both specified"),
        (min, "") if !is_amount(min) => Some("invalid format specified for min-available"),
        ("", max) if !is_amount(max) => Some("invalid format specified for max-unavailable"),
        _ => None,
    };
    if let Some(why) = wrong {
        return Err(Failure::plain(why));
    }
    let (field, amount) = if min.is_empty() { ("maxUnavailable", max) } else { ("minAvailable", min) };
    let mut budget = json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name},
        "spec": {"selector": label_selector::parsed(&selector)?},
        "status": {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0},
    });
    map_mut(&mut budget, "spec").insert(field.into(), amount.parse::<i32>().map_or_else(|_| Value::from(amount), Value::from));
    super::object(call, target::resource("poddisruptionbudgets.policy")?, budget, Some("failed to create poddisruptionbudgets:"))
}

/// Runs `kubectl create priorityclass`.
pub fn priority_class(call: &mut Call<'_>) -> Answer<Next> {
    let value = call.flags.int32("value")?.unwrap_or(0);
    let name = one_name(call)?;
    let mut class = json!({
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "preemptionPolicy": call.flags.get("preemption-policy").unwrap_or("PreemptLowerPriority"),
        "value": value,
    });
    if call.flags.on("global-default") {
        class["globalDefault"] = Value::Bool(true);
    }
    let description = call.flags.text("description");
    if !description.is_empty() {
        class["description"] = Value::from(description);
    }
    super::object(call, target::resource("priorityclasses.scheduling.k8s.io")?, class, Some("failed to create priorityclass:"))
}
