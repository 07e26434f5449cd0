//! `cargo xtask lab`: the programs by which `tests/lab` builds its networks and looks at them, installed where they are missing and may be.

use crate::command::{Outcome, program, run, step};
use std::path::Path;

/// A program, and the Debian package that has it.
const TOOLS: &[(&str, &str)] = &[
    ("ip", "iproute2"),
    ("ping", "iputils-ping"),
    ("iptables-nft-restore", "iptables"),
    ("iptables-legacy-restore", "iptables"),
    ("nft", "nftables"),
    ("tcpdump", "tcpdump"),
    ("conntrack", "conntrack"),
    ("ipvsadm", "ipvsadm"),
    ("ipset", "ipset"),
];

/// Installs what is missing, as root on a Debian; elsewhere says what to install.
///
/// # Errors
/// An installation fails. What nobody here may install is none: the tests say for each case that it is missing.
pub(crate) fn install() -> Outcome {
    let packages = missing(is_installed);
    if packages.is_empty() {
        return Ok(());
    }
    if !(is_root() && is_installed("apt-get")) {
        println!("for tests/lab, install: {}", packages.join(" "));
        return Ok(());
    }
    step(&format!("installing {}", packages.join(" ")), || {
        apt_get(&["update", "-q"])?;
        apt_get(&[&["install", "-y", "-q", "--no-install-recommends"][..], &packages].concat())
    })
}

/// The packages of those tools that are not there.
fn missing(is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let mut packages: Vec<_> = TOOLS.iter().filter(|(tool, _)| !is_there(tool)).map(|(_, package)| *package).collect();
    packages.dedup();
    packages
}

fn apt_get(arguments: &[&str]) -> Outcome {
    let mut apt_get = program("apt-get");
    apt_get.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    run(apt_get)
}

/// Whether a program is where programs are looked for, or where an administrator's are.
fn is_installed(name: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').chain(["/usr/sbin", "/sbin"]).any(|folder| Path::new(folder).join(name).is_file())
}

fn is_root() -> bool {
    program("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_is_named_once() {
        assert_eq!(missing(|_| true), [""; 0]);
        assert_eq!(missing(|tool| !tool.starts_with("iptables") && tool != "nft"), ["iptables", "nftables"]);
    }
}
