//! Clients of the network: what they ask goes to the run's [`Network`](crate::node::runtime::shell::Network), how they say the answer is theirs.
//! Mirrors busybox 1.36 (`networking/wget.c`, `nc_bloaty.c`, `ping.c`) and curl 8.

use super::{Options, span};
use crate::kernel::time::SimDuration;
use crate::node::runtime::shell::machine::{Done, Machine};
use crate::node::runtime::shell::network::{Response, Target, Trouble, What};
use std::net::Ipv4Addr;

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

/// Options of curl that take a value, by their long names.
const CURL_LONG: &[(&str, char)] = &[
    ("request", 'X'),
    ("header", 'H'),
    ("data", 'd'),
    ("output", 'o'),
    ("write-out", 'w'),
    ("max-time", 'm'),
    ("connect-timeout", 'T'),
    ("user-agent", 'A'),
    ("user", 'u'),
    ("retry", 'R'),
    ("retry-delay", 'Y'),
    ("resolve", 'Z'),
];
/// Those that take none.
const CURL_PLAIN: &[(&str, char)] = &[
    ("silent", 's'),
    ("show-error", 'S'),
    ("fail", 'f'),
    ("head", 'I'),
    ("include", 'i'),
    ("location", 'L'),
    ("insecure", 'k'),
    ("verbose", 'v'),
    ("retry-connrefused", 'P'),
    ("retry-all-errors", 'E'),
];

/// Long options as their letters, so that values which stand alone are found.
fn curl_letters(argv: &[String]) -> (Vec<String>, Vec<(String, String)>) {
    let (mut short, mut headers) = (Vec::new(), Vec::new());
    let mut words = argv.iter();
    while let Some(word) = words.next() {
        let long = word.strip_prefix("--").map(|long| long.split_once('=').unwrap_or((long, "")));
        if let Some((name, value)) = long
            && let Some((_, letter)) = CURL_LONG.iter().find(|(known, _)| *known == name)
        {
            let value = if value.is_empty() { words.next().cloned().unwrap_or_default() } else { value.to_owned() };
            match letter {
                'H' => headers.extend(header(&value)),
                _ => short.extend([format!("-{letter}"), value]),
            }
        } else if let Some((name, _)) = long
            && let Some((_, letter)) = CURL_PLAIN.iter().find(|(known, _)| *known == name)
        {
            short.push(format!("-{letter}"));
        } else if word == "-H" {
            headers.extend(words.next().and_then(|value| header(value)));
        } else {
            short.push(word.clone());
        }
    }
    (short, headers)
}

fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
}

/// `curl -s -o file -w '%{http_code}' url`
pub(super) fn curl(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let (argv, headers) = curl_letters(argv);
    let options = Options::of(&argv, "oXdmwuAebTRYZ");
    let posts = options.on("d");
    let method = options.get("X").unwrap_or(if posts {
        "POST"
    } else if options.on("I") {
        "HEAD"
    } else {
        "GET"
    });
    if options.rest.is_empty() {
        machine.complain("curl: (2) no URL specified");
        return Ok(2);
    }
    let mut code = 0;
    for url in &options.rest {
        code = curl_again(machine, &options, method, &with_scheme(url), &headers)?;
    }
    Ok(code)
}

/// `--retry`: what may be better next time is tried again, after 1 s, 2 s, 4 s … and at most ten minutes.
fn curl_again(machine: &mut Machine<'_>, options: &Options, method: &str, url: &str, headers: &[(String, String)]) -> Done {
    let mut left = options.number("R").unwrap_or(0);
    let fixed = options.get("Y").and_then(span);
    let mut wait = SimDuration::from_secs(1);
    loop {
        let code = curl_one(machine, options, method, url, headers)?;
        let transient = match code {
            0 => false,
            28 => true,
            7 => options.on("P") || options.on("E"),
            _ => options.on("E"),
        };
        if !transient || left <= 0 {
            return Ok(code);
        }
        left -= 1;
        machine.advance(fixed.unwrap_or(wait))?;
        wait = (wait + wait).min(SimDuration::from_secs(600));
    }
}

