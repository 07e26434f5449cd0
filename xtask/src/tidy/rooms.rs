//! Who may use whom: the `crate::…` paths of sim-core, held against the table in ARCHITECTURE.md.
//!
//! A room is a folder or file directly in `sim-core/src`. A row `controllers/*` makes each child of a room a room of its own: it may use
//! what its row lists and never its siblings. A room may use itself and its children. Tests may use everything.

use super::source::{before_tests, code};
use super::{Finding, Tree};
use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = "ARCHITECTURE.md";
const HEADING: &str = "## Who may use whom";
const MODEL: &str = "sim-core/src/";

/// The table: each room, the line of its row, and what it may use.
type Table = BTreeMap<String, (usize, BTreeSet<String>)>;

/// The rule.
pub(super) fn keep_to_the_table(tree: &Tree, findings: &mut Vec<Finding>) {
    let modules = modules(tree);
    let Some(table) = table(tree) else {
        if !modules.is_empty() {
            findings.push(Finding::new(PAGE, 0, format!("has no table `| room | may use |` under `{HEADING}`")));
        }
        return;
    };
    check_table(&table, &modules, findings);
    for (path, text) in tree.below(MODEL, ".rs").filter(|(path, _)| *path != "sim-core/src/lib.rs") {
        let own = module_of(path);
        let room = room_of(&own, &table, &modules);
        let untested = code(before_tests(path, text));
        for (line, used) in paths_in(&untested, &own) {
            let Some(first) = used.first() else { continue };
            if !modules.contains(first) {
                findings.push(Finding::new(path, line, format!("crate::{first} is no room: name the room that it comes from")));
                continue;
            }
            let target = room_of(&used, &table, &modules);
            if !may_use(&room, &target, &table) {
                findings.push(Finding::new(path, line, format!("{room} may not use {target} ({PAGE})")));
            }
        }
    }
}

/// Every room and every child of a room that has a file or folder: `controllers`, `controllers/deployment`.
fn modules(tree: &Tree) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for (path, _) in tree.below(MODEL, ".rs") {
        let module = module_of(path);
        modules.extend((1..=module.len().min(2)).map(|depth| module[..depth].join("/")));
    }
    modules
}

/// The module that a file of sim-core holds, from the crate's root: `["controllers", "deployment", "rolling"]`.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.trim_start_matches(MODEL).trim_end_matches(".rs");
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    inside.split('/').filter(|part| *part != "lib").map(str::to_owned).collect()
}

/// The room of the table that a path of modules belongs to.
fn room_of(module: &[String], table: &Table, modules: &BTreeSet<String>) -> String {
    let child = module[..module.len().min(2)].join("/");
    let split = table.contains_key(&child) || table.contains_key(&format!("{}/*", module[0]));
    if split && modules.contains(&child) { child } else { module[0].clone() }
}

fn may_use(room: &str, target: &str, table: &Table) -> bool {
    let parent = |name: &str| name.split_once('/').map(|(parent, _)| parent.to_owned());
    if room == target || parent(target).as_deref() == Some(room) {
        return true;
    }
    let row = table.get(room).or_else(|| table.get(&format!("{}/*", parent(room)?)));
    let Some((_, allowed)) = row else { return false };
    let siblings = parent(room).is_some() && parent(room) == parent(target);
    allowed.contains(target) || (!siblings && parent(target).is_some_and(|parent| allowed.contains(&parent)))
}

fn table(tree: &Tree) -> Option<Table> {
    let page = tree.text.get(PAGE)?;
    let section = page.lines().enumerate().skip_while(|(_, line)| line.trim_end() != HEADING).skip(1);
    let mut table = Table::new();
    for (number, line) in section.take_while(|(_, line)| !line.starts_with("## ")) {
        let Some(row) = line.trim().strip_prefix('|') else { continue };
        let cells: Vec<_> = row.split('|').map(|cell| cell.replace('`', "").trim().to_owned()).collect();
        if cells.len() < 2 || cells[0] == "room" || cells[0].starts_with("--") {
            continue;
        }
        let allowed = cells[1].split(',').map(|name| name.trim().to_owned()).filter(|name| !["", "—", "-", "nothing"].contains(&&**name));
        table.insert(cells[0].clone(), (number + 1, allowed.collect()));
    }
    (!table.is_empty()).then_some(table)
}

