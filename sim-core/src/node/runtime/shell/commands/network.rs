//! Clients of the network: what they ask goes to the run's [`Network`](crate::node::runtime::shell::Network), how they say the answer is theirs.

use super::Options;
use crate::node::runtime::shell::machine::{Done, Machine};
use crate::node::runtime::shell::{Query, Response};

/// The host of an address.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or(rest)
}

/// An address with its scheme.
fn with_scheme(url: &str) -> String {
    if url.contains("://") { url.to_owned() } else { format!("http://{url}") }
}

/// Keeps what was fetched in a file.
fn save(machine: &mut Machine<'_>, tool: &str, name: &str, body: &str) -> Done {
    let path = machine.path(name);
    if path == "/dev/null" {
        return Ok(0);
    }
    if let Some(why) = machine.write_refused(&path) {
        machine.cant(tool, name, why);
        return Ok(if tool == "curl" { 23 } else { 1 });
    }
    let clock = machine.clock;
    machine.disk.put(clock, &path, body, body.len() as u64, 0o644);
    Ok(0)
}

/// `curl -s -o file -w '%{http_code}' url`
pub(super) fn curl(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "oXHdmwuAkeb");
    let method = options.get("X").unwrap_or(if options.on("d") || options.on("data") {
        "POST"
    } else if options.on("I") {
        "HEAD"
    } else {
        "GET"
    });
    let Some(url) = options.rest.first() else {
        machine.complain("curl: (2) no URL specified");
        return Ok(2);
    };
    let url = with_scheme(url);
    let reply = machine.ask(&Query::Fetch { method: method.to_owned(), url: url.clone() })?;
    let quiet = options.on("s") && !options.on("S");
    let response = match reply.result {
        Ok(response) => response,
        Err(why) => {
            let host = host(&url);
            let (code, text) = match why.as_str() {
                "Name or service not known" => (6, format!("Could not resolve host: {host}")),
                "Connection timed out" => (28, format!("Failed to connect to {host}: {why}")),
                _ => (7, format!("Failed to connect to {host}: {why}")),
            };
            if !quiet {
                machine.complain(&format!("curl: ({code}) {text}"));
            }
            return Ok(code);
        }
    };
    if options.on("f") && response.status >= 400 {
        if !quiet {
            machine.complain(&format!("curl: (22) The requested URL returned error: {}", response.status));
        }
        return Ok(22);
    }
    if options.on("i") || options.on("I") {
        machine.say(&format!("HTTP/1.1 {}\r\n\r\n", status_line(response.status)));
    }
    match options.get("o") {
        Some(name) => {
            let code = save(machine, "curl", name, &response.body)?;
            if code != 0 {
                return Ok(code);
            }
        }
        None if !options.on("I") => machine.say(&response.body),
        None => {}
    }
    if let Some(format) = options.get("w") {
        machine.say(&format.replace("%{http_code}", &response.status.to_string()).replace("\\n", "\n"));
    }
    Ok(0)
}

fn status_line(status: u16) -> String {
    let words = match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    };
    format!("{status} {words}")
}

/// busybox's `wget -q -O - url`
pub(super) fn wget(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "OTtU");
    let Some(url) = options.rest.first() else {
        machine.complain("wget: missing URL");
        return Ok(1);
    };
    let url = with_scheme(url);
    let host = host(&url).to_owned();
    let quiet = options.on("q");
    let reply = machine.ask(&Query::Fetch { method: "GET".to_owned(), url: url.clone() })?;
    let response = match reply.result {
        Ok(response) if response.status < 400 => response,
        Ok(response) => {
            machine.complain(&format!("wget: server returned error: HTTP/1.1 {}", status_line(response.status)));
            return Ok(1);
        }
        Err(why) => {
            let text = match why.as_str() {
                "Name or service not known" => format!("wget: bad address '{host}'"),
                "Connection timed out" => "wget: download timed out".to_owned(),
                _ => format!("wget: can't connect to remote host ({host}): {why}"),
            };
            machine.complain(&text);
            return Ok(1);
        }
    };
    let last =
        url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path.rsplit('/').next().unwrap_or(""));
    let name = options.get("O").unwrap_or(if last.is_empty() { "index.html" } else { last }).to_owned();
    if !quiet {
        machine.complain(&format!("Connecting to {host}"));
    }
    if options.on("spider") {
        return Ok(0);
    }
    if name == "-" {
        machine.say(&response.body);
        return Ok(0);
    }
    let code = save(machine, "wget", &name, &response.body)?;
    if code == 0 && !quiet {
        machine.complain(&format!("saving to '{name}'\n'{name}' saved"));
    }
    Ok(code)
}

