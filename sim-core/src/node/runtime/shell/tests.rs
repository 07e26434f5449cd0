//! Scripts as people write them in manifests, and what comes of them.

use super::*;
use crate::node::runtime::disk::File;
use crate::node::runtime::images::lookup;

fn script(words: &[&str]) -> Script {
    Script::new(words.iter().map(|word| (*word).to_owned()).collect())
}

fn secs(secs: u64) -> SimDuration {
    SimDuration::from_secs(secs)
}

fn until(script: &Script, setting: &Setting, at: u64) -> Trace {
    trace(script, setting, &NoNetwork, Window { from: SimDuration::ZERO, until: secs(at) })
}

/// `sh -c text` in busybox: what it prints within an hour, and how it ends.
#[track_caller]
fn check(text: &str, out: &str, end: Option<(u64, i32)>) {
    check_in("busybox", &["sh", "-c", text], out, "", end);
}

#[track_caller]
fn check_in(image: &str, words: &[&str], out: &str, err: &str, end: Option<(u64, i32)>) {
    let setting = Setting::new(lookup(image));
    let script = script(words);
    let trace = until(&script, &setting, 3_600);
    assert_eq!(trace.text(Stream::Err), err, "{words:?} on standard error");
    assert_eq!(trace.text(Stream::Out), out, "{words:?}");
    assert_eq!(trace.ended(), end.map(|(at, code)| (secs(at), code)), "{words:?}");
    // Asked without a bound, it says the same.
    let forever = script.end(&setting, &NoNetwork);
    match end {
        Some((at, code)) => assert_eq!(forever, End::Exited(secs(at), code), "{words:?}"),
        None => assert!(!matches!(forever, End::Exited(at, _) if at <= secs(3_600)), "{words:?} {forever:?}"),
    }
}

#[test]
fn simple_commands() {
    check("echo hello; sleep 10; exit 1", "hello\n", Some((10, 1)));
    check("echo \"The Pod is running\" && sleep 3600", "The Pod is running\n", Some((3600, 0)));
    check("false || echo no && echo yes", "no\nyes\n", Some((0, 0)));
    check("a=1; b='x y'; echo $a \"$b\" ${c:-none} ${#b} $((a + 2))", "1 x y none 3 3\n", Some((0, 0)));
    check("echo $(echo a; echo b) `echo c`", "a b c\n", Some((0, 0)));
    check("printf '%s-%03d\\n' a 7 b 12", "a-007\nb-012\n", Some((0, 0)));
    check("echo one; exit 3; echo two", "one\n", Some((0, 3)));
    check("echo -n a; echo -e 'b\\tc'", "ab\tc\n", Some((0, 0)));
    check("! true; echo $?; (exit 4); echo $?", "1\n4\n", Some((0, 0)));
    check("set -e; echo a; false; echo b", "a\n", Some((0, 1)));
    check("set -e; false || true; if false; then :; fi; echo b", "b\n", Some((0, 0)));
    check("date -u", "Thu Jan  1 00:00:00 UTC 2026\n", Some((0, 0)));
    check("sleep 61; date +%T; date +%s", "00:01:01\n1767225661\n", Some((61, 0)));
    check("hostname; whoami; id -u; pwd; uname", "pod\nroot\n0\n/\nLinux\n", Some((0, 0)));
    check("exec sleep 5; echo never", "", Some((5, 0)));
    check("sleep 0.5; sleep 0.5", "", Some((1, 0)));
    check("timeout 5 sleep 10; echo $?", "143\n", Some((5, 0)));
    check("echo a | cat | wc -l", "1\n", Some((0, 0)));
    check("trap 'echo bye' EXIT; echo hi", "hi\nbye\n", Some((0, 0)));
}

#[test]
fn loops_and_choices() {
    check("for i in 1 2 3; do echo $i; sleep 1; done", "1\n2\n3\n", Some((3, 0)));
    check("i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i", "3\n", Some((0, 0)));
    check("until [ -f /tmp/x ]; do echo waiting; sleep 2; touch /tmp/x; done", "waiting\n", Some((2, 0)));
    check("case web-3 in *-0) echo first;; web-[1-9]) echo later;; esac", "later\n", Some((0, 0)));
    check("f() { echo \"$1:$#\"; return 5; }; f a b; echo $?", "a:2\n5\n", Some((0, 0)));
    check(
        "for i in $(seq 1 10); do if [ $i = 3 ]; then continue; fi; if [ $i -gt 4 ]; then break; fi; echo $i; done",
        "1\n2\n4\n",
        Some((0, 0)),
    );
    check("printf 'a 1\\nb 2\\n' | while read name n; do echo $n=$name; done", "1=a\n2=b\n", Some((0, 0)));
    check("[[ web-12 =~ -([0-9]+)$ ]] && echo yes", "yes\n", Some((0, 0)));
    check_in(
        "bash",
        &["bash", "-c", "for i in {1..3}; do echo -n $i; done; for ((i=0;i<2;i++)); do echo -n x; done"],
        "123xx",
        "",
        Some((0, 0)),
    );
    check("while true; do :; done", "", None);
    check("while true; do sleep 10; done", "", None);
    check("tail -f /dev/null", "", None);
    check("sleep infinity", "", None);
}

