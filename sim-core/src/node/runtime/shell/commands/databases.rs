//! Clients of databases, as far as scripts use them to wait for one: whether it takes connections.

use super::Options;
use crate::node::runtime::shell::machine::{Done, Machine};
use crate::node::runtime::shell::network::{Trouble, What};

/// `pg_isready -h db -p 5432`
pub(super) fn pg_isready(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "hpUdt");
    let host = value(&options, "h", "host").unwrap_or("localhost").to_owned();
    let port = number(&options, "p", "port", 5432);
    let reply = machine.ask(What::Connect { host: host.clone(), port, udp: false })?;
    let (said, code) = match reply.result {
        Ok(_) => ("accepting connections", 0),
        Err(_) => ("no response", 2),
    };
    if !options.on("q") {
        machine.say(&format!("{host}:{port} - {said}\n"));
    }
    Ok(code)
}

/// `redis-cli -h redis ping`
pub(super) fn redis_cli(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "hpan");
    let host = value(&options, "h", "host").unwrap_or("127.0.0.1").to_owned();
    let port = number(&options, "p", "port", 6379);
    let reply = machine.ask(What::Connect { host: host.clone(), port, udp: false })?;
    match reply.result {
        Ok(_) => {
            let words: Vec<&str> = options.rest.iter().map(String::as_str).collect();
            let answer = match words.as_slice() {
                [word] if word.eq_ignore_ascii_case("ping") => "PONG",
                [word, text] if word.eq_ignore_ascii_case("ping") || word.eq_ignore_ascii_case("echo") => text,
                _ => "OK",
            };
            machine.say(&format!("{answer}\n"));
            Ok(0)
        }
        Err(trouble) => {
            machine.complain(&format!("Could not connect to Redis at {host}:{port}: {trouble}"));
            Ok(1)
        }
    }
}

/// `mysqladmin ping -h db`
pub(super) fn mysqladmin(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "hPu");
    let host = value(&options, "h", "host").unwrap_or("localhost").to_owned();
    let port = number(&options, "P", "port", 3306);
    let reply = machine.ask(What::Connect { host: host.clone(), port, udp: false })?;
    match reply.result {
        Ok(_) => {
            machine.say("mysqld is alive\n");
            Ok(0)
        }
        Err(trouble) => {
            let why = match trouble {
                Trouble::Name { .. } => format!("Unknown MySQL server host '{host}' (-2)"),
                Trouble::Refused => format!("Can't connect to MySQL server on '{host}:{port}' (111)"),
                Trouble::TimedOut => format!("Can't connect to MySQL server on '{host}:{port}' (110)"),
                trouble => format!("Can't connect to MySQL server on '{host}:{port}' ({trouble})"),
            };
            machine.complain(&format!("mysqladmin: connect to server at '{host}' failed\nerror: '{why}'"));
            Ok(1)
        }
    }
}

fn value<'o>(options: &'o Options, short: &str, long: &str) -> Option<&'o str> {
    options.get(short).or(options.get(long)).filter(|text| !text.is_empty())
}

fn number(options: &Options, short: &str, long: &str, otherwise: u16) -> u16 {
    value(options, short, long).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
