//! Interfaces, addresses, neighbours and routes, written over netlink.

use crate::Outcome;
use crate::place::Place;
use nix::net::if_::{if_indextoname, if_nametoindex};
use rtnetlink::packet_route::link::{InfoData, InfoKind, InfoVeth};
use rtnetlink::packet_route::neighbour::NeighbourFlags;
use rtnetlink::packet_route::route::RouteScope;
use rtnetlink::{Handle, LinkBridge, LinkBridgePort, LinkMessageBuilder, LinkUnspec, LinkVxlan, RouteMessageBuilder};
use sim_core::net::packet::{Cidr, Mac};
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsRawFd;
use tokio::runtime::{Builder, Runtime};

/// The netlink socket of a namespace, used from inside of it.
pub struct Links {
    runtime: Runtime,
    handle: Handle,
}

/// The other end of a veth pair.
pub struct Peer<'a> {
    /// The namespace that it is put in.
    pub place: &'a Place,
    /// Its name there.
    pub name: &'a str,
    /// Its address.
    pub mac: Mac,
}

impl Links {
    /// Does something with the interfaces of a namespace.
    ///
    /// # Errors
    /// No socket can be had, or what `work` fails with.
    pub fn of<T: Send>(place: &Place, work: impl FnOnce(&Links) -> Outcome<T> + Send) -> Outcome<T> {
        let done = place.inside(|| {
            let runtime = Builder::new_current_thread().enable_io().build()?;
            let (connection, handle, _) = {
                let _entered = runtime.enter();
                rtnetlink::new_connection()?
            };
            runtime.spawn(connection);
            work(&Links { runtime, handle })
        });
        done.map_err(|error| format!("{}: {error}", place.name).into())
    }

    /// Waits for the kernel's answer; `what` tells what was asked.
    fn ask(&self, what: &str, request: impl Future<Output = Result<(), rtnetlink::Error>>) -> Outcome {
        self.runtime.block_on(request).map_err(|error| format!("{what}: {error}").into())
    }

    /// Puts an interface up.
    ///
    /// # Errors
    /// The kernel's.
    pub fn up(&self, name: &str) -> Outcome {
        let message = LinkUnspec::new_with_index(index(name)?).up().build();
        self.ask(&format!("{name} up"), self.handle.link().change(message).execute())
    }

    /// A bridge, up.
    ///
    /// # Errors
    /// The kernel's.
    pub fn bridge(&self, name: &str, mac: Mac, mtu: u16) -> Outcome {
        let message = LinkBridge::new(name).address(mac.0.to_vec()).mtu(mtu.into()).up().build();
        self.ask(name, self.handle.link().add(message).execute())
    }

    /// A veth pair: this end here, the other elsewhere; both up. Without `mac`, the kernel draws this end's.
    ///
    /// # Errors
    /// The kernel's.
    pub fn veth(&self, name: &str, mtu: u16, mac: Option<Mac>, peer: &Peer<'_>) -> Outcome {
        let other = LinkUnspec::new_with_name(peer.name).address(peer.mac.0.to_vec()).mtu(mtu.into());
        let other = other.setns_by_fd(peer.place.as_fd().as_raw_fd()).build();
        let pair = LinkMessageBuilder::<LinkUnspec>::new_with_info_kind(InfoKind::Veth).name(name).mtu(mtu.into()).up();
        let pair = match mac {
            Some(mac) => pair.address(mac.0.to_vec()),
            None => pair,
        };
        let pair = pair.set_info_data(InfoData::Veth(InfoVeth::Peer(other))).build();
        self.ask(&format!("{name} with {}", peer.name), self.handle.link().add(pair).execute())?;
        Links::of(peer.place, |links| links.up(peer.name))
    }

    /// Makes an interface a port of a bridge.
    ///
    /// # Errors
    /// The kernel's.
    pub fn port(&self, name: &str, bridge: &str, hairpin: bool) -> Outcome {
        let (port, bridge) = (index(name)?, index(bridge)?);
        let message = LinkUnspec::new_with_index(port).controller(bridge).build();
        self.ask(&format!("{name} into its bridge"), self.handle.link().change(message).execute())?;
        let message = LinkBridgePort::new(port).hairpin(hairpin).build();
        self.ask(&format!("{name}'s hairpin mode"), self.handle.link().change(message).execute())
    }

    /// flannel's VXLAN interface, up: it learns nothing by itself.
    ///
    /// # Errors
    /// The kernel's.
    pub fn vxlan(&self, name: &str, mac: Mac, mtu: u16, over: (&str, Ipv4Addr), vni: u32, port: u16) -> Outcome {
        let message = LinkVxlan::new(name, vni).dev(index(over.0)?).local(over.1).port(port).learning(false);
        let message = message.address(mac.0.to_vec()).mtu(mtu.into()).up().build();
        self.ask(name, self.handle.link().add(message).execute())
    }

    /// Gives an interface an address.
    ///
    /// # Errors
    /// The kernel's.
    pub fn address(&self, name: &str, address: Ipv4Addr, bits: u8) -> Outcome {
        let request = self.handle.address().add(index(name)?, IpAddr::V4(address), bits);
        self.ask(&format!("{address}/{bits} on {name}"), request.execute())
    }

    /// Who has an address on a link, for good.
    ///
    /// # Errors
    /// The kernel's.
    pub fn neighbour(&self, name: &str, address: Ipv4Addr, mac: Mac) -> Outcome {
        let request = self.handle.neighbours().add(index(name)?, IpAddr::V4(address)).link_layer_address(&mac.0);
        self.ask(&format!("{address} is {mac} on {name}"), request.replace().execute())
    }

    /// Behind which node's address a VXLAN interface finds a MAC.
    ///
    /// # Errors
    /// The kernel's.
    pub fn behind(&self, name: &str, mac: Mac, node: Ipv4Addr) -> Outcome {
        let request = self.handle.neighbours().add_bridge(index(name)?, &mac.0).destination(IpAddr::V4(node)).flags(NeighbourFlags::Own);
        self.ask(&format!("{mac} is behind {node} on {name}"), request.execute())
    }

    /// A route by way of a gateway on an interface's link; `onlink`: though no other route says that it is there.
    ///
    /// # Errors
    /// The kernel's.
    pub fn route(&self, to: Cidr, gateway: Ipv4Addr, name: &str, onlink: bool) -> Outcome {
        let route = RouteMessageBuilder::<Ipv4Addr>::new().destination_prefix(to.base, to.bits).gateway(gateway);
        let route = route.output_interface(index(name)?).scope(RouteScope::Universe);
        let route = if onlink { route.onlink() } else { route };
        self.ask(&format!("{to} via {gateway} dev {name}"), self.handle.route().add(route.build()).execute())
    }
}

/// The number of an interface in the calling thread's namespace.
///
/// # Errors
/// There is none of this name.
pub fn index(name: &str) -> Outcome<u32> {
    if_nametoindex(name).map_err(|error| format!("{name}: {error}").into())
}

/// The name of an interface in the calling thread's namespace.
///
/// # Errors
/// There is none of this number.
pub fn name(index: u32) -> Outcome<String> {
    let name = if_indextoname(index).map_err(|error| format!("interface {index}: {error}"))?;
    Ok(name.to_string_lossy().into_owned())
}
