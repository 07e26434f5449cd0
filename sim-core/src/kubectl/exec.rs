//! `kubectl exec`, `attach` and `cp`: commands in containers. Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/{exec,attach,cp}`, v1.36.
//!
//! A command is run at once, with all that it will do; the session shows it as time passes. What differs: nobody types into it, so a
//! shell without a script is refused; `cp` copies single files of text, and prints what it would write here.

use std::collections::VecDeque;

use serde_json::Value;

use super::api::{Api, Executed, Printed, Unstreamed};
use super::containers::{self, Named};
use super::failure::{Answer, Failure};
use super::field::{items, name, namespace, text};
use super::flags::{Flag, refused, short, short_switch, value};
use super::{Call, Next, Progress, Session, logs, target};
use crate::kernel::time::SimTime;

/// The flags of `exec`.
pub const FLAGS: &[Flag] = &[
    short("container", 'c'),
    short_switch("stdin", 'i'),
    short_switch("tty", 't'),
    short_switch("quiet", 'q'),
    refused("filename"),
    value("pod-running-timeout"),
];

/// The flags of `attach`.
pub const ATTACH_FLAGS: &[Flag] = &[
    short("container", 'c'),
    short_switch("stdin", 'i'),
    short_switch("tty", 't'),
    short_switch("quiet", 'q'),
    value("pod-running-timeout"),
];

/// The flags of `cp`.
pub const CP_FLAGS: &[Flag] = &[short("container", 'c'), super::flags::switch("no-preserve"), value("retries")];

/// A command under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    lines: VecDeque<Printed>,
    ended: Option<(SimTime, i32)>,
}

impl Running {
    fn new(executed: Executed) -> Running {
        Running { lines: executed.lines.into(), ended: executed.ended }
    }

    /// Prints what the command has printed since the last look.
    pub fn poll(&mut self, api: &mut dyn Api) -> Progress {
        let now = api.now();
        let mut progress = Progress::default();
        while let Some(line) = self.lines.pop_front_if(|line| line.at <= now || self.ended.is_some_and(|(at, _)| at <= now)) {
            let to = if line.to_stderr { &mut progress.output.stderr } else { &mut progress.output.stdout };
            to.push_str(&line.text);
        }
        match self.ended {
            Some((at, code)) if at <= now => {
                progress.done = true;
                progress.output.code = code;
                if code != 0 {
                    progress.output.stderr.push_str(&format!("command terminated with exit code {code}\n"));
                }
            }
            ended => progress.deadline = self.lines.front().map(|line| line.at).into_iter().chain(ended.map(|(at, _)| at)).min(),
        }
        progress
    }
}

impl From<Unstreamed> for Failure {
    fn from(why: Unstreamed) -> Failure {
        match why {
            Unstreamed::Server(error) => error.into(),
            Unstreamed::Upgrade(why) => Failure::Plain(format!("unable to upgrade connection: {why}")),
            Unstreamed::Failed(why) => Failure::Plain(format!("Internal error occurred: {why}")),
        }
    }
}

/// The pod that a command is to run in.
fn pod(call: &Call<'_>, argument: &str) -> Answer<Value> {
    match containers::find(call, argument, "attach to")? {
        Named::Pod(pod) => Ok(pod),
        Named::Pods(mut pods) => Ok(pods.swap_remove(0)),
    }
}

/// Whether a command is a shell that would read what somebody types.
fn is_interactive_shell(command: &[String]) -> bool {
    let last = |word: &String| word.rsplit('/').next().unwrap_or_default().to_owned();
    match command {
        [shell, rest @ ..] => {
            matches!(last(shell).as_str(), "sh" | "bash" | "ash" | "dash" | "zsh")
                && rest.iter().all(|word| word.starts_with('-') && !word.contains('c'))
        }
        [] => false,
    }
}

/// Runs `kubectl exec`.
pub fn run(call: &mut Call<'_>) -> Answer<Next> {
    let (args, dash) = (call.flags.args.clone(), call.flags.dash);
    let named = args.first().filter(|_| dash != Some(0)).cloned();
    let command = match dash {
        Some(at) => args[at..].to_vec(),
        None if args.len() > 1 => {
            return Err(call.flags.usage("exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead"));
        }
        None => Vec::new(),
    };
    let Some(named) = named else { return Err(Failure::plain("pod, type/name or --filename must be specified")) };
    if command.is_empty() {
        return Err(Failure::plain("you must specify at least one command for the container"));
    }
    let pod = pod(call, &named)?;
    let phase = text(&pod, "status.phase");
    if matches!(phase, "Succeeded" | "Failed") {
        return Err(Failure::Plain(format!("cannot exec into a container in a completed pod; current phase is {phase}")));
    }
    let container = match call.flags.text("container") {
        "" => containers::default_container(&pod, call.flags.on("quiet"), &mut call.err)?,
        name => name.to_owned(),
    };
    let done = call.api.exec(namespace(&pod), name(&pod), &container, &command, None)?;
    if is_interactive_shell(&command) {
        let example = format!("kubectl exec {named} -- {} -c 'ls /'", command[0]);
        return Err(Failure::not_simulated(&format!("a shell that somebody types into (try `{example}`)")));
    }
    Ok(Next::Wait(Session::Exec(Box::new(Running::new(done)))))
}

