//! The model's network held against a real kernel's: two nodes and their pods as network namespaces, with the links, routes and rules that
//! flannel and kube-proxy would write, and what `tcpdump`, `conntrack` and `nft monitor` see of a packet there.
//!
//! Everything lives in namespaces that belong to the test's process alone ([`place::isolate`]) and that end with it, however it ends.
//! Nothing of the machine's own network is touched, and no root is needed where a user may make namespaces.
//!
//! - [`model`]: two nodes, their pods and Services as the model has them.
//! - [`place`], [`links`], [`topology`]: namespaces, interfaces and routes, and the same two nodes built of them.
//! - [`talk`]: servers, clients and pings inside of them.
//! - [`wire`], [`capture`], [`tracing`], [`tools`]: what went over the interfaces, which rules it matched, what connection tracking knows, and
//!   the programs that load rules.
//! - [`kernel`]: what this machine's kernel and programs can do.

/// What may go wrong with an operating system; for a person to read.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[cfg(target_os = "linux")]
pub mod capture;
#[cfg(target_os = "linux")]
pub mod kernel;
#[cfg(target_os = "linux")]
pub mod links;
pub mod model;
#[cfg(target_os = "linux")]
pub mod place;
#[cfg(target_os = "linux")]
pub mod talk;
#[cfg(target_os = "linux")]
mod tap;
#[cfg(target_os = "linux")]
pub mod tools;
#[cfg(target_os = "linux")]
pub mod topology;
#[cfg(target_os = "linux")]
pub mod tracing;
#[cfg(target_os = "linux")]
pub mod wire;
