//! `podarium bench`: brings up a large cluster, rolls it, and prints what that cost.

use super::Problem;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use sim_core::cluster::{NodeConfig, TrafficChange};
use sim_core::kernel::time::{SimDuration, SimTime};
use sim_core::kubectl::{Invocation, Outcome};
use sim_core::net::traffic::client::{Client, Load, Rate, Source, Target};
use sim_core::{Cluster, Config};
use std::time::{Duration, Instant};

/// Brings up PODS pods as Deployments on NODES nodes until all are Ready, then updates all of them. Client-side rate limits are lifted:
/// with the real 20 requests a second a large cluster would mostly wait.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many nodes.
    #[arg(long, default_value_t = 1_000)]
    nodes: u32,
    /// How many pods.
    #[arg(long, default_value_t = 30_000)]
    pods: u32,
    /// How many pods a Deployment has.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    replicas: u32,
    /// Give each container a readiness probe and a liveness probe.
    #[arg(long)]
    probes: bool,
    /// The seed of the run.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Send a million requests through a Service instead, nearly all of them to pods on other nodes.
    #[arg(long, conflicts_with_all = ["nodes", "pods", "replicas", "probes"])]
    network: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// How many nodes the requests go over, and how many pods answer them.
const NETWORK: u32 = 20;
/// How many requests come in a second of virtual time, and for how long.
const REQUESTS: (u64, SimDuration) = (10_000, SimDuration::from_secs(100));

/// Longer than this of virtual time no phase should take.
const PATIENCE: SimDuration = SimDuration::from_secs(3600);

/// What a phase cost.
struct Phase {
    name: &'static str,
    events: u64,
    cpu: Option<Duration>,
    wall: Duration,
    span: SimDuration,
}

impl Phase {
    /// CPU time if the system tells it, else the time that passed.
    fn cost(&self) -> Duration {
        self.cpu.unwrap_or(self.wall)
    }

    fn per_event(&self) -> u64 {
        (self.cost().as_nanos() / u128::from(self.events.max(1))) as u64
    }
}

pub(crate) fn main(args: &Args) -> Result<bool, Problem> {
    if args.network {
        return network(args);
    }
    if args.nodes == 0 || u64::from(args.pods) > u64::from(args.nodes) * 110 {
        return Err(format!("{} pods don't fit onto {} nodes: a node holds 110", args.pods, args.nodes));
    }
    let config = Config {
        seed: args.seed,
        nodes: (0..args.nodes)
            .map(|n| NodeConfig { milli_cpu: 32_000, memory: 128 << 30, ..NodeConfig::named(format!("node-{n:05}")) })
            .collect(),
        controller_qps: 0,
        scheduler_qps: 0,
        ..Config::default()
    };
    let mut cluster = Cluster::new(config);
    let deployments = args.pods.div_ceil(args.replicas);
    let spinner = spinner();
    let bring_up = phase("bring-up", &mut cluster, &spinner, |cluster| {
        for number in 0..deployments {
            let replicas = args.replicas.min(args.pods - number * args.replicas);
            apply(cluster, &manifest(number, replicas, "1.17.1", args.probes))?;
        }
        Ok(())
    })?;
    let checkpoint = checkpoint(&cluster);
    let rolling = phase("rolling update", &mut cluster, &spinner, |cluster| {
        for number in 0..deployments {
            let replicas = args.replicas.min(args.pods - number * args.replicas);
            apply(cluster, &manifest(number, replicas, "1.17.2", args.probes))?;
        }
        Ok(())
    })?;
    spinner.finish_and_clear();
    let phases = [bring_up, rolling];
    if args.json {
        as_json(args, deployments, &phases, checkpoint, &cluster)
    } else {
        as_text(args, deployments, &phases, checkpoint, &cluster)
    }
    // The process ends here: the system takes the memory back faster than object by object.
    std::mem::forget(cluster);
    Ok(true)
}

