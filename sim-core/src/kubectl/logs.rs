//! `kubectl logs`. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/logs/logs.go` and `pkg/polymorphichelpers/logsforobject.go`, v1.36.
//!
//! What differs: streams that are asked for one after another come in the order of their pods and containers, where kubectl's is any.

use serde_json::Value;

use super::api::{Api, LogOptions};
use super::containers::{self, Named};
use super::failure::{Answer, Failure};
use super::field::{items, name, namespace, text};
use super::flags::{Flag, short, short_switch, switch, value};
use super::{Call, Next, Progress, Session, target};
use crate::kernel::time::SimTime;

/// The flags of `logs`.
pub const FLAGS: &[Flag] = &[
    short("container", 'c'),
    short("selector", 'l'),
    short_switch("follow", 'f'),
    short_switch("previous", 'p'),
    switch("all-containers"),
    switch("all-pods"),
    switch("ignore-errors"),
    switch("insecure-skip-tls-verify-backend"),
    switch("prefix"),
    switch("timestamps"),
    value("limit-bytes"),
    value("max-log-requests"),
    value("pod-running-timeout"),
    value("since"),
    value("since-time"),
    value("tail"),
];

/// How many lines a selector's pods show when nobody says.
const SELECTOR_TAIL: i64 = 10;

/// One container's log.
#[derive(Clone, Debug, PartialEq)]
struct Stream {
    ns: String,
    pod: String,
    container: String,
    options: LogOptions,
    over: bool,
}

/// Logs that are followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Follow {
    streams: Vec<Stream>,
    prefix: bool,
    ignore_errors: bool,
    deadline: Option<SimTime>,
}

/// Runs `kubectl logs`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let usage = "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command";
    let args = call.flags.args.clone();
    let selector = call.flags.text("selector").to_owned();
    let mut container = call.flags.text("container").to_owned();
    match args.as_slice() {
        [] if selector.is_empty() => return Err(call.flags.usage(usage)),
        [] | [_] if args.is_empty() || selector.is_empty() => {}
        [_] => return Err(call.flags.usage("only a selector (-l) or a POD name is allowed")),
        [_, inline] => {
            if call.flags.has("container") {
                return Err(Failure::plain("only one of -c or an inline [CONTAINER] arg is allowed"));
            }
            container.clone_from(inline);
        }
        _ => return Err(call.flags.usage(usage)),
    }
    let options = options(call, &container, !selector.is_empty())?;
    let all_pods = call.flags.on("all-pods");
    let pods = match args.first() {
        None => {
            let pods = target::resource("pods")?;
            let labels = target::selector(call, pods)?;
            let found = call.api.list(pods, Some(call.namespace()), &labels)?;
            if found.is_empty() {
                let ns = call.namespace().to_owned();
                call.err.push_str(&format!("No resources found in {ns} namespace.\n"));
            }
            found
        }
        Some(argument) => match containers::find(call, argument, "get the logs from").map_err(|failure| not_found(call, failure))? {
            Named::Pod(pod) => vec![pod],
            Named::Pods(pods) if all_pods => pods,
            Named::Pods(pods) => {
                if pods.len() > 1 {
                    call.err.push_str(&format!("Found {} pods, using pod/{}\n", pods.len(), name(&pods[0])));
                }
                pods.into_iter().take(1).collect()
            }
        },
    };
    let mut streams = Vec::new();
    for pod in &pods {
        streams.extend(streams_of(call, pod, &options, all_pods)?);
    }
    let prefix = call.flags.on("prefix") || all_pods;
    if !call.flags.on("follow") {
        for stream in &streams {
            let log = call.api.logs(&stream.ns, &stream.pod, &stream.options)?;
            let text = prefixed(&log.text, stream, prefix);
            call.out.push_str(&text);
        }
        return Ok(Next::Done);
    }
    let most = call.flags.int("max-log-requests")?.unwrap_or(5);
    if streams.len() > 1 && streams.len() as i64 > most {
        return Err(Failure::Plain(format!(
            "you are attempting to follow {} log streams, but maximum allowed concurrency is {most}, use --max-log-requests to increase the limit",
            streams.len()
        )));
    }
    let deadline = call.request_deadline()?;
    // What is already wrong is said as a command's failure.
    if !call.flags.on("ignore-errors") {
        for stream in &streams {
            call.api.logs(&stream.ns, &stream.pod, &stream.options)?;
        }
    }
    let follow = Follow { streams, prefix, ignore_errors: call.flags.on("ignore-errors"), deadline };
    Ok(Next::Wait(Session::Logs(Box::new(follow))))
}

/// logs says in which namespace something isn't.
fn not_found(call: &Call<'_>, failure: Failure) -> Failure {
    if failure.is_not_found() {
        return Failure::Plain(format!("error from server (NotFound): {} in namespace {:?}", failure.message(), call.namespace()));
    }
    failure
}

