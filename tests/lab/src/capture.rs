//! `tcpdump` in several namespaces at once, and its captures put together in order of time.

use crate::Outcome;
use crate::links;
use crate::place::Place;
use crate::tap;
use crate::wire::{Seen, parse};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long after the last packet is waited for another one's record.
const SETTLE: Duration = Duration::from_millis(250);

/// One `tcpdump`.
struct Dump {
    child: Child,
    file: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
    over: Arc<AtomicBool>,
    /// How much of the file was read.
    read: usize,
}

/// A capture that runs.
pub struct Capture {
    dumps: Vec<Dump>,
    vxlan_port: u16,
}

impl Capture {
    /// Begins to capture what is IPv4. Every interface of these places is listened at when this returns.
    ///
    /// # Errors
    /// `tcpdump` can't be started, or doesn't listen.
    pub fn start<'a>(places: impl IntoIterator<Item = &'a Place>, vxlan_port: u16) -> Outcome<Capture> {
        let (mut capture, mut listening) = (Capture { dumps: Vec::new(), vxlan_port }, Vec::new());
        for place in places {
            let child = place.inside(|| Ok(tcpdump().spawn().map_err(|error| format!("tcpdump: {error}"))?))?;
            let dump = Dump { child, file: Arc::default(), reader: None, over: Arc::default(), read: 0 };
            capture.dumps.push(dump);
            listening.push(place);
        }
        for (dump, place) in capture.dumps.iter_mut().zip(listening) {
            dump.listen(place)?;
        }
        Ok(capture)
    }

    /// What was seen where since the last time, in order of time. `places`: those it was started with, in the same order.
    ///
    /// # Errors
    /// What was written is no capture.
    pub fn take<'a>(&mut self, places: impl IntoIterator<Item = &'a Place>) -> Outcome<Vec<Seen>> {
        thread::sleep(SETTLE);
        let mut all = Vec::new();
        for (dump, place) in self.dumps.iter_mut().zip(places) {
            let file = dump.file.lock().map_err(|_| "the reader of a capture panicked")?;
            let seen = parse(&file, &mut dump.read, &place.name, self.vxlan_port)?;
            let named = |(index, seen)| Ok(Seen { interface: links::name(index)?, ..seen });
            all.extend(place.inside(|| seen.into_iter().map(named).collect::<Outcome<Vec<_>>>())?);
        }
        // Stable: of the same moment, one file's order stands. A port and its bridge see the same packet at the same time.
        all.sort_by_key(|seen| seen.at);
        Ok(all)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        for dump in &mut self.dumps {
            dump.over.store(true, Ordering::Relaxed);
            dump.child.kill().ok();
            dump.child.wait().ok();
            if let Some(reader) = dump.reader.take() {
                reader.join().ok();
            }
        }
    }
}

impl Dump {
    /// Waits until it says that it listens, and then reads what it writes.
    fn listen(&mut self, place: &Place) -> Outcome {
        let mut said = String::new();
        let mut stderr = BufReader::new(self.child.stderr.take().ok_or("tcpdump has no stderr")?);
        while !said.contains("listening on") {
            if stderr.read_line(&mut said)? > 0 {
                continue;
            }
            if said.contains("Couldn't change to") {
                self.reader = Some(tap::start(place, Arc::clone(&self.file), Arc::clone(&self.over))?);
                return Ok(());
            }
            return Err(format!("{}: tcpdump: {}", place.name, said.trim()).into());
        }
        let mut stdout = self.child.stdout.take().ok_or("tcpdump has no stdout")?;
        let file = Arc::clone(&self.file);
        self.reader = Some(thread::spawn(move || {
            let mut buffer = [0; 1 << 16];
            while let Ok(length @ 1..) = stdout.read(&mut buffer) {
                if let Ok(mut file) = file.lock() {
                    file.extend_from_slice(&buffer[..length]);
                }
            }
        }));
        Ok(())
    }
}

/// As `tcpdump` is to be run: packets are written as they come, and no user is changed to who may not be there.
fn tcpdump() -> Command {
    let mut command = Command::new("tcpdump");
    command.args(["-i", "any", "-y", "LINUX_SLL2", "--immediate-mode", "-U", "-s", "200", "--nano", "-Z", "root", "-w", "-", "ip"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}