#[test]
fn files() {
    check("echo a > /tmp/f; echo b >> /tmp/f; cat /tmp/f; rm /tmp/f; ls /tmp", "a\nb\n", Some((0, 0)));
    check("mkdir -p /data/x; cd /data/x && echo hi > f && cat ../x/f && ls /data", "hi\nx\n", Some((0, 0)));
    check("cat <<EOF > /tmp/f\nx $((1+1))\nEOF\nsed 's/x/y/g' /tmp/f; grep -c x /tmp/f", "y 2\n1\n", Some((0, 0)));
    check("printf 'b\\na\\nb\\n' > /tmp/f; sort /tmp/f | uniq -c; cut -c1 /tmp/f | head -1", "      1 a\n      2 b\nb\n", Some((0, 0)));
    check("dd if=/dev/zero of=/tmp/f bs=1M count=10 2>/dev/null; stat -c %s /tmp/f; wc -c < /tmp/f", "10485760\n0\n", Some((0, 0)));
    check("head -c 5M /dev/zero > /tmp/f; stat -c %s /tmp/f", "5242880\n", Some((0, 0)));
    check(
        "echo x > /tmp/a.txt; cp /tmp/a.txt /tmp/b.txt; mv /tmp/a.txt /tmp/c.log; echo /tmp/*.txt /tmp/*.none",
        "/tmp/b.txt /tmp/*.none\n",
        Some((0, 0)),
    );
    check("echo a:b:c | cut -d: -f2; echo hello | tr a-z A-Z; basename /a/b.c .c; dirname /a/b", "b\nHELLO\nb\n/a\n", Some((0, 0)));
    check("echo aGVsbG8= | base64 -d; echo; echo -n hello | base64", "hello\naGVsbG8=\n", Some((0, 0)));
    check("echo hi | tee /tmp/a | tr i o; cat /tmp/a", "ho\nhi\n", Some((0, 0)));
}

#[test]
fn complaints_are_those_of_the_image() {
    let run = |text: &'static str| ["sh", "-c", text];
    check_in("busybox", &run("foo"), "", "sh: foo: not found\n", Some((0, 127)));
    check_in("debian", &run("foo"), "", "sh: 1: foo: not found\n", Some((0, 127)));
    check_in("debian", &["bash", "-c", "foo"], "", "bash: line 1: foo: command not found\n", Some((0, 127)));
    check_in("busybox", &run("cat /none"), "", "cat: can't open '/none': No such file or directory\n", Some((0, 1)));
    check_in("debian", &run("cat /none"), "", "cat: /none: No such file or directory\n", Some((0, 1)));
    check_in("busybox", &run("echo a > /none/b"), "", "sh: can't create /none/b: nonexistent directory\n", Some((0, 1)));
    check_in("debian", &run("echo a > /none/b"), "", "sh: 1: cannot create /none/b: Directory nonexistent\n", Some((0, 1)));
    check_in("busybox", &run("if true; then"), "", "sh: syntax error: unexpected end of file\n", Some((0, 2)));
    check_in("debian", &run("wget x"), "", "sh: 1: wget: not found\n", Some((0, 127)));
    check_in("busybox", &run("nslookup web; echo $?"), "1\n", "nslookup: the network isn't asked here\n", Some((0, 0)));
    check_in("busybox", &["printenv", "GREETING"], "", "", Some((0, 1)));
    let not_started = |image: &str, program: &str| script(&[program]).check(&Setting::new(lookup(image))).map_err(|why| why.why);
    assert_eq!(not_started("busybox", "foo"), Err("exec: \"foo\": executable file not found in $PATH".to_owned()));
    assert_eq!(not_started("traefik/whoami", "/bin/sh"), Err("exec: \"/bin/sh\": stat /bin/sh: no such file or directory".to_owned()));
    assert_eq!(not_started("busybox", "/bin/sh"), Ok(()));
    assert_eq!(not_started("busybox", "bash"), Err("exec: \"bash\": executable file not found in $PATH".to_owned()));
    assert_eq!(not_started("my-app", "anything"), Ok(()));
}

