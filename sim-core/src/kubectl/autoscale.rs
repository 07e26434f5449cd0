//! `kubectl autoscale`: a HorizontalPodAutoscaler for what can be scaled. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/cmd/autoscale/autoscale.go`, v1.36.
//!
//! Differs: when the server refuses the object in `autoscaling/v2`, its answer stands; kubectl would hear the same of `autoscaling/v1`.

use serde_json::{Value, json};

use super::apply::annotated;
use super::failure::{Answer, Failure};
use super::field::name;
use super::flags::{Flag, optional, short, short_switch, switch, value};
use super::target::{self, Info, Rules};
use super::{Call, DryRun, Next, create};
use crate::api::quantity::Quantity;
use crate::api::resources;

/// The flags of `autoscale`.
pub const FLAGS: &[Flag] = &[
    short("output", 'o'),
    short("filename", 'f'),
    short("kustomize", 'k'),
    short_switch("recursive", 'R'),
    switch("record"),
    switch("save-config"),
    switch("show-managed-fields"),
    optional("dry-run", "unchanged"),
    value("cpu"),
    value("cpu-percent"),
    value("field-manager"),
    value("max"),
    value("memory"),
    value("min"),
    value("name"),
];

/// What is asked for.
struct Wanted {
    min: i64,
    max: i64,
    cpu_percent: i64,
    cpu: Option<Target>,
    memory: Option<Target>,
}

/// What a metric is to be kept at.
enum Target {
    Utilization(i64),
    Average(Quantity),
}

/// Runs `kubectl autoscale`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    if call.flags.has("cpu-percent") {
        call.err.push_str(
            "Flag --cpu-percent has been deprecated, Use --cpu with percentage or resource quantity format \
             (e.g., '70%' for utilization or '500m' for milliCPU).\n",
        );
    }
    let wanted = [("min", -1), ("max", -1), ("cpu-percent", -1)].map(|(flag, unset)| Ok(call.flags.int32(flag)?.unwrap_or(unset)));
    let [min, max, cpu_percent]: [Answer<i64>; 3] = wanted;
    let (min, max, cpu_percent) = (min?, max?, cpu_percent?);
    create::required(call, &["max"])?;
    let dry_run = call.dry_run()?;
    if max < 1 {
        return Err(Failure::Plain(format!("--max=MAXPODS is required and must be at least 1, max: {max}")));
    }
    if max < min {
        let why = format!("--max=MAXPODS must be larger or equal to --min=MINPODS, max: {max}, min: {min}");
        return Err(Failure::Plain(why));
    }
    if cpu_percent > 0 && !call.flags.text("cpu").is_empty() {
        return Err(Failure::plain("--cpu-percent and --cpu are mutually exclusive"));
    }
    let wanted = Wanted { min, max, cpu_percent, cpu: metric(call, "cpu", "m")?, memory: metric(call, "memory", "Mi")? };
    let args = call.flags.args.clone();
    if target::nothing_named(call, &args) {
        return Err(Failure::plain(target::NOTHING));
    }
    let targets = target::find(call, &args, Rules::default())?;
    let mut failures = targets.failures.clone();
    let infos = targets.infos();
    if infos.is_empty() && failures.is_empty() {
        return Err(Failure::plain("no objects passed to autoscale"));
    }
    for info in infos {
        failures.extend(one(call, &info, &wanted, dry_run).err());
    }
    Failure::all(failures).map_or(Ok(Next::Done), Err)
}

/// `70%`, `500m`, or a number in the unit that goes without saying.
fn metric(call: &Call<'_>, resource: &str, unit: &str) -> Answer<Option<Target>> {
    let text = call.flags.text(resource);
    if text.is_empty() {
        return Ok(None);
    }
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::plain("empty input"));
    }
    if let Some(percent) = text.strip_suffix('%') {
        let number = percent.parse::<i32>().ok().filter(|number| *number >= 0);
        let number = number.ok_or_else(|| Failure::Plain(format!("invalid percentage value: {percent}")))?;
        return Ok(Some(Target::Utilization(i64::from(number))));
    }
    let quantity = match text.parse::<f64>() {
        Ok(number) => Quantity::parse(&format!("{}{unit}", shortest(number))).map_err(|why| why.to_string()),
        Err(_) => Quantity::parse(text).map_err(|_| format!("invalid resource {resource} value: {text}")),
    };
    quantity.map(|quantity| Some(Target::Average(quantity))).map_err(Failure::Plain)
}

