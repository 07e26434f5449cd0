//! The commands that there are, and how the words of a line find theirs.
//!
//! Mirrors the tree of `staging/src/k8s.io/kubectl/pkg/cmd/cmd.go`, v1.36, and cobra's words for what isn't in it.

use super::failure::{Answer, Failure};
use super::flags::{self, Flag, OBJECTS, Parsed};
use super::{Call, Next};
use super::{
    annotate, applied, apply, autoscale, catalog, cluster_info, cordon, create, debug, delete, describe, diff, drain, edit, events, exec,
    explain, expose, forward, get, history, logs, patch, replace, rollback, rollout, rollout_status, run_pod, scale, set, set_env,
    set_subject, taint, top, wait,
};

type Command = fn(&mut Call<'_>) -> Answer<Next>;

/// A command: its words, its flags, its function.
struct Entry {
    words: &'static str,
    flags: &'static [&'static [Flag]],
    run: Command,
}

const COMMANDS: &[Entry] = &[
    Entry { words: "get", flags: &[get::FLAGS], run: get::run },
    Entry { words: "describe", flags: &[describe::FLAGS], run: describe::run },
    Entry { words: "apply", flags: &[OBJECTS, apply::FLAGS], run: apply::run },
    Entry { words: "apply view-last-applied", flags: &[OBJECTS, applied::VIEW_FLAGS], run: applied::view },
    Entry { words: "apply set-last-applied", flags: &[applied::SET_FLAGS], run: applied::set },
    Entry { words: "apply edit-last-applied", flags: &[edit::APPLIED_FLAGS], run: edit::last_applied },
    Entry { words: "create clusterrole", flags: &[create::BY_NAME, create::rbac::CLUSTER_ROLE_FLAGS], run: create::rbac::cluster_role },
    Entry {
        words: "create clusterrolebinding",
        flags: &[create::BY_NAME, create::rbac::CLUSTER_BINDING_FLAGS],
        run: create::rbac::cluster_role_binding,
    },
    Entry { words: "create configmap", flags: &[create::BY_NAME, create::config::FLAGS], run: create::config::run },
    Entry { words: "create cronjob", flags: &[create::BY_NAME, create::job::CRON_FLAGS], run: create::job::cron },
    Entry { words: "create deployment", flags: &[create::BY_NAME, create::deployment::FLAGS], run: create::deployment::run },
    Entry { words: "create ingress", flags: &[create::BY_NAME, create::ingress::FLAGS], run: create::ingress::run },
    Entry { words: "create job", flags: &[create::BY_NAME, create::job::FLAGS], run: create::job::run },
    Entry { words: "create namespace", flags: &[create::BY_NAME], run: create::namespace },
    Entry {
        words: "create poddisruptionbudget",
        flags: &[create::BY_NAME, create::policy::BUDGET_FLAGS],
        run: create::policy::disruption_budget,
    },
    Entry { words: "create priorityclass", flags: &[create::BY_NAME, create::policy::PRIORITY_FLAGS], run: create::policy::priority_class },
    Entry { words: "create quota", flags: &[create::BY_NAME, create::policy::QUOTA_FLAGS], run: create::policy::quota },
    Entry { words: "create role", flags: &[create::BY_NAME, create::rbac::ROLE_FLAGS], run: create::rbac::role },
    Entry { words: "create rolebinding", flags: &[create::BY_NAME, create::rbac::BINDING_FLAGS], run: create::rbac::role_binding },
    Entry {
        words: "create secret docker-registry",
        flags: &[create::BY_NAME, create::secret::DOCKER_FLAGS],
        run: create::secret::docker_registry,
    },
    Entry { words: "create secret generic", flags: &[create::BY_NAME, create::secret::FLAGS], run: create::secret::generic },
    Entry { words: "create secret tls", flags: &[create::BY_NAME, create::secret::TLS_FLAGS], run: create::secret::tls },
    Entry {
        words: "create service clusterip",
        flags: &[create::BY_NAME, create::service::CLUSTER_IP_FLAGS],
        run: create::service::cluster_ip,
    },
    Entry {
        words: "create service externalname",
        flags: &[create::BY_NAME, create::service::EXTERNAL_NAME_FLAGS],
        run: create::service::external_name,
    },
    Entry { words: "create service loadbalancer", flags: &[create::BY_NAME, create::service::FLAGS], run: create::service::load_balancer },
    Entry {
        words: "create service nodeport",
        flags: &[create::BY_NAME, create::service::NODE_PORT_FLAGS],
        run: create::service::node_port,
    },
    Entry { words: "create serviceaccount", flags: &[create::BY_NAME], run: create::service_account },
    Entry { words: "create token", flags: &[create::token::FLAGS], run: create::token::run },
    Entry { words: "create", flags: &[OBJECTS, create::FLAGS], run: create::run },
    Entry { words: "replace", flags: &[replace::FLAGS], run: replace::run },
    Entry { words: "edit", flags: &[edit::FLAGS], run: edit::run },
    Entry { words: "diff", flags: &[diff::FLAGS], run: diff::run },
    Entry { words: "delete", flags: &[OBJECTS, delete::FLAGS], run: delete::run },
    Entry { words: "scale", flags: &[OBJECTS, scale::FLAGS], run: scale::run },
    Entry { words: "set image", flags: &[OBJECTS, set::FLAGS], run: set::image },
    Entry { words: "set resources", flags: &[OBJECTS, set::RESOURCES_FLAGS], run: set::resources },
    Entry { words: "set env", flags: &[set_env::FLAGS], run: set_env::run },
    Entry { words: "set selector", flags: &[set_subject::SELECTOR_FLAGS], run: set_subject::selector },
    Entry { words: "set serviceaccount", flags: &[OBJECTS, set::FLAGS], run: set::service_account },
    Entry { words: "set subject", flags: &[OBJECTS, set_subject::FLAGS], run: set_subject::run },
    Entry { words: "autoscale", flags: &[autoscale::FLAGS], run: autoscale::run },
    Entry { words: "rollout status", flags: &[rollout_status::FLAGS], run: rollout_status::run },
    Entry { words: "rollout history", flags: &[OBJECTS, history::FLAGS], run: history::run },
    Entry { words: "rollout undo", flags: &[OBJECTS, rollback::FLAGS], run: rollback::run },
    Entry { words: "rollout pause", flags: &[OBJECTS, rollout::FLAGS], run: rollout::pause },
    Entry { words: "rollout resume", flags: &[OBJECTS, rollout::FLAGS], run: rollout::resume },
    Entry { words: "rollout restart", flags: &[OBJECTS, rollout::FLAGS], run: rollout::restart },
    Entry { words: "label", flags: &[OBJECTS, annotate::FLAGS], run: annotate::label },
    Entry { words: "annotate", flags: &[OBJECTS, annotate::FLAGS], run: annotate::annotate },
    Entry { words: "patch", flags: &[patch::FLAGS], run: patch::run },
    Entry { words: "expose", flags: &[expose::FLAGS], run: expose::run },
    Entry { words: "run", flags: &[run_pod::FLAGS], run: run_pod::run },
    Entry { words: "wait", flags: &[wait::FLAGS], run: wait::run },
    Entry { words: "logs", flags: &[logs::FLAGS], run: logs::run },
    Entry { words: "exec", flags: &[exec::FLAGS], run: exec::run },
    Entry { words: "debug", flags: &[debug::FLAGS], run: debug::run },
    Entry { words: "attach", flags: &[exec::ATTACH_FLAGS], run: exec::attach },
    Entry { words: "port-forward", flags: &[forward::PORT_FORWARD_FLAGS], run: forward::port_forward },
    Entry { words: "proxy", flags: &[forward::PROXY_FLAGS], run: forward::proxy },
    Entry { words: "cp", flags: &[exec::CP_FLAGS], run: exec::cp },
    Entry { words: "cordon", flags: &[cordon::FLAGS], run: cordon::cordon },
    Entry { words: "uncordon", flags: &[cordon::FLAGS], run: cordon::uncordon },
    Entry { words: "drain", flags: &[drain::FLAGS], run: drain::run },
    Entry { words: "taint", flags: &[taint::FLAGS], run: taint::run },
    Entry { words: "explain", flags: &[explain::FLAGS], run: explain::run },
    Entry { words: "events", flags: &[events::FLAGS], run: events::run },
    Entry { words: "version", flags: &[catalog::VERSION_FLAGS], run: catalog::version },
    Entry { words: "api-resources", flags: &[catalog::FLAGS], run: catalog::api_resources },
    Entry { words: "api-versions", flags: &[], run: catalog::api_versions },
    Entry { words: "cluster-info dump", flags: &[cluster_info::DUMP_FLAGS], run: cluster_info::dump },
    Entry { words: "cluster-info", flags: &[], run: cluster_info::run },
    Entry { words: "top node", flags: &[top::NODE_FLAGS], run: top::node },
    Entry { words: "top pod", flags: &[top::POD_FLAGS], run: top::pod },
    Entry { words: "config set-context", flags: &[catalog::CONTEXT_FLAGS], run: catalog::set_context },
    Entry { words: "config current-context", flags: &[catalog::CONTEXT_FLAGS], run: catalog::current_context },
    Entry { words: "config get-contexts", flags: &[catalog::CONTEXT_FLAGS], run: catalog::get_contexts },
    Entry { words: "config use-context", flags: &[catalog::CONTEXT_FLAGS], run: catalog::use_context },
];