/// A million requests through a cluster IP.
fn network(args: &Args) -> Result<bool, Problem> {
    let nodes = (0..NETWORK).map(|n| NodeConfig::named(format!("node-{n:05}"))).collect();
    let mut cluster = Cluster::new(Config { seed: args.seed, nodes, ..Config::default() });
    let spinner = spinner();
    phase("bring-up", &mut cluster, &spinner, |cluster| {
        apply(cluster, &manifest(0, NETWORK, "1.17.1", false))?;
        apply(cluster, "apiVersion: v1\nkind: Service\nmetadata: {name: app}\nspec: {selector: {app: app-00000}, ports: [{port: 80}]}\n")
    })?;
    // Until all proxies know of it.
    cluster.run_until(cluster.now() + SimDuration::from_secs(10));
    let (rate, lasts) = REQUESTS;
    let mut client = Client::new("bench", Source::parse("node-00000", "default")?, Target::parse("svc/app:80", "default")?);
    client.load = Load::Open { rate: Rate::Constant(rate * 1_000), poisson: true };
    client.lasts = Some(lasts);
    let (started, cpu, events) = (Instant::now(), cpu_time(), cluster.handled());
    cluster.change_traffic(&TrafficChange::Start(Box::new(client)))?;
    cluster.run_until(cluster.now() + lasts + SimDuration::from_secs(5));
    let cpu = cpu_time().zip(cpu).map(|(now, then)| now.saturating_sub(then));
    let (wall, events) = (started.elapsed(), cluster.handled() - events);
    spinner.finish_and_clear();
    let checkpoint = checkpoint(&cluster);
    let report = cluster.traffic().report("bench").ok_or("the client is gone")?;
    let each = cpu.unwrap_or(wall).as_nanos() / u128::from(report.sent.max(1));
    if args.json {
        let report = json!({
            "requests": report.sent,
            "answered": report.ok,
            "events": events,
            "seed": args.seed,
            "cpuSeconds": cpu.map(|cpu| cpu.as_secs_f64()),
            "wallSeconds": wall.as_secs_f64(),
            "nsPerRequest": each as u64,
            "checkpointMs": checkpoint.as_secs_f64() * 1e3,
        });
        println!("{report}");
    } else {
        println!(
            "{} requests in {:.3} s of CPU time, {each} ns each; {events} events meanwhile",
            report.sent,
            cpu.unwrap_or(wall).as_secs_f64()
        );
        println!("checkpoint {:.3} ms", checkpoint.as_secs_f64() * 1e3);
        print!("{}", report.table());
    }
    Ok(report.lost == 0)
}

fn manifest(number: u32, replicas: u32, version: &str, probes: bool) -> String {
    let probe = "{httpGet: {path: /, port: 80}, periodSeconds: 5}";
    let probes = if probes { format!(", readinessProbe: {probe}, livenessProbe: {probe}") } else { String::new() };
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app-{number:05}}}\nspec:\n  replicas: {replicas}\n  selector: {{matchLabels: {{app: app-{number:05}}}}}\n  \
         template:\n    metadata: {{labels: {{app: app-{number:05}}}}}\n    spec:\n      containers:\n      - {{name: c, image: \"nginx:{version}\", resources: {{requests: {{cpu: 100m, memory: 128Mi}}}}{probes}}}\n"
    )
}

fn apply(cluster: &mut Cluster, manifest: &str) -> Result<(), Problem> {
    let args = ["apply", "-f", "-"].map(str::to_owned).to_vec();
    let files = [("-".to_owned(), manifest.to_owned())].into_iter().collect();
    match cluster.kubectl(&Invocation { args, files }) {
        Outcome::Done(output) if output.code == 0 => Ok(()),
        Outcome::Done(output) | Outcome::Waiting(output, _) => Err(output.stderr),
    }
}

