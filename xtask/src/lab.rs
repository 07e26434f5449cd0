//! `cargo xtask lab`: the programs by which `tests/lab` builds its networks and looks at them, installed where they are missing and may be.

use crate::command::Outcome;
use crate::debian;

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
    debian::install(TOOLS, "tests/lab")
}