/// The table itself: a row for every room, no row for none, no unknown names, no circle.
fn check_table(table: &Table, modules: &BTreeSet<String>, findings: &mut Vec<Finding>) {
    let exists = |name: &str| modules.contains(name.trim_end_matches("/*"));
    for (room, (line, allowed)) in table {
        for name in [room].into_iter().chain(allowed).filter(|name| !exists(name)) {
            findings.push(Finding::new(PAGE, *line, format!("sim-core has no room `{name}`")));
        }
        if reaches(table, room, room) {
            findings.push(Finding::new(PAGE, *line, format!("`{room}` may use itself by way of others")));
        }
    }
    for module in modules.iter().filter(|module| !module.contains('/') && !table.contains_key(*module)) {
        findings.push(Finding::new(PAGE, 0, format!("has no row for sim-core's room `{module}`")));
    }
}

/// Whether `from` may use `to` in one or more steps.
fn reaches(table: &Table, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some((_, allowed)) = open.pop().and_then(|room| table.get(room)) {
        for next in allowed {
            if next == to {
                return true;
            }
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    false
}

/// Every path in `code` that starts at the crate's root or climbs with `super`, as modules from the root, with its line.
fn paths_in(code: &str, own: &[String]) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let before = &code[..at];
            if before.ends_with(|c: char| c.is_alphanumeric() || c == '_') || before.ends_with("super::") || before.ends_with("pub(in ") {
                continue;
            }
            let line = before.matches('\n').count() + 1;
            let mut rest = &code[at..];
            let mut base = own.to_vec();
            if start == "crate::" {
                base.clear();
                rest = &rest[start.len()..];
            }
            while let Some(after) = rest.strip_prefix("super::") {
                base.pop();
                rest = after;
            }
            use_tree(rest, &base, &mut |path| found.push((line, path)));
        }
    }
    found
}

