//! The network: what carries packets between pods, nodes and the world outside, and what is asked of it.
//!
//! Nothing here ticks. What a node's proxy, overlay and policy agent know at a moment follows from what the API server told ([`Believed`],
//! kept in [`versions`] for as long as a node may still be behind) and from how far the node's agents are ([`agents`]). Rules, routes, names
//! and walks are worked out when somebody asks. So five thousand proxies cost nothing while nobody looks, and a change of a Service is worked
//! out once for all of them.
//!
//! - [`packet`], [`world`]: what is sent, and who is there. The physical truth comes from outside, through [`world::World`].
//! - [`versions`], [`agents`]: who knows what, and since when.

pub mod agents;
pub mod config;
pub mod packet;
pub mod versions;
pub mod world;
