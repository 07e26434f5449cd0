//! Somebody at the sandbox: what they type, where they go in time, and what they see.

use super::Sandbox;
use crate::frame::session::{Link, Print, TypedLine, Update};
use sim_core::scenario::Scenario;
use std::collections::BTreeMap;

const SECOND: u64 = 1_000_000_000;

const ROLLOUT: &str = "
name: rollout
steps:
- kubectl: create deployment web --image=nginx:1.17.1 --replicas=3
- kubectl: rollout status deployment/web
- wait: 5s
- kubectl: set image deployment/web nginx=nginx:1.17.2
- until: deployment/web is complete
- fault: kill node node-2
- wait: 30s
expect:
- that: deployment/web ready == 3
  at: 10s
";

fn open(link: &Link) -> Sandbox {
    match Sandbox::open(link, None) {
        Ok(sandbox) => sandbox,
        Err(problem) => panic!("{problem:?}"),
    }
}

fn scenario(text: &str) -> Link {
    Link { version: 1, scenario: text.to_owned(), ..Link::default() }
}

fn empty() -> Sandbox {
    open(&Link { version: 1, ..Link::default() })
}

#[track_caller]
fn line(sandbox: &mut Sandbox, terminal: u32, line: &str) -> Update {
    match sandbox.line(terminal, line, &BTreeMap::new()) {
        Ok(update) => update,
        Err(problem) => panic!("{problem:?}"),
    }
}

/// What a terminal printed.
fn printed(prints: &[Print], terminal: u32) -> String {
    prints.iter().filter(|print| print.terminal == terminal).flat_map(|print| &print.text).map(|text| text.text.as_str()).collect()
}

fn is_done(prints: &[Print], terminal: u32) -> bool {
    prints.iter().rev().find(|print| print.terminal == terminal).is_some_and(|print| print.done)
}

#[test]
fn a_scenario_is_opened_at_its_start_and_its_steps_happen_as_time_goes_on() {
    let run = Scenario::parse(ROLLOUT, "scenario.yaml").expect("well written").run(1).expect("it ends");
    let mut sandbox = open(&scenario(ROLLOUT));
    let opened = sandbox.opened();
    assert_eq!((opened.update.frame.at, opened.update.frame.horizon), (0, run.cluster.now().as_nanos()));
    assert_eq!(opened.update.prints, []);
    assert!(opened.verdicts.iter().all(|verdict| verdict.holds) && opened.story.len() > 10);
    let first = sandbox.tick(SECOND);
    assert!(
        printed(&first.prints, 0)
            .starts_with("$ kubectl create deployment web --image=nginx:1.17.1 --replicas=3\ndeployment.apps/web created\n")
    );
    assert!(!printed(&first.prints, 0).contains("successfully rolled out"), "the rollout is waited for");
    let mut all = first.prints;
    while sandbox.now() < run.cluster.now() {
        all.extend(sandbox.tick(SECOND).prints);
    }
    assert!(is_done(&all, 0));
    let told = printed(&all, 0);
    assert!(told.contains("deployment \"web\" successfully rolled out\n$ kubectl set image deployment/web nginx=nginx:1.17.2\n"), "{told}");
    assert!(told.ends_with("$ fault kill node node-2\n"), "{told}");
    sandbox.seek(run.cluster.now().as_nanos());
    assert_eq!(sandbox.fingerprint(), run.report.fingerprint);
    assert_eq!(sandbox.seek(3 * SECOND).prints, [], "nobody hears of going back");
    sandbox.seek(run.cluster.now().as_nanos());
    assert_eq!(sandbox.fingerprint(), run.report.fingerprint);
}

#[test]
fn it_makes_no_difference_in_which_slices_time_passes() {
    let play = |slice: u64| {
        let mut sandbox = empty();
        let mut prints = line(&mut sandbox, 0, "create deployment web --image=nginx --replicas=4").prints;
        prints.extend(line(&mut sandbox, 1, "kubectl get pods -w").prints);
        prints.extend(line(&mut sandbox, 2, "kubectl rollout status deploy/web && kubectl scale deploy/web --replicas=2").prints);
        while sandbox.now().as_nanos() < 60 * SECOND {
            let rest = 60 * SECOND - sandbox.now().as_nanos();
            prints.extend(sandbox.tick(slice.min(rest)).prints);
        }
        assert!(!is_done(&prints, 1) && is_done(&prints, 2));
        ((0..3).map(|terminal| printed(&prints, terminal)).collect::<Vec<_>>(), sandbox.fingerprint())
    };
    let (told, fingerprint) = play(60 * SECOND);
    assert!(told[1].contains("ContainerCreating") && told[1].contains("Terminating") && told[2].ends_with("scaled\n"), "{told:?}");
    for slice in [7 * SECOND, 16_666_667, 333_000_000] {
        assert_eq!(play(slice), (told.clone(), fingerprint.clone()), "{slice}");
    }
}