/// A number as Go's `%g` prints it: from a million on with an exponent, and no quantity can have that before its unit.
fn shortest(number: f64) -> String {
    let scientific = format!("{number:e}");
    let exponent = scientific.rsplit_once('e').and_then(|(digits, exponent)| Some((digits, exponent.parse::<i32>().ok()?)));
    match exponent {
        Some((digits, exponent)) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => number.to_string(),
    }
}

fn one(call: &mut Call<'_>, info: &Info, wanted: &Wanted, dry_run: DryRun) -> Answer<()> {
    if !resources::subresources(info.resource).any(|sub| sub.plural.ends_with("/scale")) {
        let resource = format!("{}/{}, Resource={}", info.resource.group, info.resource.version, info.resource.plural);
        let why = format!("could not find scale subresource for {resource} in discovery information");
        return Err(Failure::Plain(format!("cannot autoscale a {}: {why}", info.resource.kind)));
    }
    let resource = target::resource("horizontalpodautoscalers.autoscaling")?;
    let mut autoscaler = autoscaler(call, info, wanted);
    call.note_cause(&mut autoscaler);
    if dry_run == DryRun::Client {
        let title = name(&autoscaler).to_owned();
        return call.say(resource, &title, &autoscaler, "created", dry_run);
    }
    if call.flags.on("save-config") {
        autoscaler = annotated(autoscaler);
    }
    let options = call.write_options(dry_run, "kubectl-autoscale");
    match call.api.create(resource, &info.ns, autoscaler, &options) {
        Ok(written) => {
            call.warn(&written);
            call.say(resource, name(&written.object), &written.object, "autoscaled", dry_run)
        }
        Err(error) => {
            // autoscaling/v1 knows a CPU percentage at most.
            let failed = "failed to create autoscaling/v2 HPA and the configuration is incompatible with autoscaling/v1";
            match (&wanted.cpu, &wanted.memory) {
                (None, _) => Err(Failure::Plain(format!("{failed}: empty input"))),
                (Some(Target::Utilization(_)), None) => Err(error.into()),
                _ => Err(Failure::Plain(format!("{failed}: %!w(<nil>)"))),
            }
        }
    }
}

fn autoscaler(call: &Call<'_>, info: &Info, wanted: &Wanted) -> Value {
    let own = call.flags.text("name");
    let mut metadata = json!({"name": if own.is_empty() { &info.name } else { own }});
    if call.explicit_namespace() {
        metadata["namespace"] = Value::from(call.namespace());
    }
    let reference = json!({"apiVersion": info.resource.api_version(), "kind": info.resource.kind, "name": info.name});
    let mut spec = json!({"maxReplicas": wanted.max, "scaleTargetRef": reference});
    if wanted.min > 0 {
        spec["minReplicas"] = Value::from(wanted.min);
    }
    let percent = Some(Target::Utilization(wanted.cpu_percent)).filter(|_| wanted.cpu_percent > 0);
    let metrics = [("cpu", percent.as_ref()), ("cpu", wanted.cpu.as_ref()), ("memory", wanted.memory.as_ref())];
    let metrics: Vec<Value> = metrics.into_iter().filter_map(|(name, target)| Some(metric_object(name, target?))).collect();
    if !metrics.is_empty() {
        spec["metrics"] = Value::Array(metrics);
    }
    json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata,
        "spec": spec,
        "status": {"currentMetrics": null, "desiredReplicas": 0},
    })
}

fn metric_object(name: &str, target: &Target) -> Value {
    let target = match target {
        Target::Utilization(percent) => json!({"type": "Utilization", "averageUtilization": percent}),
        Target::Average(quantity) => json!({"type": "AverageValue", "averageValue": quantity.to_string()}),
    };
    json!({"type": "Resource", "resource": {"name": name, "target": target}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_go_prints_them() {
        assert_eq!([500.0, 1.5, 0.25].map(shortest), ["500", "1.5", "0.25"]);
        assert_eq!([1e6, 123_456_789.0, 0.000_01].map(shortest), ["1e+06", "1.23456789e+08", "1e-05"]);
    }
}