/// Short names of subcommands.
const ALIASES: &[(&str, &str)] = &[
    ("create cj", "create cronjob"),
    ("create cm", "create configmap"),
    ("create deploy", "create deployment"),
    ("create ing", "create ingress"),
    ("create ns", "create namespace"),
    ("create pc", "create priorityclass"),
    ("create pdb", "create poddisruptionbudget"),
    ("create resourcequota", "create quota"),
    ("create sa", "create serviceaccount"),
    ("create svc", "create service"),
    ("set sa", "set serviceaccount"),
    ("top no", "top node"),
    ("top nodes", "top node"),
    ("top po", "top pod"),
    ("top pods", "top pod"),
];

/// Commands that kubectl has and the simulator doesn't yet.
const NOT_SIMULATED: &[&str] = &["alpha", "auth", "certificate", "completion", "config", "kustomize", "options", "plugin"];

/// The first words of all commands, those that are refused among them.
pub fn verbs() -> impl Iterator<Item = &'static str> {
    let all = COMMANDS.iter().map(|entry| entry.words).chain(NOT_SIMULATED.iter().copied()).chain(["help"]);
    all.filter_map(|words| words.split(' ').next())
}

/// Whether a command line asks for an editor.
pub fn opens_editor(words: &[String]) -> bool {
    let words = words.strip_prefix(&["kubectl".to_owned()]).unwrap_or(words);
    let (leading, rest) = command_words(words);
    let edits =
        leading.first().is_some_and(|verb| verb == "edit") || leading.starts_with(&["apply", "edit-last-applied"].map(str::to_owned));
    edits && !rest.iter().take_while(|word| *word != "--").any(|word| matches!(word.as_str(), "-h" | "--help"))
}

