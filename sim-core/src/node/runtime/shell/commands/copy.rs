//! `cp`, `mv`, `ln`.

use super::Options;
use super::files::may_write;
use crate::node::runtime::shell::machine::{Done, Machine};

/// What is copied where: pairs of absolute paths.
fn pairs(machine: &mut Machine<'_>, tool: &str, options: &Options) -> Result<Vec<(String, String)>, i32> {
    let Some((target, sources)) = options.rest.split_last().filter(|(_, sources)| !sources.is_empty()) else {
        machine.complain(&format!("{tool}: missing file operand"));
        return Err(1);
    };
    let to = machine.path(target);
    let into = machine.disk.stat(&to).is_none() && machine.disk.is_directory(&to);
    let mut pairs = Vec::new();
    for name in sources {
        let from = machine.path(name);
        let last = from.rsplit('/').next().unwrap_or_default();
        let to = if into { format!("{}/{last}", to.trim_end_matches('/')) } else { to.clone() };
        if machine.disk.stat(&from).is_some() {
            pairs.push((from, to));
        } else if machine.disk.is_directory(&from) {
            let recursive = tool == "mv" || ["r", "R", "a"].iter().any(|flag| options.on(flag));
            if !recursive {
                machine.complain(&format!("{tool}: omitting directory '{name}'"));
                return Err(1);
            }
            // `cp -r dir/. target` copies what is inside.
            let to = if name.ends_with("/.") { to.rsplit_once('/').map_or(to.clone(), |(up, _)| up.to_owned()) } else { to };
            let below: Vec<String> = machine.disk.paths_below(&from).map(str::to_owned).collect();
            pairs.extend(below.into_iter().map(|path| (path.clone(), format!("{to}{}", &path[from.len()..]))));
            let clock = machine.clock;
            if !machine.disk.is_directory(&to) {
                machine.disk.make_directory(clock, &to);
            }
        } else {
            machine.cant(tool, name, "No such file or directory");
            return Err(1);
        }
    }
    Ok(pairs)
}

/// `cp -r from to`; `ln -s` copies too, as links aren't kept.
pub(super) fn cp(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "");
    let pairs = match pairs(machine, &argv[0], &options) {
        Ok(pairs) => pairs,
        Err(code) => return Ok(code),
    };
    for (from, to) in pairs {
        let Some((size, mode)) = machine.disk.stat(&from) else { continue };
        let data = machine.disk.read(&from).unwrap_or_default().to_owned();
        // Directories of a copied tree come with their files.
        let parent = crate::node::runtime::shell::overlay::parent(&to).to_owned();
        let clock = machine.clock;
        if options.rest.len() > 1 && !machine.disk.is_directory(&parent) && ["r", "R", "a"].iter().any(|flag| options.on(flag)) {
            machine.disk.make_directory(clock, &parent);
        }
        if !may_write(machine, &argv[0], &to) {
            return Ok(1);
        }
        machine.disk.put(clock, &to, &data, size, mode);
    }
    Ok(0)
}

/// `mv from to`
pub(super) fn mv(machine: &mut Machine<'_>, argv: &[String]) -> Done {
    let options = Options::of(argv, "");
    let pairs = match pairs(machine, "mv", &options) {
        Ok(pairs) => pairs,
        Err(code) => return Ok(code),
    };
    for (from, to) in pairs {
        let Some((size, mode)) = machine.disk.stat(&from) else { continue };
        if !may_write(machine, "mv", &to) || !may_write(machine, "mv", &from) {
            return Ok(1);
        }
        let data = machine.disk.read(&from).unwrap_or_default().to_owned();
        let clock = machine.clock;
        machine.disk.put(clock, &to, &data, size, mode);
        machine.disk.remove(clock, &from);
    }
    Ok(0)
}
