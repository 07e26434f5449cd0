//! Network namespaces, each with a name of ours: nodes, pods and the switch between the nodes.

use crate::Outcome;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{Uid, getgid, getuid};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Command, Stdio};
use std::thread;

/// Goes with the whole process into namespaces of its own, as root or in a user namespace. To be called before there is a second thread.
///
/// The machine's network can't be reached from there by mistake. `/run` is another one too: iptables keeps its lock in it.
///
/// # Errors
/// The kernel, or who runs us, doesn't allow it.
pub fn isolate() -> Outcome {
    let ours = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS;
    let (uid, gid) = (getuid(), getgid());
    // Root in a container may lack what it takes, and still be allowed a user namespace.
    if !Uid::effective().is_root() || unshare(ours).is_err() {
        unshare(ours | CloneFlags::CLONE_NEWUSER).map_err(|error| format!("unshare(2): {error}"))?;
        std::fs::write("/proc/self/setgroups", "deny")?;
        std::fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
        std::fs::write("/proc/self/gid_map", format!("0 {gid} 1"))?;
    }
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        .map_err(|error| format!("mount(2): {error}"))?;
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), None::<&str>).map_err(|error| format!("mount(2) of a tmpfs: {error}"))?;
    Ok(())
}

/// A network namespace. It ends when nobody holds it any more: this value, a process or a socket in it.
#[derive(Debug)]
pub struct Place {
    /// What we call it: `node1`, `pod-1-2`.
    pub name: String,
    namespace: OwnedFd,
}

impl Place {
    /// A new one, with nothing in it but `lo`, which is down.
    ///
    /// # Errors
    /// The kernel doesn't allow it.
    pub fn new(name: impl Into<String>) -> Outcome<Place> {
        // A thread of its own goes into it and ends: what it leaves is the open file.
        let made = thread::spawn(|| -> std::io::Result<OwnedFd> {
            unshare(CloneFlags::CLONE_NEWNET)?;
            Ok(File::open("/proc/thread-self/ns/net")?.into())
        });
        let namespace = made.join().map_err(|_| "the thread that makes a namespace panicked")??;
        Ok(Place { name: name.into(), namespace })
    }

    /// The open namespace.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.namespace.as_fd()
    }

    /// Does something inside. Sockets and processes that are made there stay there.
    ///
    /// # Errors
    /// The kernel doesn't let us in, or what `work` fails with.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> Outcome<T> + Send) -> Outcome<T> {
        thread::scope(|scope| {
            let worker = scope.spawn(|| {
                setns(&self.namespace, CloneFlags::CLONE_NEWNET)?;
                work()
            });
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Sets `net.…` of this namespace.
    ///
    /// # Errors
    /// There is no such setting, or it can't be written.
    pub fn sysctl(&self, setting: &str, value: &str) -> Outcome {
        let path = format!("/proc/sys/{}", setting.replace('.', "/"));
        self.inside(|| std::fs::write(&path, value).map_err(|error| format!("{}: {setting}={value}: {error}", self.name).into()))
    }

    /// What a program prints that runs inside, with `input` to read.
    ///
    /// # Errors
    /// It isn't there, or ends with another code than 0: then with what it says of that.
    pub fn run(&self, program: &str, arguments: &[&str], input: &str) -> Outcome<String> {
        self.inside(|| run(program, arguments, input)).map_err(|error| format!("{}: {error}", self.name).into())
    }
}

/// What a program prints, with `input` to read.
///
/// # Errors
/// It isn't there, or ends with another code than 0: then with what it says of that.
pub fn run(program: &str, arguments: &[&str], input: &str) -> Outcome<String> {
    let told = || format!("{program} {}", arguments.join(" "));
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", told()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that stops reading says why by itself.
        stdin.write_all(input.as_bytes()).ok();
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}: {}: {}{}", told(), output.status, said.trim(), String::from_utf8_lossy(&output.stdout)).into())
}
