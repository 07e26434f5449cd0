//! Programs that tests need, installed from Debian where they are missing and may be.

use crate::command::{Outcome, program, run, step};
use std::path::Path;

/// Installs what is missing of `tools` (a program, and the package that has it), as root on a Debian; elsewhere says what to install.
///
/// # Errors
/// An installation fails. What nobody here may install is none: the tests say that it is missing.
pub(crate) fn install(tools: &[(&'static str, &'static str)], what_for: &str) -> Outcome {
    let packages = missing(tools, has);
    if packages.is_empty() {
        return Ok(());
    }
    if !(is_root() && has("apt-get")) {
        println!("for {what_for}, install: {}", packages.join(" "));
        return Ok(());
    }
    step(&format!("installing {}", packages.join(" ")), || {
        apt_get(&["update", "-q"])?;
        apt_get(&[&["install", "-y", "-q", "--no-install-recommends"][..], &packages].concat())
    })
}

/// Whether a program is where programs are looked for, or where an administrator's are.
pub(crate) fn has(name: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').chain(["/usr/sbin", "/sbin"]).any(|folder| Path::new(folder).join(name).is_file())
}

/// The packages of those tools that are not there.
fn missing(tools: &[(&'static str, &'static str)], is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let mut packages: Vec<_> = tools.iter().filter(|(tool, _)| !is_there(tool)).map(|(_, package)| *package).collect();
    packages.dedup();
    packages
}

fn apt_get(arguments: &[&str]) -> Outcome {
    let mut apt_get = program("apt-get");
    apt_get.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    run(apt_get)
}

fn is_root() -> bool {
    program("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_is_named_once() {
        let tools = [("ip", "iproute2"), ("iptables-save", "iptables"), ("iptables-restore", "iptables"), ("nft", "nftables")];
        assert_eq!(missing(&tools, |_| true), [""; 0]);
        assert_eq!(missing(&tools, |tool| !tool.starts_with("iptables") && tool != "nft"), ["iptables", "nftables"]);
    }
}