/// Commands that change nothing: neither objects, nor what is inside of containers, nor what `config` remembers.
const READING: &[&str] = &[
    "api-resources",
    "api-versions",
    "apply view-last-applied",
    "attach",
    "cluster-info",
    "cluster-info dump",
    "config current-context",
    "config get-contexts",
    "describe",
    "diff",
    "events",
    "explain",
    "get",
    "logs",
    "port-forward",
    "proxy",
    "rollout history",
    "rollout status",
    "top node",
    "top pod",
    "version",
    "wait",
];

/// Whether a command line only reads, whatever comes of it: it asks for something or for help, or is refused.
pub fn only_reads(words: &[String]) -> bool {
    let words = words.strip_prefix(&["kubectl".to_owned()]).unwrap_or(words);
    let (leading, rest) = command_words(words);
    let asks_for_help = rest.iter().take_while(|word| *word != "--").any(|word| matches!(word.as_str(), "-h" | "--help"));
    asks_for_help || entry_of(&leading.join(" ")).is_none_or(|entry| READING.contains(&entry.words))
}

/// The command that the words begin with, short names written out.
fn entry_of(line: &str) -> Option<&'static Entry> {
    let full = ALIASES.iter().find(|(alias, _)| begins(line, alias)).map(|(alias, full)| line.replacen(alias, full, 1));
    let line = full.as_deref().unwrap_or(line);
    COMMANDS.iter().filter(|entry| begins(line, entry.words)).max_by_key(|entry| entry.words.len())
}