/// Does something and lets the cluster come to rest.
fn phase(
    name: &'static str,
    cluster: &mut Cluster,
    spinner: &ProgressBar,
    act: impl FnOnce(&mut Cluster) -> Result<(), Problem>,
) -> Result<Phase, Problem> {
    let (started, cpu, events, from) = (Instant::now(), cpu_time(), cluster.handled(), cluster.now());
    act(cluster)?;
    // The last thing that matters: timers of deadlines that are long met are left alone.
    let mut at: SimTime = cluster.now();
    let horizon = from + PATIENCE;
    while !is_settled(cluster) {
        if at > horizon {
            return Err(format!("the cluster isn't settled after {PATIENCE} of virtual time"));
        }
        at += SimDuration::from_millis(500);
        cluster.run_until(at);
        spinner.set_message(format!("{name}: {at} of virtual time, {} events", cluster.handled()));
        spinner.tick();
    }
    let cpu = cpu_time().zip(cpu).map(|(now, then)| now.saturating_sub(then));
    Ok(Phase { name, events: cluster.handled() - events, cpu, wall: started.elapsed(), span: cluster.now().since(from) })
}

/// Whether every Deployment is complete and no old pod is left.
fn is_settled(cluster: &Cluster) -> bool {
    use sim_core::api::object::Kind;
    let store = cluster.store();
    let wanted: i64 = store.list(Kind::Deployment, None).filter_map(|(_, o)| o.as_deployment()).map(|d| i64::from(d.spec.replicas)).sum();
    store.count(Kind::Pod) as i64 == wanted
        && store.list(Kind::Deployment, None).filter_map(|(_, o)| o.as_deployment()).all(|deployment| {
            let (status, replicas) = (&deployment.status, deployment.spec.replicas);
            status.observed_generation >= deployment.meta.generation
                && [status.updated_replicas, status.replicas, status.available_replicas].iter().all(|n| *n == replicas)
        })
}

/// The median time of a clone of the whole world, of eleven.
fn checkpoint(cluster: &Cluster) -> Duration {
    let mut times: Vec<Duration> = (0..11)
        .map(|_| {
            let started = Instant::now();
            let clone = std::hint::black_box(cluster.clone());
            let took = started.elapsed();
            drop(clone);
            took
        })
        .collect();
    times.sort_unstable();
    times[5]
}

/// The CPU time of this process so far, where the system tells it (Linux).
fn cpu_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// The most memory that this process ever had, in bytes, where the system tells it (Linux).
fn peak_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template("{spinner} {msg}").expect("the template is well formed"));
    bar
}

fn as_json(args: &Args, deployments: u32, phases: &[Phase], checkpoint: Duration, cluster: &Cluster) {
    let row = |phase: &Phase| {
        json!({
            "name": phase.name,
            "events": phase.events,
            "cpuSeconds": phase.cpu.map(|cpu| cpu.as_secs_f64()),
            "wallSeconds": phase.wall.as_secs_f64(),
            "virtualSeconds": phase.span.as_nanos() as f64 / 1e9,
            "nsPerEvent": phase.per_event(),
        })
    };
    let report = json!({
        "nodes": args.nodes,
        "pods": args.pods,
        "deployments": deployments,
        "seed": args.seed,
        "phases": phases.iter().map(row).collect::<Vec<_>>(),
        "checkpointMs": checkpoint.as_secs_f64() * 1e3,
        "peakMemoryBytes": peak_memory(),
        "fingerprint": cluster.fingerprint().to_string(),
    });
    println!("{report}");
}

fn as_text(args: &Args, deployments: u32, phases: &[Phase], checkpoint: Duration, cluster: &Cluster) {
    println!("{} pods of {deployments} Deployments on {} nodes, seed {}", args.pods, args.nodes, args.seed);
    println!("{:<16}{:>12}{:>12}{:>12}{:>14}", "phase", "events", "CPU s", "ns/event", "virtual time");
    for phase in phases {
        let span = phase.span.to_string();
        println!("{:<16}{:>12}{:>12.3}{:>12}{span:>14}", phase.name, phase.events, phase.cost().as_secs_f64(), phase.per_event());
    }
    println!("checkpoint      {:.3} ms", checkpoint.as_secs_f64() * 1e3);
    if let Some(bytes) = peak_memory() {
        println!("peak memory     {} MiB", bytes >> 20);
    }
    println!("fingerprint     {}", cluster.fingerprint());
}