#[test]
fn files_come_and_go_over_time() {
    let script = script(&["/bin/sh", "-c", "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600"]);
    let setting = Setting::new(lookup("busybox"));
    for (at, there) in [(0, true), (29, true), (30, false), (100, false)] {
        assert_eq!(until(&script, &setting, at).files.contains_key("/tmp/healthy"), there, "{at}");
    }
    assert_eq!(script.end(&setting, &NoNetwork), End::Exited(secs(630), 0));
    let changes = until(&script, &setting, 700).changes;
    let moments: Vec<(SimDuration, &str)> = changes.iter().map(|(at, path, _)| (*at, path.as_str())).collect();
    assert_eq!(moments, [(secs(0), "/tmp/healthy"), (secs(30), "/tmp/healthy")]);
}

#[test]
fn a_day_of_a_loop_is_cheap() {
    let setting = Setting::new(lookup("busybox"));
    let day = secs(86_400);
    let sh = |text: &str| script(&["sh", "-c", text]);
    let tail = |text: &str| trace(&sh(text), &setting, &NoNetwork, Window { from: secs(86_390), until: day });
    let lines = tail("while true; do echo tick; sleep 0.01; done").lines;
    assert_eq!((lines.len(), lines[0].at), (1_001, secs(86_390)));
    let dated = tail("while true; do echo $(date +%T); sleep 5; done").lines;
    let texts: Vec<&str> = dated.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["23:59:50", "23:59:55", "00:00:00"]);
    let counted = tail("i=0; while true; do echo \"$i: $(date)\"; i=$((i+1)); sleep 1; done").lines;
    assert_eq!(counted[0].text, "86390: Thu Jan  1 23:59:50 UTC 2026");
    let file = tail("while true; do date >> /tmp/out.txt; sleep 5; done").files;
    assert_eq!(file["/tmp/out.txt"].size, 17_281 * 29);
    assert_eq!(tail("while true; do echo a; sleep 7; done & wait").lines.len(), 1);
}

#[test]
fn term() {
    let told = |image: &str, words: &[&str], pid_one: bool| {
        let setting = Setting { term: Some(secs(10)), pid_one, ..Setting::new(lookup(image)) };
        trace(&script(words), &setting, &NoNetwork, Window { from: SimDuration::ZERO, until: secs(40) })
    };
    // The first process of a container ignores it, unless it asked for it.
    assert_eq!(told("busybox", &["sleep", "1000"], true).end, End::Running);
    assert_eq!(told("busybox", &["sleep", "1000"], false).end, End::Exited(secs(10), 143));
    assert_eq!(told("busybox", &["sh", "-c", "sleep 1000"], true).end, End::Running);
    let trapped = told("busybox", &["sh", "-c", "trap 'echo bye; exit 0' TERM; while true; do sleep 3; done"], true);
    assert_eq!((trapped.end, trapped.text(Stream::Out).as_str()), (End::Exited(secs(12), 0), "bye\n"), "after its command");
    let waits = told("busybox", &["sh", "-c", "trap 'exit 7' TERM; sleep 1000 & wait"], true);
    assert_eq!(waits.end, End::Exited(secs(10), 7), "at once");
    let sleeps = told("busybox", &["sh", "-c", "trap 'exit 7' TERM; sleep 1000"], true);
    assert_eq!(sleeps.end, End::Running, "the trap waits for sleep");
    let nginx = told("nginx", &["nginx", "-g", "daemon off;"], true);
    assert_eq!(nginx.end, End::Exited(secs(10) + SimDuration::from_millis(60), 0));
    assert!(nginx.text(Stream::Err).ends_with("[notice] 1#1: exit\n"));
    assert!(matches!(told("nginx", &["sh", "-c", "echo hi; exec nginx -g 'daemon off;'"], true).end, End::Exited(_, 0)));
    assert!(matches!(told("nginx", &["sh", "-c", "nginx -g 'daemon off;'; echo"], true).end, End::Running), "its shell ignores it");
}