#[test]
fn a_watch_runs_beside_commands_until_it_is_interrupted() {
    let mut sandbox = empty();
    let begun = line(&mut sandbox, 1, "get deploy -w");
    assert!(!is_done(&begun.prints, 1));
    assert!(sandbox.line(1, "get pods", &BTreeMap::new()).is_err(), "its terminal is busy");
    assert!(is_done(&line(&mut sandbox, 0, "create deployment web --image=nginx").prints, 0));
    let later = sandbox.tick(20 * SECOND);
    let told = printed(&later.prints, 1);
    assert!(told.contains("web    0/1") && told.contains("web    1/1"), "{told}");
    assert!(is_done(&sandbox.interrupt(1).prints, 1));
    assert_eq!(sandbox.link().lines.len(), 1, "who only reads isn't part of the run");
    let jumped = line(&mut sandbox, 0, "get pods -w");
    assert!(!is_done(&jumped.prints, 0));
    assert_eq!(printed(&sandbox.seek(SECOND).prints, 0), "", "another moment is watched");
    assert!(printed(&sandbox.tick(10 * SECOND).prints, 0).contains("1/1     Running"));
}

#[test]
fn acting_in_the_past_keeps_the_old_future() {
    let mut sandbox = open(&scenario(ROLLOUT));
    let end = sandbox.opened().update.frame.horizon;
    sandbox.seek(end);
    let old = sandbox.fingerprint();
    sandbox.seek(2 * SECOND);
    let read = line(&mut sandbox, 0, "get pods");
    assert!(printed(&read.prints, 0).contains("web-") && read.branches.len() == 1, "reading changes nothing");
    let refused = line(&mut sandbox, 0, "scale deploy/web --replicas=many");
    assert!(refused.branches.len() == 1, "nor does what makes no sense: {:?}", refused.prints);
    let acted = line(&mut sandbox, 0, "scale deploy/web --replicas=6");
    assert_eq!(printed(&acted.prints, 0), "deployment.apps/web scaled\n");
    let names: Vec<(u32, &str, u32)> = acted.branches.iter().map(|branch| (branch.id, branch.name.as_str(), branch.parent)).collect();
    assert_eq!(names, [(0, "", 0), (1, "scale deploy/web --replicas=6", 0)]);
    assert_eq!((acted.branch, acted.ahead, acted.frame.horizon), (1, 0, 2 * SECOND));
    sandbox.tick(20 * SECOND);
    let comparison = sandbox.compare(0, 1).expect("both are there");
    assert!(comparison.differences.iter().any(|difference| difference.left.is_empty() && difference.right.contains("Running")));
    assert!(sandbox.drop_branch(1).is_err(), "it is looked at");
    sandbox.switch_branch(0).expect("it is there");
    assert_eq!(sandbox.now().as_nanos(), 22 * SECOND);
    sandbox.seek(end);
    assert_eq!(sandbox.fingerprint(), old);
    assert_eq!(sandbox.drop_branch(1).expect("it is there").branches.len(), 1);
}

#[test]
fn a_link_leads_to_the_same_moment_of_the_same_run() {
    let mut sandbox = open(&scenario(ROLLOUT));
    sandbox.opened();
    sandbox.tick(4 * SECOND);
    line(&mut sandbox, 0, "scale deploy/web --replicas=5");
    sandbox.tick(7 * SECOND + 123);
    line(&mut sandbox, 2, "drain node-1 --ignore-daemonsets && get pods");
    sandbox.tick(SECOND / 2);
    line(&mut sandbox, 0, "fault kill node node-3");
    sandbox.tick(SECOND);
    sandbox.interrupt(2);
    sandbox.tick(50 * SECOND);
    line(&mut sandbox, 0, "uncordon node-1");
    let link = sandbox.link();
    let typed: Vec<&str> = link.lines.iter().map(|typed| typed.line.as_str()).collect();
    assert!(typed.starts_with(&[
        "scale deploy/web --replicas=5",
        "drain node-1 --ignore-daemonsets && get pods",
        "fault kill node node-3"
    ]));
    let mut again = open(&link);
    assert_eq!(again.fingerprint(), sandbox.fingerprint());
    assert_eq!(again.link(), link);
    let told = printed(&again.opened().update.prints, 0);
    assert!(told.contains("$ scale deploy/web --replicas=5\ndeployment.apps/web scaled\n"), "{told}");
    // An earlier moment, with lines ahead.
    sandbox.seek(11 * SECOND);
    let link = sandbox.link();
    let mut again = open(&link);
    assert_eq!(again.fingerprint(), sandbox.fingerprint());
    assert_eq!((again.opened().update.ahead, again.link()), (sandbox.whole().ahead, link));
    sandbox.tick(60 * SECOND);
    again.tick(60 * SECOND);
    assert_eq!(again.fingerprint(), sandbox.fingerprint());
}

