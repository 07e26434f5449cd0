//! A capture without `tcpdump`, which insists on changing its user, and in a user namespace may not: the same packets from the same kind of
//! socket (`packet(7)`, on all interfaces), written as `tcpdump -i any -w -` writes them.

use crate::Outcome;
use crate::place::Place;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, recvmsg, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeSpec, TimeVal};
use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// Begins to write what goes over a place's interfaces into `file`, until it is `over`.
///
/// # Errors
/// The kernel gives us no such socket.
pub(crate) fn start(place: &Place, file: Arc<Mutex<Vec<u8>>>, over: Arc<AtomicBool>) -> Outcome<JoinHandle<()>> {
    let open = || Ok(socket(AddressFamily::Packet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll)?);
    let socket = place.inside(open)?;
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
    setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::new(0, 50_000))?;
    if let Ok(mut file) = file.lock() {
        file.extend_from_slice(&header());
    }
    Ok(thread::spawn(move || {
        while !over.load(Ordering::Relaxed) {
            if let (Some(record), Ok(mut file)) = (receive(&socket), file.lock()) {
                file.extend_from_slice(&record);
            }
        }
    }))
}

/// The file's header: nanoseconds, version 2.4, link type LINUX_SLL2.
fn header() -> Vec<u8> {
    let mut header = 0xa1b2_3c4d_u32.to_ne_bytes().to_vec();
    header.extend([2_u16, 4].iter().flat_map(|part| part.to_ne_bytes()));
    header.extend([0_u32, 0, 1 << 16, 276].iter().flat_map(|part| part.to_ne_bytes()));
    header
}

/// The next packet's record.
fn receive(socket: &OwnedFd) -> Option<Vec<u8>> {
    let mut packet = [0; 1 << 16];
    let mut parts = [IoSliceMut::new(&mut packet)];
    let mut space = nix::cmsg_space!(TimeSpec);
    let received = recvmsg::<LinkAddr>(socket.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::empty()).ok()?;
    let (length, link) = (received.bytes, received.address?);
    let at = received.cmsgs().ok()?.find_map(|message| match message {
        ControlMessageOwned::ScmTimestampns(at) => Some(at),
        _ => None,
    })?;
    let mut cooked = link.protocol().to_ne_bytes().to_vec();
    cooked.extend([0, 0]);
    cooked.extend((link.ifindex() as u32).to_be_bytes());
    cooked.extend(link.hatype().to_be_bytes());
    cooked.extend([link.pkttype(), 6]);
    cooked.extend(link.addr().unwrap_or_default());
    cooked.extend([0, 0]);
    let size = u32::try_from(cooked.len() + length).ok()?;
    let head = [u32::try_from(at.tv_sec()).ok()?, u32::try_from(at.tv_nsec()).ok()?, size, size];
    let mut record: Vec<u8> = head.iter().flat_map(|part| part.to_ne_bytes()).collect();
    record.extend(cooked);
    record.extend(packet.get(..length)?);
    Some(record)
}
