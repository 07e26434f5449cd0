//! kube-proxy: what Services are to a node's kernel, and which backend a connection goes to.
//!
//! [`services`] is what all proxies know alike, kept up with every change of a Service or an EndpointSlice. What one node makes of it depends
//! on the node's name and zone alone ([`topology`]), so it is worked out when somebody asks. Mirrors `pkg/proxy`, v1.36.
//!
//! - [`ruleset`]: the rules of a node, whichever way its proxy writes them: [`iptables`], [`nftables`], [`ipvs`].
//! - [`health`]: what load balancers are told of a node's endpoints. Flows of UDP whose endpoint is gone are ended, too: see
//!   [`crate::net::traffic`], whose clients have such flows.
//! - [`names`]: what chains are called.

pub mod health;
pub mod iptables;
pub mod ipvs;
pub mod names;
pub mod nftables;
pub mod ruleset;
pub mod services;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod topology;