/// Runs `kubectl attach`: shows what the container prints from now on.
pub fn attach(call: &mut Call<'_>) -> Answer<Next> {
    let named = match call.flags.args.as_slice() {
        [] => return Err(Failure::plain("at least 1 argument is required for attach")),
        [one] => one.clone(),
        [kind, name] => format!("{kind}/{name}"),
        many => {
            let saw = many.join(" ");
            let message = format!("expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw {}: [{saw}]", many.len());
            return Err(Failure::Plain(message));
        }
    };
    let pod = pod(call, &named)?;
    let phase = text(&pod, "status.phase");
    if matches!(phase, "Succeeded" | "Failed") {
        return Err(Failure::Plain(format!("cannot attach a container in a completed pod; current phase is {phase}")));
    }
    let container = match call.flags.text("container") {
        "" => containers::default_container(&pod, call.flags.on("quiet"), &mut call.err)?,
        name if containers::has(&pod, name) => name.to_owned(),
        name => return Err(Failure::Plain(format!("container {name} not found in pod {}", super::field::name(&pod)))),
    };
    let spec = items(&pod, "spec.containers").iter().find(|spec| text(spec, "name") == container);
    if call.flags.on("tty") && spec.is_some_and(|spec| spec["tty"] != true) && !call.flags.on("quiet") {
        call.err.push_str(&format!("error: Unable to use a TTY - container {container} did not allocate one\n"));
    }
    if call.flags.on("stdin") && !call.flags.on("quiet") {
        call.err.push_str("All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.\n");
        call.err.push_str("If you don't see a command prompt, try pressing enter.\n");
    }
    let running = super::field::items(&pod, "status.containerStatuses")
        .iter()
        .chain(items(&pod, "status.initContainerStatuses"))
        .any(|status| text(status, "name") == container && status["state"].get("running").is_some());
    if !running {
        return Err(Failure::Plain(format!(
            "unable to upgrade connection: container {container} not found in pod {}_{}",
            name(&pod),
            namespace(&pod)
        )));
    }
    let (now, deadline) = (call.api.now(), call.request_deadline()?);
    let follow = logs::from_now(namespace(&pod), name(&pod), &container, Some(now), deadline);
    Ok(Next::Wait(Session::Logs(Box::new(follow))))
}

/// `ns/pod:path`, `pod:path` or a local path.
fn remote(word: &str) -> Option<(Option<&str>, &str, &str)> {
    let (pod, path) = word.split_once(':')?;
    match pod.split_once('/') {
        Some((ns, pod)) => Some((Some(ns), pod, path)),
        None => Some((None, pod, path)),
    }
}

/// Runs `kubectl cp`.
pub fn cp(call: &mut Call<'_>) -> Answer<Next> {
    let [from, to] = call.flags.args.as_slice() else { return Err(Failure::plain("source and destination are required")) };
    let (from, to) = (from.clone(), to.clone());
    match (remote(&from), remote(&to)) {
        (Some(_), Some(_)) => Err(Failure::plain("one of src or dest must be a local file specification")),
        (None, None) => Err(Failure::plain("one of src or dest must be a remote file specification")),
        (None, Some((ns, pod, path))) => {
            let Some(content) = call.files.get(&from).cloned() else {
                return Err(Failure::Plain(format!("{from} doesn't exist in local filesystem")));
            };
            let base = from.rsplit('/').next().unwrap_or(&from);
            let path = if path.ends_with('/') { format!("{path}{base}") } else { path.to_owned() };
            let script = format!("if [ -d '{path}' ]; then cat > '{path}/{base}'; else cat > '{path}'; fi");
            let done = copied(call, ns, pod, &script, Some(&content))?;
            Ok(Next::Wait(Session::Exec(Box::new(Running::new(done)))))
        }
        (Some((ns, pod, path)), None) => {
            let done = copied(call, ns, pod, &format!("cat '{path}'"), None)?;
            if let Some((_, code)) = done.ended.filter(|(_, code)| *code != 0) {
                call.failure_code = code;
                return Err(Failure::Plain(format!("tar: {path}: Cannot stat: No such file or directory")));
            }
            // Local files are the driver's; what would be written there is shown.
            if !matches!(to.as_str(), "-" | "/dev/stdout") {
                call.err.push_str(&format!("Warning: the simulator writes no local files; this is what {to} would hold\n"));
            }
            let content: String = done.lines.into_iter().map(|line| line.text).collect();
            call.out.push_str(&content);
            Ok(Next::Done)
        }
    }
}

fn copied(call: &mut Call<'_>, ns: Option<&str>, pod: &str, script: &str, input: Option<&str>) -> Answer<Executed> {
    let ns = ns.unwrap_or(call.namespace()).to_owned();
    let pod = call.api.get(target::resource("pods")?, &ns, pod)?;
    let phase = text(&pod, "status.phase");
    if matches!(phase, "Succeeded" | "Failed") {
        return Err(Failure::Plain(format!("cannot exec into a container in a completed pod; current phase is {phase}")));
    }
    let container = match call.flags.text("container") {
        "" => containers::default_container(&pod, false, &mut call.err)?,
        name => name.to_owned(),
    };
    let argv = ["sh", "-c", script].map(str::to_owned);
    let done = call.api.exec(&ns, name(&pod), &container, &argv, input);
    // kubectl runs tar in the container: where there is no shell here, there is no tar there.
    done.map_err(|why| match why {
        Unstreamed::Failed(why) => Failure::Plain(format!("Internal error occurred: {}", why.replace("\"sh\"", "\"tar\""))),
        why => why.into(),
    })
}