#[test]
fn a_command_that_acts_while_it_waits_goes_on_from_wherever_one_looks() {
    let mut sandbox = empty();
    line(&mut sandbox, 0, "create deployment web --image=nginx --replicas=3");
    line(&mut sandbox, 0, "create poddisruptionbudget web --selector=app=web --min-available=3");
    sandbox.tick(20 * SECOND);
    let begun = line(&mut sandbox, 1, "drain node-1");
    assert!(!is_done(&begun.prints, 1), "the budget lets nobody go");
    sandbox.tick(30 * SECOND);
    line(&mut sandbox, 0, "scale deploy/web --replicas=4");
    let rest = sandbox.tick(60 * SECOND);
    assert!(is_done(&rest.prints, 1) && printed(&rest.prints, 1).contains("node/node-1 drained"), "{:?}", rest.prints);
    let (at, fingerprint) = (sandbox.now().as_nanos(), sandbox.fingerprint());
    let back = sandbox.seek(25 * SECOND);
    assert!(back.prints.iter().any(|print| print.terminal == 1 && !print.done), "it waits again");
    sandbox.seek(at);
    assert_eq!(sandbox.fingerprint(), fingerprint);
    sandbox.seek(25 * SECOND);
    let stopped = sandbox.interrupt(1);
    assert!(is_done(&stopped.prints, 1) && stopped.branches.len() == 2);
    let rest = sandbox.tick(80 * SECOND);
    assert_eq!(printed(&rest.prints, 1), "", "nobody drains any more");
    assert_ne!(sandbox.fingerprint(), fingerprint);
}

#[test]
fn words_of_time_move_what_is_looked_at() {
    let mut sandbox = empty();
    line(&mut sandbox, 1, "get pods -w");
    line(&mut sandbox, 0, "create deployment web --image=nginx --replicas=2");
    let until = line(&mut sandbox, 0, "until deployment/web is complete");
    assert!(printed(&until.prints, 0).contains("later") && printed(&until.prints, 1).contains("1/1     Running"));
    assert_eq!(printed(&line(&mut sandbox, 0, "wait 10s").prints, 0).split(' ').next(), Some("it"));
    let at = sandbox.now().as_nanos();
    let back = line(&mut sandbox, 0, "seek 0s");
    assert!(printed(&back.prints, 0).contains("1 commands lie ahead"), "{:?}", back.prints);
    assert_eq!((back.frame.at, back.frame.horizon), (0, at));
    assert_eq!(sandbox.link().lines.len(), 1);
    assert_eq!((back.ahead, printed(&back.prints, 0).matches("created").count()), (1, 0));
    let stepped = sandbox.step(true);
    assert_eq!((stepped.ahead, stepped.frame.owners.len()), (0, 1), "what was done at the first moment is done again");
    line(&mut sandbox, 0, "seek 0s");
    let again = line(&mut sandbox, 0, "until deployment/web is complete");
    assert!(printed(&again.prints, 0).contains("later"), "{:?}", again.prints);
}

#[test]
fn another_branch_is_looked_at_where_one_is_even_at_the_first_moment() {
    let mut sandbox = empty();
    line(&mut sandbox, 0, "create deployment web --image=nginx");
    sandbox.fork("b");
    let switched = sandbox.switch_branch(0).expect("the first branch");
    assert_eq!((switched.ahead, switched.frame.owners.len()), (0, 1));
}

#[test]
fn a_link_that_leads_too_far_is_refused() {
    let far = Link { version: 1, at: Some(u64::MAX / 2), ..Link::default() };
    let problem = Sandbox::open(&far, None).map(drop).expect_err("nobody waits for that");
    assert!(problem.message.contains("more than a day"), "{problem:?}");
}

#[test]
fn a_fork_gives_up_what_was_to_come() {
    let mut sandbox = open(&scenario(ROLLOUT));
    sandbox.tick(2 * SECOND);
    let forked = sandbox.fork("nothing more");
    assert_eq!((forked.branch, forked.ahead, forked.branches[1].name.as_str()), (1, 0, "nothing more"));
    sandbox.tick(100 * SECOND);
    let link = sandbox.link();
    assert_eq!(link.lines, [TypedLine { at: 2 * SECOND, terminal: 0, line: "# nothing more".to_owned(), files: BTreeMap::new() }]);
    assert_eq!(open(&link).fingerprint(), sandbox.fingerprint());
}

#[test]
fn what_is_wrong_has_its_place() {
    let problem = |text: &str| Sandbox::open(&scenario(text), None).expect_err("it is wrong");
    let unknown = problem("name: a\nsteps:\n- kubeclt: get pods\n");
    assert_eq!((unknown.file.as_str(), unknown.line, unknown.column), ("scenario.yaml", 3, 3));
    assert!(unknown.help.contains("did you mean `kubectl`"), "{unknown:?}");
    let missing = problem("steps:\n- wait: 1s\n- kubectl: apply -f nowhere.yaml\n");
    assert_eq!((missing.file.as_str(), missing.line), ("scenario.yaml", 3));
    assert!(missing.message.contains("nowhere.yaml"), "{missing:?}");
    assert_eq!(super::check_scenario("steps:\n- wait: soon\n").len(), 1);
    assert_eq!(super::check_scenario(ROLLOUT), []);
}