fn curl_one(machine: &mut Machine<'_>, options: &Options, method: &str, url: &str, headers: &[(String, String)]) -> Done {
    let what = What::Fetch { method: method.to_owned(), url: url.to_owned(), headers: headers.to_vec() };
    let quiet = options.on("s") && !options.on("S");
    let limit = options.get("m").or(options.get("T")).and_then(span);
    let (reply, took) = machine.ask_within(what, limit.unwrap_or(SimDuration::MAX))?;
    let Target { host, port, .. } = Target::of(url);
    let response = match reply.result {
        Ok(response) => response,
        Err(trouble) => {
            let millis = took.as_millis();
            let cant = format!("Failed to connect to {host} port {port} after {millis} ms: Could not connect to server");
            let (code, text) = match trouble {
                Trouble::Name { .. } => (6, format!("Could not resolve host: {host}")),
                Trouble::TimedOut if limit.is_some() && options.on("T") && !options.on("m") => {
                    (28, format!("Connection timed out after {millis} milliseconds"))
                }
                Trouble::TimedOut if limit.is_some() => {
                    (28, format!("Operation timed out after {millis} milliseconds with 0 bytes received"))
                }
                Trouble::TimedOut => (28, cant),
                Trouble::Reset => (56, "Recv failure: Connection reset by peer".to_owned()),
                Trouble::Unknown(why) => (7, why),
                Trouble::Refused | Trouble::NoRoute => (7, cant),
            };
            if !quiet {
                machine.complain(&format!("curl: ({code}) {text}"));
            }
            if let Some(format) = options.get("w") {
                machine.say(&written_out(format, &Response::default(), took, reply.address));
            }
            return Ok(code);
        }
    };
    if let Some(location) = response.header("location").filter(|_| options.on("L") && matches!(response.status, 301 | 302 | 307 | 308)) {
        let onward = location.to_owned();
        return if onward == url { Ok(47) } else { curl_one(machine, options, method, &onward, headers) };
    }
    if options.on("f") && response.status >= 400 {
        if !quiet {
            machine.complain(&format!("curl: (22) The requested URL returned error: {}", response.status));
        }
        return Ok(22);
    }
    if options.on("i") || options.on("I") {
        let lines: String = response.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        machine.say(&format!("HTTP/1.1 {}\r\n{lines}\r\n", status_line(response.status)));
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
        machine.say(&written_out(format, &response, took, reply.address));
    }
    Ok(0)
}

/// What `-w` prints.
fn written_out(format: &str, response: &Response, took: SimDuration, address: Option<Ipv4Addr>) -> String {
    let seconds = format!("{}.{:06}", took.as_nanos() / 1_000_000_000, took.as_nanos() / 1_000 % 1_000_000);
    let address = address.map(|address| address.to_string()).unwrap_or_default();
    let values = [
        ("%{http_code}", format!("{:03}", response.status)),
        ("%{response_code}", format!("{:03}", response.status)),
        ("%{time_total}", seconds),
        ("%{size_download}", response.body.len().to_string()),
        ("%{remote_ip}", address),
        ("\\n", "\n".to_owned()),
        ("\\t", "\t".to_owned()),
    ];
    values.iter().fold(format.to_owned(), |text, (name, value)| text.replace(name, value))
}

fn status_line(status: u16) -> String {
    let words = match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
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
    let options = Options::of(argv, "OTtUPoY");
    let Some(url) = options.rest.first() else {
        machine.complain("wget: missing URL");
        return Ok(1);
    };
    let url = with_scheme(url);
    let limit = options.get("T").or(options.get("timeout")).and_then(span);
    fetch(machine, &options, &url, limit, 0)
}

/// So many redirections are followed.
const REDIRECTIONS_MAX: u32 = 5;

fn fetch(machine: &mut Machine<'_>, options: &Options, url: &str, limit: Option<SimDuration>, hops: u32) -> Done {
    let Target { host, port, path, .. } = Target::of(url);
    // With its port, if that was written.
    let place = format!("{host}:{port}");
    let place = if url.contains(&place) { place } else { host.to_owned() };
    let quiet = options.on("q");
    let method = if options.on("post-data") { "POST" } else { "GET" };
    let headers: Vec<(String, String)> = options.get("header").and_then(header).into_iter().collect();
    let what = What::Fetch { method: method.to_owned(), url: url.to_owned(), headers };
    let (reply, _) = machine.ask_within(what, limit.unwrap_or(SimDuration::MAX))?;
    if let Some(address) = reply.address.filter(|_| !quiet) {
        machine.complain(&format!("Connecting to {place} ({address}:{port})"));
    }
    let response = match reply.result {
        Ok(response) => response,
        Err(trouble) => {
            let remote = reply.address.map_or_else(|| host.to_owned(), |address| address.to_string());
            machine.complain(&match trouble {
                Trouble::Name { .. } => format!("wget: bad address '{place}'"),
                Trouble::TimedOut if limit.is_some() => "wget: download timed out".to_owned(),
                Trouble::Unknown(why) => format!("wget: {why}"),
                Trouble::Reset => "wget: error getting response: Connection reset by peer".to_owned(),
                trouble => format!("wget: can't connect to remote host ({remote}): {trouble}"),
            });
            return Ok(1);
        }
    };
    if matches!(response.status, 301 | 302 | 303 | 307 | 308)
        && let Some(onward) = response.header("location")
    {
        if hops >= REDIRECTIONS_MAX {
            machine.complain("wget: too many redirections");
            return Ok(1);
        }
        let onward = onward.to_owned();
        return fetch(machine, options, &onward, limit, hops + 1);
    }
    if response.status >= 300 {
        machine.complain(&format!("wget: server returned error: HTTP/1.1 {}", status_line(response.status)));
        return Ok(1);
    }
    if options.on("spider") {
        if !quiet {
            machine.complain("remote file exists");
        }
        return Ok(0);
    }
    let last = path.split('?').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let name = options.get("O").unwrap_or(if last.is_empty() { "index.html" } else { last }).to_owned();
    let bar = |name: &str| format!("{name:<20.20} 100% |********************************| {:>5}  0:00:00 ETA", response.body.len());
    if name == "-" {
        if !quiet {
            machine.complain("writing to stdout");
        }
        machine.say(&response.body);
        if !quiet {
            machine.complain(&format!("{}\nwritten to stdout", bar("-")));
        }
        return Ok(0);
    }
    let code = save(machine, "wget", &name, &response.body)?;
    if code == 0 && !quiet {
        machine.complain(&format!("saving to '{name}'\n{}\n'{name}' saved", bar(&name)));
    }
    Ok(code)
}

