//! Programs that use or tell room, memory and CPU.

use super::{Options, bytes, span};
use crate::kernel::time::SimDuration;
use crate::node::runtime::shell::machine::{Done, Machine};

/// How much room a node's disk has.
const DISK: u64 = 100 << 30;

/// `dd if=/dev/zero of=file bs=1M count=100`
pub(super) fn dd(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let value = |name: &str| argv[1..].iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('=').map(str::to_owned));
    let block = value("bs").and_then(|text| bytes(&text)).unwrap_or(512);
    let source = value("if").unwrap_or_default();
    let endless = matches!(source.as_str(), "/dev/zero" | "/dev/urandom" | "/dev/random");
    let from = machine.path(&source);
    let available = if endless { None } else { machine.disk.stat(&from).map(|(size, _)| size) };
    let count = value("count").and_then(|text| bytes(&text));
    let size = match (count, available) {
        (Some(count), None) => block * count,
        (Some(count), Some(size)) => size.min(block * count),
        (None, Some(size)) => size,
        (None, None) if endless => return Err(crate::node::runtime::shell::machine::Stop::Busy),
        (None, None) => 0,
    };
    if let Some(target) = value("of") {
        let path = machine.path(&target);
        if let Some(why) = machine.write_refused(&path) {
            machine.complain(&format!("dd: can't open '{target}': {why}"));
            return Ok(1);
        }
        if path != "/dev/null" {
            let data = machine.disk.read(&from).unwrap_or_default().to_owned();
            let clock = machine.clock;
            machine.disk.put(clock, &path, &data, size, 0o644);
        }
    }
    let records = size / block.max(1);
    machine.complain(&format!("{records}+0 records in\n{records}+0 records out"));
    Ok(0)
}

/// `fallocate -l 100M file`, `truncate -s 1G file`
pub(super) fn fallocate(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "lso");
    let size = options.get("l").or_else(|| options.get("s")).or_else(|| options.get("size")).and_then(bytes).unwrap_or(0);
    for name in &options.rest {
        let path = machine.path(name);
        if let Some(why) = machine.write_refused(&path) {
            machine.cant(&argv[0], name, why);
            return Ok(1);
        }
        let data = machine.disk.read(&path).map_or(String::new(), |data| data.chars().take(size as usize).collect());
        let clock = machine.clock;
        machine.disk.put(clock, &path, &data, size, 0o644);
    }
    Ok(0)
}

fn human(bytes: u64) -> String {
    let (mut size, mut unit) = (bytes, "B");
    for next in ["K", "M", "G", "T"] {
        if size < 1024 {
            break;
        }
        (size, unit) = (size / 1024, next);
    }
    format!("{size}{}", if unit == "B" { "" } else { unit })
}

/// `df -h`
pub(super) fn df(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "");
    let used = (20 << 30) + machine.disk.bytes_written();
    let figure = |bytes: u64| if options.on("h") { human(bytes) } else { (bytes / 1024).to_string() };
    let unit = if options.on("h") { "Size" } else { "1K-blocks" };
    let percent = used * 100 / DISK;
    let row = |name: &str, at: &str| {
        format!("{name:<20} {:>9} {:>9} {:>9} {percent:>3}% {at}\n", figure(DISK), figure(used), figure(DISK - used))
    };
    let mut text = format!("{:<20} {unit:>9} {:>9} {:>9} Use% Mounted on\n", "Filesystem", "Used", "Available");
    let mounts: Vec<String> = machine.setting.mounts.iter().map(|mount| mount.path.clone()).collect();
    match options.rest.first() {
        Some(path) => {
            let path = machine.path(path);
            let mount = mounts.iter().find(|mount| path.starts_with(mount.as_str()));
            text.push_str(&mount.map_or_else(|| row("overlay", "/"), |mount| row("/dev/sda1", mount)));
        }
        None => {
            text.push_str(&row("overlay", "/"));
            mounts.iter().for_each(|mount| text.push_str(&row("/dev/sda1", mount)));
        }
    }
    machine.say(&text);
    Ok(0)
}