/// Whether a line begins with these whole words.
fn begins(line: &str, with: &str) -> bool {
    line.strip_prefix(with).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// Finds the command that the words begin with and runs it.
pub(super) fn dispatch(call: &mut Call<'_>, words: &[String]) -> Answer<Next> {
    let (mut leading, rest) = command_words(words);
    let mut line = leading.join(" ");
    for (alias, full) in ALIASES {
        if line == *alias || line.starts_with(&format!("{alias} ")) {
            line = line.replacen(alias, full, 1);
            leading = line.split(' ').map(str::to_owned).collect();
        }
    }
    let begins = |with: &str| line == with || line.starts_with(&format!("{with} "));
    if let Some(name) = NOT_SIMULATED.iter().filter(|name| begins(name)).max_by_key(|name| name.len())
        && COMMANDS.iter().all(|entry| !begins(entry.words) || entry.words.len() <= name.len())
    {
        return Err(Failure::not_simulated(&format!("kubectl {name}")));
    }
    let entry = COMMANDS.iter().filter(|entry| begins(entry.words)).max_by_key(|entry| entry.words.len());
    let Some(entry) = entry.filter(|entry| SUBFAMILIES.iter().all(|family| !begins(family) || entry.words.len() > family.len())) else {
        return unknown(call, &leading);
    };
    let taken = entry.words.split(' ').count();
    let arguments: Vec<String> = leading.into_iter().skip(taken).chain(rest).collect();
    if arguments.iter().take_while(|word| *word != "--").any(|word| matches!(word.as_str(), "-h" | "--help")) {
        call.out.push_str(&help(entry));
        return Ok(Next::Done);
    }
    call.flags = Parsed::new(entry.words, entry.flags, &arguments)?;
    if call.flags.has("record") {
        call.err.push_str("Flag --record has been deprecated, --record will be removed in the future\n");
    }
    (entry.run)(call)
}

/// Commands with subcommands under a command that does something itself.
const SUBFAMILIES: &[&str] = &["create secret", "create service"];

/// Commands with subcommands.
const FAMILIES: &[&str] = &["rollout", "set", "config", "top"];

/// Up to three leading words that aren't flags. Flags before the verb (`kubectl -n dev get pods`) move behind it.
fn command_words(words: &[String]) -> (Vec<String>, Vec<String>) {
    let (mut leading, mut moved) = (Vec::new(), Vec::new());
    let mut i = 0;
    while i < words.len() && leading.len() < 3 {
        let word = &words[i];
        if word == "--" {
            break;
        }
        if !word.starts_with('-') {
            leading.push(word.clone());
        } else if leading.last().is_none_or(|verb| FAMILIES.contains(&verb.as_str())) {
            moved.push(word.clone());
            let separate =
                matches!(word.as_str(), "-n" | "--namespace" | "--request-timeout" | "--context" | "--kubeconfig" | "--as" | "-s" | "-v");
            if let (true, Some(value)) = (separate, words.get(i + 1)) {
                moved.push(value.clone());
                i += 1;
            }
        } else {
            break;
        }
        i += 1;
    }
    moved.extend(words[i..].iter().cloned());
    (leading, moved)
}

/// Kubectl's words for a command that isn't one.
fn unknown(call: &mut Call<'_>, leading: &[String]) -> Answer<Next> {
    let Some(verb) = leading.first().filter(|verb| *verb != "help") else {
        call.out.push_str(&overview());
        return Ok(Next::Done);
    };
    let line = leading.join(" ");
    let within = |family: &&&str| line == **family || line.starts_with(&format!("{family} "));
    if let Some(family) = FAMILIES.iter().chain(SUBFAMILIES).find(within) {
        let depth = family.split(' ').count();
        let Some(sub) = leading.get(depth) else {
            call.out.push_str(&overview());
            return Ok(Next::Done);
        };
        return Err(Failure::usage(family, format!("unknown command {sub:?}")));
    }
    let mut message = format!("error: unknown command {verb:?} for \"kubectl\"");
    let mut verbs: Vec<&str> = COMMANDS.iter().map(|entry| entry.words).chain(NOT_SIMULATED.iter().copied()).collect();
    verbs.extend(["explain", "exec"]);
    let mut near: Vec<&str> =
        verbs.into_iter().filter_map(|words| words.split(' ').next()).filter(|known| resembles(verb, known)).collect();
    near.sort_unstable();
    near.dedup();
    if !near.is_empty() {
        message.push_str(&format!("\n\nDid you mean this?\n\t{}", near.join("\n\t")));
        message.push('\n');
    }
    Err(Failure::Bare(message))
}

/// Whether a command is near enough to what was typed to be suggested: two edits, or its beginning.
fn resembles(typed: &str, known: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (typed.to_lowercase().chars().collect(), known.chars().collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = if x == y { corner } else { 1 + corner.min(row[j]).min(row[j + 1]) };
            corner = row[j + 1];
            row[j + 1] = cost;
        }
    }
    row[b.len()] <= 2 || known.starts_with(&typed.to_lowercase())
}