fn options(call: &Call<'_>, container: &str, by_selector: bool) -> Answer<LogOptions> {
    let flags = &call.flags;
    let since_time = flags.text("since-time");
    let since_span = flags.duration("since")?.filter(|span| !span.is_zero());
    let moment = match since_time {
        "" => None,
        text => Some(call.api.epoch().parse(text).ok_or_else(|| {
            Failure::Plain(format!("parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {text:?} as \"2006\""))
        })?),
    };
    if moment.is_some() && since_span.is_some() {
        return Err(Failure::plain("at most one of `sinceTime` or `sinceSeconds` may be specified"));
    }
    if flags.on("all-containers") && !container.is_empty() {
        return Err(Failure::Plain(format!("--all-containers=true should not be specified with container name {container}")));
    }
    let limit = flags.int("limit-bytes")?.unwrap_or(0);
    if limit < 0 {
        return Err(Failure::plain("--limit-bytes must be greater than 0"));
    }
    if flags.text("since").starts_with('-') {
        return Err(Failure::plain("--since must be greater than 0"));
    }
    let tail = flags.int("tail")?;
    if tail.is_some_and(|tail| tail < -1) {
        return Err(Failure::plain("--tail must be greater than or equal to -1"));
    }
    let tail = if by_selector { tail.or(Some(SELECTOR_TAIL)) } else { tail };
    let now = call.api.now();
    Ok(LogOptions {
        container: container.to_owned(),
        previous: flags.on("previous"),
        since: moment.or(since_span.map(|span| SimTime::from_nanos(now.as_nanos().saturating_sub(span.as_nanos())))),
        after: None,
        tail: tail.and_then(|tail| u64::try_from(tail).ok()),
        timestamps: flags.on("timestamps"),
        limit_bytes: u64::try_from(limit).ok().filter(|limit| *limit > 0),
    })
}

/// The logs of a pod that are asked for.
fn streams_of(call: &mut Call<'_>, pod: &Value, options: &LogOptions, all_pods: bool) -> Answer<Vec<Stream>> {
    let stream = |container: &str| Stream {
        ns: namespace(pod).to_owned(),
        pod: name(pod).to_owned(),
        container: container.to_owned(),
        options: LogOptions { container: container.to_owned(), ..options.clone() },
        over: false,
    };
    if call.flags.on("all-containers") {
        let fields = ["initContainers", "containers", "ephemeralContainers"];
        let all = fields.iter().flat_map(|field| items(pod, &format!("spec.{field}")));
        return Ok(all.map(|container| stream(text(container, "name"))).collect());
    }
    let container = match options.container.as_str() {
        "" => containers::default_container(pod, all_pods, &mut call.err)?,
        name => name.to_owned(),
    };
    if !containers::has(pod, &container) {
        let names = containers::all_names(pod);
        return Err(Failure::Plain(format!("container {container} is not valid for pod {} out of: {names}", name(pod))));
    }
    Ok(vec![stream(&container)])
}

/// A log's lines, each after its source.
fn prefixed(log: &str, stream: &Stream, prefix: bool) -> String {
    if !prefix {
        return log.to_owned();
    }
    log.split_inclusive('\n').map(|line| format!("[pod/{}/{}] {line}", stream.pod, stream.container)).collect()
}

/// Follows one container's log from this moment on: what `attach` shows.
pub fn from_now(ns: &str, pod: &str, container: &str, after: Option<SimTime>, deadline: Option<SimTime>) -> Follow {
    let options = LogOptions { container: container.to_owned(), after, ..LogOptions::default() };
    let stream = Stream { ns: ns.to_owned(), pod: pod.to_owned(), container: container.to_owned(), options, over: false };
    Follow { streams: vec![stream], prefix: false, ignore_errors: false, deadline }
}

impl Follow {
    /// Prints what has come since the last look.
    pub fn poll(&mut self, api: &mut dyn Api) -> Progress {
        let now = api.now();
        let mut progress = Progress::waiting(self.deadline);
        for stream in self.streams.iter_mut().filter(|stream| !stream.over) {
            match api.logs(&stream.ns, &stream.pod, &stream.options) {
                Ok(log) => {
                    progress.output.stdout.push_str(&prefixed(&log.text, stream, self.prefix));
                    stream.options = LogOptions { after: Some(now), tail: None, since: None, ..stream.options.clone() };
                    stream.over = log.over;
                    progress.deadline = [progress.deadline, log.next].into_iter().flatten().min();
                }
                // The pod is gone, and its log with it: the stream ends.
                Err(_) if stream.options.after.is_some() => stream.over = true,
                Err(error) if self.ignore_errors => {
                    progress.output.stdout.push_str(&format!("error: {error}\n"));
                    stream.over = true;
                }
                Err(error) => {
                    progress.end(Some(error.into()));
                    return progress;
                }
            }
        }
        progress.done |= self.streams.iter().all(|stream| stream.over) || self.deadline.is_some_and(|deadline| deadline <= now);
        progress
    }
}
