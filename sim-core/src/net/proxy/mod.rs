//! kube-proxy: what Services are to a node's kernel, and which backend a connection goes to.
//!
//! [`services`] is what all proxies know alike, kept up with every change of a Service or an EndpointSlice. What one node makes of it depends
//! on the node's name and zone alone ([`topology`]), so it is worked out when somebody asks. Mirrors `pkg/proxy`, v1.36.

pub mod services;
pub mod topology;