fn help(entry: &Entry) -> String {
    let mut text = format!("Usage:\n  kubectl {} [flags]\n\nFlags:\n", entry.words);
    for flag in entry.flags.iter().copied().flatten().filter(|flag| flag.takes != flags::Takes::Refused) {
        let letter = if flag.short == ' ' { "    ".to_owned() } else { format!("-{}, ", flag.short) };
        text.push_str(&format!("  {letter}--{}\n", flag.long));
    }
    text
}

fn overview() -> String {
    let mut text = "kubectl controls the simulated cluster.\n\nCommands:\n".to_owned();
    for entry in COMMANDS {
        text.push_str(&format!("  {}\n", entry.words));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_is_told_from_acting() {
        let reads = |line: &str| only_reads(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        for line in [
            "get pods -w",
            "kubectl -n dev get pods",
            "rollout status deploy/web",
            "top po",
            "delete pod web --help",
            "apply view-last-applied deploy/web",
            "config get-contexts",
            "auth can-i create pods",
            "frobnicate",
        ] {
            assert!(reads(line), "{line}");
        }
        for line in [
            "apply -f web.yaml",
            "-n dev delete pod web",
            "rollout undo deploy/web",
            "exec web -- touch /tmp/a",
            "exec web -- ls --help",
            "config set-context --current --namespace=dev",
            "create deploy web --image=nginx",
            "drain node-1",
            "run web --image=nginx -it",
        ] {
            assert!(!reads(line), "{line}");
        }
        for words in READING {
            assert!(COMMANDS.iter().any(|entry| entry.words == *words), "{words}");
        }
    }

    #[test]
    fn suggestions() {
        assert!(resembles("foo", "top"));
        assert!(resembles("aply", "apply"));
        assert!(!resembles("foo", "get"));
    }
}