#[test]
fn what_others_do_to_its_files_is_seen() {
    let setting = Setting {
        outside: vec![
            (secs(5), "/tmp/go".to_owned(), FileChange::Put(File::new("", 0o644))),
            (secs(8), "/log/a".to_owned(), FileChange::Append("one\n".to_owned())),
            (secs(9), "/log/a".to_owned(), FileChange::Append("two\n".to_owned())),
        ],
        ..Setting::new(lookup("busybox"))
    };
    let waits = script(&["sh", "-c", "until [ -f /tmp/go ]; do sleep 2; done; echo go"]);
    assert_eq!(waits.end(&setting, &NoNetwork), End::Exited(secs(6), 0));
    let follows = until(&script(&["sh", "-c", "tail -n+1 -F /log/a"]), &setting, 60);
    let lines: Vec<(SimDuration, &str)> = follows.lines.iter().map(|line| (line.at, line.text.as_str())).collect();
    assert_eq!(lines, [(secs(8), "one"), (secs(9), "two")]);
}

#[test]
fn commands_in_the_background() {
    check("(sleep 2; echo b) & echo a; wait; echo c", "a\nb\nc\n", Some((2, 0)));
    check("sleep 100 & kill $!; wait $!; echo $?", "143\n", Some((0, 0)));
    check(
        "while true; do date +%s; sleep 600; done | tee /tmp/x",
        "1767225600\n1767226200\n1767226800\n1767227400\n1767228000\n1767228600\n1767229200\n",
        None,
    );
    check("(while true; do echo x >> /tmp/f; sleep 10; done) & sleep 35; wc -l < /tmp/f", "4\n", Some((35, 0)));
}

#[test]
fn room_memory_and_cpu() {
    let setting = Setting::new(lookup("polinux/stress"));
    let hungry = until(&script(&["stress", "--vm", "1", "--vm-bytes", "250M", "--vm-hang", "1"]), &setting, 60);
    assert_eq!(hungry.memory, [(SimDuration::ZERO, 250 << 20)]);
    assert_eq!(hungry.lines[0].text, "stress: info: [1] dispatching hogs: 0 cpu, 0 io, 1 vm, 0 hdd");
    let busy = until(&script(&["sh", "-c", "sleep 3; while true; do :; done"]), &setting, 60);
    assert_eq!((busy.end, busy.milli_cpu.as_slice()), (End::Busy(secs(3)), &[(secs(3), 1_000)][..]));
    let full = until(&script(&["sh", "-c", "fallocate -l 2G /tmp/big; sleep 9"]), &setting, 5);
    assert_eq!(full.written, 2 << 30);
}

#[test]
fn known_programs() {
    let pi = Script::new(["perl", "-Mbignum=bpi", "-wle", "print bpi(2000)"].map(str::to_owned).to_vec());
    let done = until(&pi, &Setting::new(lookup("perl:5.34.0")), 60);
    assert_eq!(done.ended(), Some((secs(4), 0)));
    assert!(done.text(Stream::Out).starts_with("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899"));
    let nginx = lookup("nginx");
    let started = until(&Script::new(nginx.argv(&[], &[])), &Setting::new(nginx), 60);
    assert_eq!(started.lines[0].text, "/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration");
    assert!(started.lines.iter().any(|line| line.text == "2026/01/01 00:00:00 [notice] 1#1: nginx/1.29.3"));
    assert_eq!(started.end, End::Running);
    let postgres = lookup("postgres:16");
    let refused = until(&Script::new(postgres.argv(&[], &[])), &Setting::new(postgres), 60);
    assert_eq!(refused.ended().map(|(_, code)| code), Some(1));
    assert!(refused.lines[0].text.starts_with("Error: Database is uninitialized"));
    for image in ["busybox", "alpine", "ubuntu"] {
        let facts = lookup(image);
        let shell = until(&Script::new(facts.argv(&[], &[])), &Setting::new(facts), 60);
        assert_eq!(shell.ended(), Some((SimDuration::ZERO, 0)), "{image}: a shell that nobody speaks to ends");
    }
}

#[test]
fn what_may_not_be_written() {
    let mut setting = Setting { user: 1000, ..Setting::new(lookup("busybox")) };
    setting.mounts = vec![Mount { path: "/data".to_owned(), read_only: false }, Mount { path: "/config".to_owned(), read_only: true }];
    let run = |setting: &Setting, text: &str| until(&script(&["sh", "-c", text]), setting, 1).text(Stream::Err);
    assert_eq!(run(&setting, "echo > /etc/x"), "sh: can't create /etc/x: Permission denied\n");
    assert_eq!(run(&setting, "mkdir -p /data; echo > /data/x"), "");
    assert_eq!(run(&setting, "touch /config/x"), "touch: /config/x: Read-only file system\n");
    let read_only = Setting { read_only_root: true, user: 0, ..setting.clone() };
    assert_eq!(run(&read_only, "echo > /tmp/x"), "sh: can't create /tmp/x: Read-only file system\n");
}