/// `du -sh directory`
pub(super) fn du(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "d");
    let names = if options.rest.is_empty() { vec![".".to_owned()] } else { options.rest.clone() };
    for name in names {
        let path = machine.path(&name);
        let below: u64 =
            machine.disk.paths_below(&path).filter_map(|path| machine.disk.stat(path)).map(|(size, _)| size.div_ceil(4096) * 4096).sum();
        let size = machine.disk.stat(&path).map_or(below, |(size, _)| size.div_ceil(4096) * 4096);
        let figure = if options.on("h") { human(size) } else { (size / 1024).to_string() };
        machine.say(&format!("{figure}\t{name}\n"));
    }
    Ok(0)
}

/// `free -m`: what it sees is the node's memory, not the container's limit.
pub(super) fn free(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "");
    let total = u64::try_from(machine.setting.memory).unwrap_or(0);
    let used = total / 5 + machine.memory.last().map_or(0, |(_, bytes)| *bytes);
    let figure = |bytes: u64| match () {
        () if options.on("h") => human(bytes),
        () if options.on("m") => (bytes >> 20).to_string(),
        () if options.on("g") => (bytes >> 30).to_string(),
        () => (bytes >> 10).to_string(),
    };
    let left = total.saturating_sub(used);
    machine.say(&format!("{:<14}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}\n", "", "total", "used", "free", "shared", "buff/cache", "available"));
    machine.say(&format!(
        "{:<14}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}\n",
        "Mem:",
        figure(total),
        figure(used),
        figure(left / 2),
        0,
        figure(left / 2),
        figure(left)
    ));
    machine.say(&format!("{:<14}{:>12}{:>12}{:>12}\n", "Swap:", 0, 0, 0));
    Ok(0)
}

/// `nproc`: the node's CPUs.
pub(super) fn nproc(machine: &mut Machine<'_>, _: &[String]) -> Done {
    let count = (machine.setting.milli_cpu / 1_000).max(1);
    machine.say(&format!("{count}\n"));
    Ok(0)
}

/// `uptime`
pub(super) fn uptime(machine: &mut Machine<'_>, _: &[String]) -> Done {
    let clock = machine.date("%H:%M:%S");
    let minutes = machine.now().as_secs() / 60;
    let up = if minutes < 60 { format!("{minutes} min") } else { format!("{}:{:02}", minutes / 60, minutes % 60) };
    machine.say(&format!(" {clock} up {up},  0 users,  load average: 0.10, 0.08, 0.05\n"));
    Ok(0)
}

/// `stress --vm 1 --vm-bytes 250M --vm-hang 1`: memory and CPU in use.
pub(super) fn stress(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let value = |names: &[&str]| -> Option<String> {
        let at = argv.iter().position(|word| names.iter().any(|name| word == name || word.starts_with(&format!("{name}="))))?;
        argv[at].split_once('=').map(|(_, value)| value.to_owned()).or_else(|| argv.get(at + 1).cloned())
    };
    let count = |names: &[&str]| value(names).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let (cpu, io, vm, hdd) = (count(&["--cpu", "-c"]), count(&["--io", "-i"]), count(&["--vm", "-m"]), count(&["--hdd", "-d"]));
    let each = value(&["--vm-bytes"]).and_then(|text| bytes(&text)).unwrap_or(256 << 20);
    if cpu + io + vm + hdd == 0 {
        machine.say("`stress' imposes certain types of compute stress on your system\n\nUsage: stress [OPTION [ARG]] ...\n");
        return Ok(0);
    }
    let hangs = value(&["--vm-hang"]).is_some();
    machine.say(&format!("stress: info: [1] dispatching hogs: {cpu} cpu, {io} io, {vm} vm, {hdd} hdd\n"));
    let clock = machine.clock;
    machine.memory.push((clock, vm * each));
    let busy = cpu + io + hdd + if hangs { 0 } else { vm };
    machine.milli_cpu.push((clock, busy * 1_000));
    let time = value(&["--timeout", "-t"]).and_then(|text| span(&text)).unwrap_or(SimDuration::MAX);
    machine.advance(time)?;
    machine.memory.push((machine.clock, 0));
    machine.milli_cpu.push((machine.clock, 0));
    machine.say(&format!("stress: info: [1] successful run completed in {}s\n", time.as_secs()));
    Ok(0)
}