/// Reads the path or `{…}` group that `rest` starts with, and hands each path on, at most two modules deep. Returns what follows.
fn use_tree<'a>(rest: &'a str, base: &[String], on: &mut impl FnMut(Vec<String>)) -> &'a str {
    let rest = rest.trim_start();
    if let Some(mut group) = rest.strip_prefix('{') {
        loop {
            group = use_tree(group, base, on).trim_start();
            match group.chars().next() {
                Some('}') => return &group[1..],
                Some(other) => group = &group[other.len_utf8()..],
                None => return group,
            }
        }
    }
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    let mut path = base.to_vec();
    if !name.is_empty() && name != "self" {
        path.push(name.to_owned());
    }
    match after.strip_prefix("::") {
        Some(deeper) if path.len() < 2 || deeper.starts_with('{') => use_tree(deeper, &path, on),
        _ => {
            on(path);
            // The rest of a path in a group, or `as NAME`: skipped up to what separates it from the next.
            after.trim_start_matches(|c: char| c.is_alphanumeric() || "_: *".contains(c))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    const HEAD: &str = "# Architecture\n\n## Who may use whom\n\n| room | may use |\n|---|---|\n";

    /// Holds one file, among a small model's others, against a table.
    #[track_caller]
    fn check_file(path: &str, text: &str, expected: &[&str]) {
        let table = format!(
            "{HEAD}| `kernel` | — |\n| `api` | kernel |\n| `controllers` | api |\n| `controllers/*` | api, controllers |\n| `cluster` | controllers, api, kernel |\n\n## Next\n"
        );
        let mut files = vec![
            ("ARCHITECTURE.md", &*table),
            ("sim-core/src/lib.rs", "use crate::anything;\n"),
            ("sim-core/src/kernel/mod.rs", ""),
            ("sim-core/src/api/mod.rs", ""),
            ("sim-core/src/controllers/mod.rs", ""),
            ("sim-core/src/controllers/deployment/mod.rs", ""),
            ("sim-core/src/controllers/replica_set.rs", ""),
            ("sim-core/src/cluster.rs", ""),
        ];
        files.retain(|(other, _)| *other != path);
        files.push((path, text));
        check(keep_to_the_table, &files, expected);
    }

    #[test]
    fn a_room_uses_what_its_row_lists() {
        check_file("sim-core/src/api/mod.rs", "use crate::kernel::time::SimTime;\nuse crate::api::x;\n", &[]);
        check_file(
            "sim-core/src/kernel/mod.rs",
            "//! K.\nuse crate::api::Pod;\n",
            &["sim-core/src/kernel/mod.rs:2: kernel may not use api"],
        );
        check_file(
            "sim-core/src/kernel/queue.rs",
            "fn a(b: &crate::api::Pod) {}\n",
            &["sim-core/src/kernel/queue.rs:1: kernel may not use api"],
        );
        check_file("sim-core/src/api/mod.rs", "// use crate::cluster::X;\nlet a = \"crate::cluster\";\n", &[]);
        check_file("sim-core/src/api/mod.rs", "#[cfg(test)]\nmod tests {\n    use crate::cluster::X;\n}\n", &[]);
        check_file("sim-core/src/cluster.rs", "use crate::controllers::deployment::sync;\n", &[]);
    }

    #[test]
    fn groups_and_supers_are_followed() {
        let group = "use crate::{\n    kernel::{self, time::SimTime as Time},\n    cluster::*,\n};\n";
        check_file("sim-core/src/api/mod.rs", group, &["sim-core/src/api/mod.rs:1: api may not use cluster"]);
        check_file(
            "sim-core/src/api/pod.rs",
            "use super::super::cluster;\nuse super::meta;\n",
            &["sim-core/src/api/pod.rs:1: api may not use cluster"],
        );
        check_file("sim-core/src/api/pod.rs", "pub(crate) fn a() {}\npub(super) fn b() {}\n", &[]);
    }

    #[test]
    fn siblings_never_use_one_another() {
        let deployment = "sim-core/src/controllers/deployment/rolling.rs";
        check_file(deployment, "use crate::controllers::Controller;\nuse super::sync;\nuse crate::controllers::deployment::x;\n", &[]);
        let message = "sim-core/src/controllers/deployment/rolling.rs:1: controllers/deployment may not use controllers/replica_set";
        check_file(deployment, "use crate::controllers::replica_set::rank;\n", &[message]);
        check_file(deployment, "use super::super::replica_set::rank;\n", &[message]);
        check_file(deployment, "use crate::controllers::{replica_set::rank, Controller};\n", &[message]);
        check_file(
            deployment,
            "use crate::kernel::time;\n",
            &["sim-core/src/controllers/deployment/rolling.rs:1: controllers/deployment may not use kernel"],
        );
        check_file("sim-core/src/controllers/mod.rs", "use self::deployment::a;\nuse crate::controllers::deployment::b;\n", &[]);
    }

    #[test]
    fn a_reexport_is_no_way_around() {
        check_file("sim-core/src/kernel/mod.rs", "use crate::Cluster;\n", &["sim-core/src/kernel/mod.rs:1: crate::Cluster is no room"]);
    }

    #[test]
    fn the_table_is_complete_and_has_no_circle() {
        let kernel = ("sim-core/src/kernel/mod.rs", "");
        let api = ("sim-core/src/api.rs", "");
        let page = |rows: &str| format!("{HEAD}{rows}");
        check(keep_to_the_table, &[kernel], &["ARCHITECTURE.md: has no table"]);
        check(
            keep_to_the_table,
            &[kernel, api, ("ARCHITECTURE.md", &page("| kernel | |\n"))],
            &["ARCHITECTURE.md: has no row for sim-core's room `api`"],
        );
        check(
            keep_to_the_table,
            &[kernel, ("ARCHITECTURE.md", &page("| kernel | nothing |\n| api | kernel |\n"))],
            &["ARCHITECTURE.md:8: sim-core has no room `api`"],
        );
        let circle = page("| kernel | api |\n| api | kernel |\n");
        check(
            keep_to_the_table,
            &[kernel, api, ("ARCHITECTURE.md", &circle)],
            &["ARCHITECTURE.md:7: `kernel` may use itself", "ARCHITECTURE.md:8: `api` may use itself"],
        );
    }
}
