//! Who talks: servers that tell their name and whom they see, clients, and `ping`.

use crate::Outcome;
use crate::place::Place;
use nix::sys::socket::{Shutdown, shutdown};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long a client waits before it calls it a timeout.
pub const PATIENCE: Duration = Duration::from_millis(900);

/// A server on a port in a place, over TCP and UDP. To each who asks it says its place's name and the address that it saw.
pub struct Server {
    listener: Arc<TcpListener>,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Listens from now on.
    ///
    /// # Errors
    /// Somebody else does already.
    pub fn start(place: &Place, port: u16) -> Outcome<Server> {
        let (listener, socket) =
            place.inside(|| Ok((TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))?, UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port))?)))?;
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        let (listener, over) = (Arc::new(listener), Arc::new(AtomicBool::new(false)));
        let (name, listening) = (place.name.clone(), Arc::clone(&listener));
        let tcp = thread::spawn(move || {
            while let Ok((mut stream, peer)) = listening.accept() {
                // A client that went away has lost its answer.
                stream.write_all(format!("{name} {peer}\n").as_bytes()).ok();
                // Who closes first remembers the ports for a minute. A port that is picked at random for a masquerade could then be one of
                // those, and its connection not be taken: so it has to be the client.
                stream.set_read_timeout(Some(PATIENCE)).ok();
                stream.read_to_end(&mut Vec::new()).ok();
            }
        });
        let (name, ended) = (place.name.clone(), Arc::clone(&over));
        let udp = thread::spawn(move || {
            let mut question = [0; 64];
            while !ended.load(Ordering::Relaxed) {
                if let Ok((_, peer)) = socket.recv_from(&mut question) {
                    socket.send_to(format!("{name} {peer}\n").as_bytes(), peer).ok();
                }
            }
        });
        Ok(Server { listener, over, threads: vec![tcp, udp] })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Who waits in accept() is woken by that.
        shutdown(self.listener.as_raw_fd(), Shutdown::Both).ok();
        for thread in self.threads.drain(..) {
            thread.join().ok();
        }
    }
}

/// How an attempt ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Who answered, whom it saw, and the client's own address.
    Answered {
        /// The server's place.
        by: String,
        /// The address that the server saw.
        saw: SocketAddrV4,
        /// The client's, as itself sees it.
        own: SocketAddrV4,
    },
    /// Nobody answered in time.
    TimedOut,
    /// A RST, or an ICMP that says so.
    Refused,
    /// `ENETUNREACH`: there is no route.
    NetworkUnreachable,
    /// `EHOSTUNREACH`: there is a route, and nobody at its end.
    HostUnreachable,
}

/// Connects from inside of a place and reads the answer.
///
/// # Errors
/// It ends in a way that has no name here.
pub fn connect(from: &Place, to: SocketAddrV4) -> Outcome<Ending> {
    from.inside(|| connect_here(to))
}

/// Connects again and again.
///
/// # Errors
/// As [`connect`].
pub fn connect_times(from: &Place, to: SocketAddrV4, times: usize) -> Outcome<Vec<Ending>> {
    from.inside(|| (0..times).map(|_| connect_here(to)).collect())
}

fn connect_here(to: SocketAddrV4) -> Outcome<Ending> {
    let asked = TcpStream::connect_timeout(&SocketAddr::V4(to), PATIENCE).and_then(|mut stream| {
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut answer = String::new();
        BufReader::new(&mut stream).read_line(&mut answer)?;
        Ok((answer, stream.local_addr()?))
    });
    ending(asked)
}

/// Sends a datagram from inside of a place and waits for the answer.
///
/// # Errors
/// As [`connect`].
pub fn send(from: &Place, to: SocketAddrV4) -> Outcome<Ending> {
    from.inside(|| {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut answer = [0; 200];
        let asked = socket.connect(to).and_then(|()| {
            socket.send(b"?")?;
            let length = socket.recv(&mut answer)?;
            Ok((String::from_utf8_lossy(&answer[..length]).into_owned(), socket.local_addr()?))
        });
        ending(asked)
    })
}

fn ending(asked: io::Result<(String, SocketAddr)>) -> Outcome<Ending> {
    match asked {
        Ok((answer, SocketAddr::V4(own))) => {
            let (by, saw) = answer.trim().split_once(' ').ok_or_else(|| format!("an answer of another kind: {answer:?}"))?;
            Ok(Ending::Answered { by: by.to_owned(), saw: saw.parse()?, own })
        }
        Ok((_, own)) => Err(format!("an address of another kind: {own}").into()),
        Err(error) => match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Ok(Ending::TimedOut),
            io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Ok(Ending::Refused),
            io::ErrorKind::NetworkUnreachable => Ok(Ending::NetworkUnreachable),
            io::ErrorKind::HostUnreachable => Ok(Ending::HostUnreachable),
            _ => Err(error.into()),
        },
    }
}

/// How a `ping` ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Echo {
    /// The answer came.
    Came,
    /// The packet is longer than an interface carries, and may not be cut up.
    TooLong,
    /// Nothing came.
    Nothing,
}

/// One ping that may not be cut up, with as many bytes inside.
///
/// # Errors
/// `ping` can't be run.
pub fn ping(from: &Place, to: Ipv4Addr, bytes: u16) -> Outcome<Echo> {
    let (bytes, to) = (bytes.to_string(), to.to_string());
    match from.run("ping", &["-n", "-c", "1", "-W", "1", "-M", "do", "-s", &bytes, &to], "") {
        Ok(_) => Ok(Echo::Came),
        Err(error) if error.to_string().contains("essage too long") => Ok(Echo::TooLong),
        Err(error) if error.to_string().contains("100% packet loss") => Ok(Echo::Nothing),
        Err(error) => Err(error),
    }
}
