//! Programs that ask for names. Mirrors busybox (`networking/nslookup.c`: its own questions since 1.29, the library's before) and BIND's tools.

use super::Options;
use crate::node::runtime::images::Kit;
use crate::node::runtime::shell::machine::{Done, Machine, Stop};
use crate::node::runtime::shell::network::{Found, Response, Trouble, What};
use std::net::Ipv4Addr;

/// What is asked for when nobody says: addresses of both kinds.
const BOTH: [&str; 2] = ["A", "AAAA"];
/// Kinds of records by name.
const KINDS: [&str; 6] = ["A", "AAAA", "CNAME", "SRV", "PTR", "TXT"];

/// The lines of `/etc/resolv.conf` that begin with a word.
fn configured(machine: &Machine<'_>, word: &str) -> Vec<String> {
    let text = machine.disk.read("/etc/resolv.conf").unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
    lines.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

fn first_server(machine: &Machine<'_>) -> String {
    configured(machine, "nameserver").into_iter().next().unwrap_or_else(|| "127.0.0.1".to_owned())
}

fn reverse(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("{d}.{c}.{b}.{a}.in-addr.arpa")
}

/// `nslookup name server`
pub(super) fn nslookup(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let (options, rest): (Vec<&String>, Vec<&String>) = argv.iter().skip(1).partition(|word| word.starts_with('-'));
    let Some(name) = rest.first() else {
        machine.complain("nslookup: missing name");
        return Ok(1);
    };
    let kind =
        options.iter().find_map(|option| option.strip_prefix("-type=").or(option.strip_prefix("-query=")).or(option.strip_prefix("-q=")));
    let kind = kind.and_then(|kind| KINDS.into_iter().find(|known| known.eq_ignore_ascii_case(kind)));
    let server = rest.get(1).map(|server| (*server).clone());
    match machine.setting.image.kit {
        Kit::Busybox if is_before_1_29(&machine.setting.tag) => by_library(machine, name),
        Kit::Busybox | Kit::Alpine => by_questions(machine, name, kind, server),
        Kit::Debian | Kit::Everything | Kit::None => binds(machine, name, kind, server),
    }
}

/// Whether it is a busybox of the old kind. Without a version, it is the latest.
fn is_before_1_29(tag: &str) -> bool {
    let mut numbers = tag.split(['.', '-']).map(|part| part.parse::<u32>());
    matches!((numbers.next(), numbers.next()), (Some(Ok(1)), Some(Ok(minor))) if minor < 29)
}

/// busybox before 1.29: what the library makes of the name, search list and all.
fn by_library(machine: &mut Machine<'_>, name: &str) -> Done {
    let server = first_server(machine);
    let reply = machine.ask(What::Resolve { name: name.to_owned() })?;
    let addresses = reply.result.as_ref().map_or_else(|_| Vec::new(), |response| response.addresses.clone());
    let names = names_of(machine, server.parse().into_iter().chain(addresses.iter().copied()).collect())?;
    let shown = |at: usize, address: &str, name: Option<&String>| {
        let name = name.filter(|name| !name.is_empty()).map_or_else(String::new, |name| format!(" {name}"));
        format!("Address {at}: {address}{name}\n")
    };
    machine.say(&format!("Server:    {server}\n{}\n", shown(1, &server, names.first())));
    match reply.result {
        Ok(_) if !addresses.is_empty() => {
            let each = addresses.iter().enumerate();
            let lines: String = each.map(|(at, address)| shown(at + 1, &address.to_string(), names.get(at + 1))).collect();
            machine.say(&format!("Name:      {name}\n{lines}"));
            Ok(0)
        }
        Err(Trouble::Unknown(why)) => {
            machine.complain(&format!("nslookup: {why}"));
            Ok(1)
        }
        _ => {
            machine.complain(&format!("nslookup: can't resolve '{name}'"));
            Ok(1)
        }
    }
}

/// What addresses are called, as `getnameinfo` finds out; empty: nobody says.
fn names_of(machine: &mut Machine<'_>, addresses: Vec<Ipv4Addr>) -> Result<Vec<String>, Stop> {
    let questions = addresses.into_iter().map(|address| (reverse(address), "PTR")).collect();
    let found = machine.ask(What::Lookup { questions, server: None })?.result.map_or_else(|_| Vec::new(), |response| response.found);
    let name = |found: Found| found.records.first().map_or_else(String::new, |(_, _, _, data)| data.trim_end_matches('.').to_owned());
    Ok(found.into_iter().map(name).collect())
}

/// busybox since 1.29: a name without a dot is asked for below every domain of the search list, one with a dot as it is. Whatever isn't there
/// makes for exit code 1, even if another is.
fn by_questions(machine: &mut Machine<'_>, name: &str, kind: Option<&'static str>, server: Option<String>) -> Done {
    let search = configured(machine, "search");
    let names: Vec<String> = if name.contains('.') || search.is_empty() {
        vec![name.trim_end_matches('.').to_owned()]
    } else {
        search.iter().map(|domain| format!("{name}.{domain}")).collect()
    };
    let questions: Vec<(String, &'static str)> = match (name.parse::<Ipv4Addr>(), kind) {
        (Ok(address), None) => vec![(reverse(address), "PTR")],
        (_, Some(kind)) => names.iter().map(|name| (name.clone(), kind)).collect(),
        (_, None) => BOTH.iter().flat_map(|kind| names.iter().map(|name| (name.clone(), *kind))).collect(),
    };
    let shown = server.clone().unwrap_or_else(|| first_server(machine));
    let reply = machine.ask(What::Lookup { questions: questions.clone(), server })?;
    let found = match reply.result {
        Ok(response) => response.found,
        Err(Trouble::Unknown(why)) => {
            machine.complain(&format!("nslookup: {why}"));
            return Ok(1);
        }
        Err(trouble) => {
            if trouble == Trouble::Refused {
                machine.complain("nslookup: read: Connection refused");
            }
            machine.say(";; connection timed out; no servers could be reached\n\n");
            return Ok(1);
        }
    };
    let mut text = format!("Server:\t\t{shown}\nAddress:\t{shown}:53\n\n");
    let mut code = 0;
    for ((name, _), Found { code: said, authoritative, records }) in questions.iter().zip(found) {
        if said != "NOERROR" {
            text.push_str(&format!("** server can't find {name}: {said}\n"));
            code = 1;
        } else {
            if !authoritative {
                text.push_str("Non-authoritative answer:\n");
            }
            records.iter().for_each(|record| text.push_str(&line(record)));
        }
        text.push('\n');
    }
    machine.say(&text);
    Ok(code)
}

/// A record as nslookup shows it.
fn line((name, _, kind, data): &(String, u32, &'static str, String)) -> String {
    let bare = data.trim_end_matches('.');
    match *kind {
        "A" => format!("Name:\t{name}\nAddress: {data}\n"),
        "CNAME" => format!("{name}\tcanonical name = {bare}\n"),
        "PTR" => format!("{name}\tname = {bare}\n"),
        "TXT" => format!("{name}\ttext = {data}\n"),
        "SRV" => format!("{name}\tservice = {data}\n"),
        _ => String::new(),
    }
}

/// BIND's nslookup: it walks the search list.
fn binds(machine: &mut Machine<'_>, name: &str, kind: Option<&'static str>, server: Option<String>) -> Done {
    let address = name.parse::<Ipv4Addr>().ok();
    if kind.is_some() || address.is_some() || server.is_some() {
        let question = (
            address.map_or_else(|| name.trim_end_matches('.').to_owned(), reverse),
            kind.unwrap_or(if address.is_some() { "PTR" } else { "A" }),
        );
        let shown = server.clone().unwrap_or_else(|| first_server(machine));
        let reply = machine.ask(What::Lookup { questions: vec![question.clone()], server })?;
        let Some(found) = reply.result.ok().and_then(|response| response.found.into_iter().next()) else {
            return unreachable_server(machine);
        };
        let records: String = found.records.iter().map(line).collect();
        let end = match (found.code, found.records.is_empty()) {
            ("NOERROR", false) => records,
            ("NOERROR", true) => format!("*** Can't find {}: No answer\n", question.0),
            (code, _) => format!("** server can't find {}: {code}\n", question.0),
        };
        machine.say(&format!("Server:\t\t{shown}\nAddress:\t{shown}#53\n\n{end}\n"));
        return Ok(i32::from(found.code != "NOERROR"));
    }
    let shown = first_server(machine);
    let reply = machine.ask(What::Resolve { name: name.to_owned() })?;
    let head = format!("Server:\t\t{shown}\nAddress:\t{shown}#53\n\n");
    match reply.result {
        Ok(Response { addresses, canonical, .. }) => {
            let lines: String = addresses.iter().map(|address| format!("Name:\t{canonical}\nAddress: {address}\n")).collect();
            machine.say(&format!("{head}{lines}\n"));
            Ok(0)
        }
        Err(Trouble::Name { code: Some(code), .. }) => {
            machine.say(&format!("{head}** server can't find {name}: {code}\n\n"));
            Ok(1)
        }
        Err(Trouble::Unknown(why)) => {
            machine.complain(&format!("nslookup: {why}"));
            Ok(1)
        }
        Err(_) => unreachable_server(machine),
    }
}

fn unreachable_server(machine: &mut Machine<'_>) -> Done {
    machine.say(";; connection timed out; no servers could be reached\n\n");
    Ok(1)
}

/// `getent hosts name`
pub(super) fn getent(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let [_, database, name, ..] = argv else { return Ok(1) };
    if !matches!(database.as_str(), "hosts" | "ahosts" | "ahostsv4") {
        return Ok(1);
    }
    let reply = machine.ask(What::Resolve { name: name.clone() })?;
    let Ok(Response { addresses, canonical, .. }) = reply.result else { return Ok(2) };
    let lines: String = match database.as_str() {
        "hosts" => addresses.iter().map(|address| format!("{:<15} {canonical}\n", address.to_string())).collect(),
        _ => {
            let kinds = ["STREAM", "DGRAM ", "RAW   "];
            let rows = addresses.iter().flat_map(|address| kinds.iter().map(move |kind| (address, kind)));
            let text = rows.enumerate().map(|(at, (address, kind))| {
                let name = if at == 0 { canonical.as_str() } else { "" };
                format!("{:<15} {kind} {name}\n", address.to_string())
            });
            text.collect()
        }
    };
    machine.say(&lines);
    Ok(0)
}

/// `host name`: walks the search list.
pub(super) fn host(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "t");
    let Some(name) = options.rest.first() else { return Ok(1) };
    let reply = machine.ask(What::Resolve { name: name.clone() })?;
    match reply.result {
        Ok(Response { addresses, canonical, .. }) => {
            let lines: String = addresses.iter().map(|address| format!("{canonical} has address {address}\n")).collect();
            machine.say(&lines);
            Ok(0)
        }
        Err(Trouble::Name { code: Some(code), .. }) => {
            machine.say(&format!("Host {name} not found: 3({code})\n"));
            Ok(1)
        }
        Err(_) => unreachable_server(machine),
    }
}

/// `dig +short @server name kind`: asks for the name as it is, unless `+search` says otherwise.
pub(super) fn dig(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let (mut name, mut kind, mut server, mut short, mut search) = (None, "A", None, false, false);
    let mut words = argv.iter().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "+short" => short = true,
            "+search" => search = true,
            "-x" => (name, kind) = (words.next().and_then(|address| address.parse().ok()).map(reverse), "PTR"),
            "-t" => kind = words.next().and_then(|word| KINDS.into_iter().find(|known| known.eq_ignore_ascii_case(word))).unwrap_or("A"),
            word if word.starts_with('+') || word.starts_with('-') || word == "IN" => {}
            word if word.starts_with('@') => server = Some(word[1..].to_owned()),
            word => match KINDS.into_iter().find(|known| known.eq_ignore_ascii_case(word)) {
                Some(known) => kind = known,
                None => name = Some(word.trim_end_matches('.').to_owned()),
            },
        }
    }
    let own = name.unwrap_or_default();
    let names = if search { configured(machine, "search").iter().map(|domain| format!("{own}.{domain}")).collect() } else { Vec::new() };
    let shown = server.clone().unwrap_or_else(|| first_server(machine));
    let names: Vec<String> = names.into_iter().chain([own]).collect();
    let questions = names.iter().map(|name| (name.clone(), kind)).collect();
    let reply = machine.ask(What::Lookup { questions, server })?;
    let Ok(response) = reply.result else {
        machine.say(&format!(";; communications error to {shown}#53: timed out\n;; no servers could be reached\n"));
        return Ok(9);
    };
    let mut found = names.into_iter().zip(response.found);
    let first = found.next();
    let rest: Vec<(String, Found)> = found.collect();
    let is_good = |(_, found): &&(String, Found)| !found.records.is_empty();
    let best = first.iter().chain(&rest).find(is_good).or(rest.last()).or(first.as_ref());
    let Some((name, Found { code, authoritative, records })) = best else { return Ok(9) };
    if short {
        let lines: String = records.iter().map(|(.., data)| format!("{data}\n")).collect();
        machine.say(&lines);
        return Ok(0);
    }
    let lines: String = records.iter().map(|(name, ttl, kind, data)| format!("{name}.\t{ttl}\tIN\t{kind}\t{data}\n")).collect();
    let answer = if lines.is_empty() { String::new() } else { format!(";; ANSWER SECTION:\n{lines}\n") };
    let flags = if *authoritative { "qr aa rd ra" } else { "qr rd ra" };
    let line = argv[1..].join(" ");
    machine.say(&format!(
        "\n; <<>> DiG 9.18.41 <<>> {line}\n;; global options: +cmd\n;; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: {code}, id: 51966\n\
         ;; flags: {flags}; QUERY: 1, ANSWER: {}, AUTHORITY: 0, ADDITIONAL: 1\n\n;; QUESTION SECTION:\n;{name}.\tIN\t{kind}\n\n{answer}\
         ;; Query time: {} msec\n;; SERVER: {shown}#53({shown}) (UDP)\n\n",
        records.len(),
        reply.takes.as_millis()
    ));
    Ok(0)
}