/// `ping -c 3 host`
pub(super) fn ping(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "cwWis");
    let Some(name) = options.rest.first() else { return Ok(1) };
    let count = options.number("c").unwrap_or(i64::MAX);
    let wait = options.get("W").and_then(span).unwrap_or(SimDuration::from_secs(10));
    let deadline = options.get("w").and_then(span).map(|span| machine.clock + span);
    let every = options.get("i").and_then(span).unwrap_or(SimDuration::from_secs(1));
    let (mut sent, mut received) = (0, 0);
    let mut times: Vec<u64> = Vec::new();
    while sent < count && deadline.is_none_or(|deadline| machine.clock < deadline) {
        let begun = machine.clock;
        let (reply, took) = machine.ask_within(What::Ping { host: name.clone() }, wait.min(every))?;
        if let Err(Trouble::Name { .. }) = reply.result {
            machine.complain(&format!("ping: bad address '{name}'"));
            return Ok(1);
        }
        if let Err(Trouble::Unknown(why)) = &reply.result {
            machine.complain(&format!("ping: {why}"));
            return Ok(1);
        }
        let address = reply.address.map_or_else(|| name.clone(), |address| address.to_string());
        if sent == 0 {
            machine.say(&format!("PING {name} ({address}): 56 data bytes\n"));
        }
        if reply.result.is_ok() {
            let micros = took.as_nanos() / 1_000;
            machine.say(&format!("64 bytes from {address}: seq={sent} ttl=64 time={}.{:03} ms\n", micros / 1_000, micros % 1_000));
            received += 1;
            times.push(micros);
        }
        sent += 1;
        if sent < count {
            machine.advance((begun + every).saturating_sub(machine.clock))?;
        } else if reply.result.is_err() {
            // The last one is waited for.
            machine.advance(wait.saturating_sub(wait.min(every)))?;
        }
    }
    let lost = if sent == 0 { 0 } else { (sent - received) * 100 / sent };
    machine
        .say(&format!("\n--- {name} ping statistics ---\n{sent} packets transmitted, {received} packets received, {lost}% packet loss\n"));
    if let (Some(least), Some(most)) = (times.iter().min(), times.iter().max()) {
        let mean = times.iter().sum::<u64>() / times.len() as u64;
        let show = |micros: u64| format!("{}.{:03}", micros / 1_000, micros % 1_000);
        machine.say(&format!("round-trip min/avg/max = {}/{}/{} ms\n", show(*least), show(mean), show(*most)));
    }
    Ok(i32::from(received == 0))
}

/// `nc -zv host port`
pub(super) fn nc(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "wpseio");
    if options.on("l") {
        machine.advance(SimDuration::MAX)?;
        return Ok(0);
    }
    let (Some(host), Some(port)) = (options.rest.first(), options.rest.get(1).and_then(|port| port.parse().ok())) else {
        machine.complain("nc: missing host or port");
        return Ok(1);
    };
    let limit = options.get("w").and_then(span);
    let (reply, _) =
        machine.ask_within(What::Connect { host: host.clone(), port, udp: options.on("u") }, limit.unwrap_or(SimDuration::MAX))?;
    let place = reply.address.map_or_else(|| format!("{host}:{port}"), |address| format!("{host} ({address}:{port})"));
    match reply.result {
        Ok(_) => {
            if options.on("v") {
                machine.complain(&format!("{place} open"));
            }
            Ok(0)
        }
        Err(trouble) => {
            machine.complain(&match trouble {
                Trouble::Name { .. } => format!("nc: bad address '{host}'"),
                Trouble::TimedOut if limit.is_some() => "nc: timed out".to_owned(),
                Trouble::Unknown(why) => format!("nc: {why}"),
                trouble => format!("nc: {place}: {trouble}"),
            });
            Ok(1)
        }
    }
}