/// `nslookup name`, `getent hosts name`
pub(super) fn nslookup(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "");
    let names: Vec<&String> =
        options.rest.iter().filter(|word| !(argv[0] == "getent" && matches!(word.as_str(), "hosts" | "ahosts"))).collect();
    let Some(name) = names.first() else { return Ok(1) };
    let reply = machine.ask(&Query::Resolve { name: (*name).clone() })?;
    let addresses = match reply.result {
        Ok(Response { addresses, .. }) if !addresses.is_empty() => addresses,
        Ok(_) => return not_found(machine, &argv[0], name, "Name or service not known"),
        Err(why) => return not_found(machine, &argv[0], name, &why),
    };
    let server = machine
        .disk
        .read("/etc/resolv.conf")
        .and_then(|text| text.lines().find_map(|line| line.strip_prefix("nameserver ")))
        .unwrap_or("10.96.0.10")
        .to_owned();
    let text: String = match argv[0].as_str() {
        "getent" => addresses.iter().map(|address| format!("{address}  {name}\n")).collect(),
        "dig" => addresses.iter().map(|address| format!("{name}.\t30\tIN\tA\t{address}\n")).collect(),
        "host" => addresses.iter().map(|address| format!("{name} has address {address}\n")).collect(),
        _ => {
            let found: String = addresses.iter().map(|address| format!("Name:\t{name}\nAddress: {address}\n")).collect();
            format!("Server:\t\t{server}\nAddress:\t{server}:53\n\n{found}\n")
        }
    };
    machine.say(&text);
    Ok(0)
}

fn not_found(machine: &mut Machine<'_>, tool: &str, name: &str, why: &str) -> Done {
    match (tool, why) {
        ("getent", _) => return Ok(2),
        (_, "Name or service not known") => machine.say(&format!("** server can't find {name}: NXDOMAIN\n\n")),
        _ => machine.complain(&format!("{tool}: can't resolve '{name}': {why}")),
    }
    Ok(1)
}

/// `ping -c 3 host`
pub(super) fn ping(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "cwWi");
    let Some(name) = options.rest.first() else { return Ok(1) };
    let count = options.number("c").unwrap_or(i64::MAX);
    let mut sent = 0;
    loop {
        let reply = machine.ask(&Query::Ping { host: name.clone() })?;
        let address = match reply.result {
            Ok(response) => response.addresses.first().map_or_else(|| name.clone(), ToString::to_string),
            Err(why) if why == "Name or service not known" => {
                machine.complain(&format!("ping: bad address '{name}'"));
                return Ok(1);
            }
            Err(why) => {
                machine.complain(&format!("ping: {name}: {why}"));
                return Ok(1);
            }
        };
        if sent == 0 {
            machine.say(&format!("PING {name} ({address}): 56 data bytes\n"));
        }
        let millis = reply.takes.as_nanos() / 1_000;
        machine.say(&format!("64 bytes from {address}: seq={sent} ttl=64 time={}.{:03} ms\n", millis / 1_000, millis % 1_000));
        sent += 1;
        if sent >= count {
            machine
                .say(&format!("\n--- {name} ping statistics ---\n{sent} packets transmitted, {sent} packets received, 0% packet loss\n"));
            return Ok(0);
        }
        machine.advance(crate::kernel::time::SimDuration::from_secs(1))?;
    }
}

/// `nc -zv host port`
pub(super) fn nc(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "w");
    if options.on("l") {
        machine.advance(crate::kernel::time::SimDuration::MAX)?;
        return Ok(0);
    }
    let (Some(host), Some(port)) = (options.rest.first(), options.rest.get(1).and_then(|port| port.parse().ok())) else {
        machine.complain("nc: missing host or port");
        return Ok(1);
    };
    let reply = machine.ask(&Query::Connect { host: host.clone(), port })?;
    match reply.result {
        Ok(response) => {
            if options.on("v") {
                let address = response.addresses.first().map_or_else(|| host.clone(), ToString::to_string);
                machine.complain(&format!("{host} ({address}:{port}) open"));
            }
            Ok(0)
        }
        Err(why) => {
            machine.complain(&format!("nc: {host}:{port}: {why}"));
            Ok(1)
        }
    }
}
