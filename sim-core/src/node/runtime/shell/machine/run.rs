//! What each kind of command does: lists, pipelines, conditions, redirections, commands in the background.

use super::{BACKGROUND_MAX, Coming, DEPTH_MAX, Done, Job, Machine, Patience, Sink, Stop};
use crate::kernel::time::SimDuration;
use crate::node::runtime::shell::syntax::{Node, Part, Redirect, Word};
use crate::node::runtime::shell::{Stream, parse, pattern};
use std::sync::Arc;

impl Machine<'_> {
    /// Runs a command.
    ///
    /// # Errors
    /// What ends more than the command.
    pub fn run(&mut self, node: &Node) -> Done {
        let code = match node {
            Node::Simple { sets, words, redirects } => self.simple(sets, words, redirects)?,
            Node::List(list) => {
                let mut code = 0;
                for (node, background) in list {
                    code = if *background { self.background(node)? } else { self.run(node)? };
                }
                code
            }
            Node::Pipe(nodes) => {
                let code = self.pipe(nodes, None)?;
                self.checked(code)?
            }
            Node::Not(node) => i32::from(self.guard(node)? == 0),
            Node::And(a, b) => match self.guard(a)? {
                0 => self.run(b)?,
                code => code,
            },
            Node::Or(a, b) => match self.guard(a)? {
                0 => 0,
                _ => self.run(b)?,
            },
            Node::If(arms, rest) => self.choose(arms, rest.as_deref())?,
            Node::Loop { until, condition, body } => self.repeat(*until, condition, body)?,
            Node::For(name, words, body) => {
                let items = match words {
                    Some(words) => self.arguments(words)?,
                    None => self.shell.arguments.clone(),
                };
                self.clock_decides |= std::mem::take(&mut self.asked_clock);
                self.each(name, &items, body)?
            }
            Node::Count(parts, body) => self.count(parts, body)?,
            Node::Case(subject, arms) => self.case(subject, arms)?,
            Node::Subshell(node) => {
                let code = self.in_subshell(node)?;
                self.checked(code)?
            }
            Node::Function(name, body) => {
                self.shell.functions.insert(name.clone(), Arc::new((**body).clone()));
                self.shell.version += 1;
                0
            }
            Node::Arithmetic(word) => {
                let expression = self.text(word)?;
                i32::from(self.calculated(&expression)? == 0)
            }
            Node::Redirected(node, redirects) => {
                let (sinks, input) = (self.sinks.clone(), self.input.clone());
                let done = if self.redirect(redirects)? { self.run(node) } else { Ok(1) };
                (self.sinks, self.input) = (sinks, input);
                done?
            }
        };
        self.shell.last = code;
        Ok(code)
    }

    /// Runs the commands that a shell was given with `-c`: the last one takes the shell's place, so that signals reach it.
    pub fn run_last(&mut self, node: &Node) -> Done {
        match node {
            Node::List(list) => {
                let Some(((last, false), before)) = list.split_last() else { return self.run(node) };
                for (node, background) in before {
                    if *background {
                        self.background(node)?
                    } else {
                        self.run(node)?
                    };
                }
                self.run_last(last)
            }
            Node::And(a, b) => match self.guard(a)? {
                0 => self.run_last(b),
                code => Ok(code),
            },
            Node::Simple { .. } => {
                self.replaces = self.shell.traps.is_empty();
                self.run(node)
            }
            node => self.run(node),
        }
    }

    /// Runs a command whose failure ends nothing.
    fn guard(&mut self, node: &Node) -> Done {
        self.guarded += 1;
        let done = self.run(node);
        self.guarded -= 1;
        done
    }

    /// `set -e`: a failure ends the shell.
    fn checked(&mut self, code: i32) -> Done {
        if code != 0 && self.shell.errexit && self.guarded == 0 { Err(Stop::Exit(code)) } else { Ok(code) }
    }

    fn choose(&mut self, arms: &[(Node, Node)], rest: Option<&Node>) -> Done {
        for (condition, then) in arms {
            if self.guard(condition)? == 0 {
                return self.run(then);
            }
        }
        rest.map_or(Ok(0), |node| self.run(node))
    }

    fn case(&mut self, subject: &Word, arms: &[(Vec<Word>, Node)]) -> Done {
        let text = self.text(subject)?;
        self.clock_decides |= std::mem::take(&mut self.asked_clock);
        for (patterns, node) in arms {
            for word in patterns {
                let pattern = self.pattern(word)?;
                if pattern::matches(&pattern, &text) {
                    return self.run(node);
                }
            }
        }
        Ok(0)
    }

    /// One round of a loop; `None`: the loop ends.
    pub fn round(&mut self, body: &Node) -> Result<Option<i32>, Stop> {
        match self.run(body) {
            Ok(code) => Ok(Some(code)),
            Err(Stop::Break(0 | 1)) => Ok(None),
            Err(Stop::Break(n)) => Err(Stop::Break(n - 1)),
            Err(Stop::Continue(0 | 1)) => Ok(Some(0)),
            Err(Stop::Continue(n)) => Err(Stop::Continue(n - 1)),
            Err(stop) => Err(stop),
        }
    }

    fn each(&mut self, name: &str, items: &[String], body: &Node) -> Done {
        let mut code = 0;
        for item in items {
            self.set(name, item);
            match self.round(body)? {
                Some(last) => code = last,
                None => break,
            }
        }
        Ok(code)
    }

    fn count(&mut self, parts: &[Word; 3], body: &Node) -> Done {
        let [begin, condition, step] = parts;
        let text = self.text(begin)?;
        self.calculated(&text)?;
        let mut code = 0;
        loop {
            self.step()?;
            let text = self.text(condition)?;
            if !text.trim().is_empty() && self.calculated(&text)? == 0 {
                return Ok(code);
            }
            match self.round(body)? {
                Some(last) => code = last,
                None => return Ok(code),
            }
            let text = self.text(step)?;
            self.calculated(&text)?;
        }
    }

    /// Whether a condition holds.
    pub fn holds(&mut self, condition: &Node) -> Result<bool, Stop> {
        Ok(self.guard(condition)? == 0)
    }

    /// Runs commands in a shell of their own: what they set is forgotten, and `exit` ends only them.
    pub fn in_subshell(&mut self, node: &Node) -> Done {
        let shell = self.shell.clone();
        let done = self.run(node);
        self.shell = shell;
        match done {
            Err(Stop::Exit(code) | Stop::Return(code)) => Ok(code),
            Err(Stop::Break(_) | Stop::Continue(_)) => Ok(0),
            done => done,
        }
    }

    /// Commands that read what the one before prints. What is printed over time is read over time.
    fn pipe(&mut self, nodes: &[Node], pieces: Option<Vec<(SimDuration, String)>>) -> Done {
        let Some((first, rest)) = nodes.split_first() else { return Ok(0) };
        let Some(pieces) = pieces else {
            let (done, printed) = self.captured(|machine| machine.in_subshell(first));
            return self.piped(done, rest, printed);
        };
        let before = self.input.take();
        let clock = self.clock;
        let over_time = pieces.len() > 1 && pieces.first().map(|(at, _)| *at) != pieces.last().map(|(at, _)| *at) && is_filter(first);
        let run = |machine: &mut Self| -> Done {
            if !over_time {
                let text: String = pieces.iter().map(|(_, text)| text.as_str()).collect();
                machine.input = Some((text.into(), 0));
                return machine.in_subshell(first);
            }
            let mut code = Ok(0);
            for (at, text) in &pieces {
                machine.clock = *at;
                machine.input = Some((text.as_str().into(), 0));
                code = machine.in_subshell(first);
                machine.continued = true;
                if code.is_err() {
                    break;
                }
            }
            machine.continued = false;
            machine.clock = clock;
            code
        };
        let done = if rest.is_empty() {
            run(self)
        } else {
            let (done, printed) = self.captured(run);
            self.piped(done, rest, printed)
        };
        self.input = before;
        done
    }

    fn piped(&mut self, done: Done, rest: &[Node], printed: Vec<(SimDuration, String)>) -> Done {
        match done {
            Ok(code) => {
                let last = self.pipe(rest, Some(printed))?;
                Ok(if self.shell.pipefail && last == 0 { code } else { last })
            }
            Err(stop) => {
                // It never ends, and those after it never see its end; what it printed so far they have read.
                if rest.iter().all(is_filter) {
                    self.pipe(rest, Some(printed))?;
                }
                Err(stop)
            }
        }
    }

    /// Starts a command in the background. It is played to its end at once, and what it does comes when its time has come.
    fn background(&mut self, node: &Node) -> Done {
        let mut child = self.clone();
        child.is_child = true;
        // Without a bound on the whole, what a command in the background does is played for an hour only.
        if self.limit == SimDuration::MAX {
            child.limit = self.clock + BACKGROUND_MAX;
        }
        child.patience = Patience::Command;
        child.input = None;
        child.disk.journal = Some(Vec::new());
        child.lines.clear();
        child.shell.traps.clear();
        let done = child.in_subshell(node);
        let end = done.ok().map(|code| (child.clock, code));
        let pid = 7 + self.jobs.len() as u32;
        let changes = child.disk.journal.unwrap_or_default().into_iter().map(|(at, path, change)| (at, pid, Coming::Change(path, change)));
        let lines = child.lines.into_iter().map(|line| (line.at, pid, Coming::Line(line)));
        let mut coming: Vec<_> = self.coming.drain(..).chain(changes).chain(lines).collect();
        coming.sort_by_key(|(at, ..)| *at);
        self.coming = coming.into();
        self.memory.extend(child.memory.into_iter().skip(self.memory.len()).collect::<Vec<_>>());
        self.milli_cpu.extend(child.milli_cpu.into_iter().skip(self.milli_cpu.len()).collect::<Vec<_>>());
        if done == Err(Stop::Busy) {
            self.milli_cpu.push((self.clock, 1_000));
        }
        self.jobs.push(Job { pid, end });
        self.shell.version += 1;
        self.pass(self.clock);
        Ok(0)
    }

    /// Ends a command in the background: what it would have done from now on doesn't happen.
    pub fn end_job(&mut self, pid: u32, code: i32) -> bool {
        let clock = self.clock;
        let Some(job) = self.jobs.iter_mut().find(|job| job.pid == pid) else { return false };
        if job.end.is_none_or(|(at, _)| at > clock) {
            job.end = Some((clock, code));
            self.coming.retain(|(at, of, _)| *of != pid || *at <= clock);
        }
        true
    }

    /// After a command: a trap whose signal came meanwhile.
    fn run_trap(&mut self) -> Result<(), Stop> {
        if std::mem::take(&mut self.trapped)
            && let Some(action) = self.shell.traps.get("TERM").cloned()
        {
            self.evaluate(&action)?;
        }
        Ok(())
    }

    /// Runs a text as commands.
    ///
    /// # Errors
    /// What ends more than the text.
    pub fn evaluate(&mut self, text: &str) -> Done {
        match parse::parse(text) {
            Ok(node) => self.run(&node),
            Err(unexpected) => {
                self.complain_syntax(unexpected.as_deref());
                Err(Stop::Exit(2))
            }
        }
    }

    fn simple(&mut self, sets: &[(String, Word)], words: &[Word], redirects: &[Redirect]) -> Done {
        self.step()?;
        let replaces = std::mem::take(&mut self.replaces);
        let argv = self.arguments(words)?;
        let asked = std::mem::take(&mut self.asked_clock);
        self.clock_decides |= asked && argv.first().is_some_and(|name| !matches!(name.as_str(), "echo" | "printf" | "date"));
        if argv.is_empty() {
            for (name, word) in sets {
                let value = self.text(word)?;
                self.set(name, &value);
            }
            self.asked_clock = false;
            let substitutes = sets.iter().flat_map(|(_, word)| word).any(|part| matches!(part, Part::Command { .. }));
            let code = if substitutes { self.shell.last } else { 0 };
            let (sinks, input) = (self.sinks.clone(), self.input.clone());
            let opened = self.redirect(redirects)?;
            (self.sinks, self.input) = (sinks, input);
            return self.checked(if opened { code } else { 1 });
        }
        if self.shell.xtrace {
            self.complain(&format!("+ {}", argv.join(" ")));
        }
        let mut before = Vec::new();
        for (name, word) in sets {
            let value = self.text(word)?;
            before.push((name.clone(), self.shell.variables.insert(name.clone(), (value, true))));
        }
        let (sinks, input, patience) = (self.sinks.clone(), self.input.clone(), self.patience);
        let done = if self.redirect(redirects)? {
            self.patience = if replaces { patience } else { Patience::Shell };
            self.command(&argv)
        } else {
            Ok(1)
        };
        self.patience = patience;
        self.asked_clock = false;
        let keeps = argv.len() == 1 && argv[0] == "exec" && done.is_ok();
        if !keeps {
            self.sinks = sinks;
            self.input = match (input, self.input.take()) {
                // A command that reads its shell's input leaves less of it.
                (Some((text, at)), Some((read, to))) if Arc::ptr_eq(&text, &read) => Some((text, at.max(to))),
                (input, _) => input,
            };
        }
        for (name, value) in before.into_iter().rev() {
            match value {
                Some(value) => self.shell.variables.insert(name, value),
                None => self.shell.variables.remove(&name),
            };
        }
        let code = done?;
        self.run_trap()?;
        self.checked(code)
    }

    /// A function's body with arguments of its own.
    pub fn call(&mut self, body: &Node, arguments: &[String]) -> Done {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Stop::Exit(139));
        }
        let before = std::mem::replace(&mut self.shell.arguments, arguments.to_vec());
        let done = self.run(body);
        self.shell.arguments = before;
        self.depth -= 1;
        match done {
            Err(Stop::Return(code)) => Ok(code),
            done => done,
        }
    }

    /// Opens what redirections name; false if one can't be opened, which was said then.
    pub fn redirect(&mut self, redirects: &[Redirect]) -> Result<bool, Stop> {
        for redirect in redirects {
            match redirect {
                Redirect::Duplicate(fd, to) => {
                    if let (Some(sink), true) = (self.sinks.get(usize::from(*to).wrapping_sub(1)).cloned(), (1..=2).contains(fd)) {
                        self.sinks[usize::from(*fd) - 1] = sink;
                    }
                }
                Redirect::Here(word) => {
                    let text = self.text(word)?;
                    self.input = Some((text.into(), 0));
                }
                Redirect::Read(word) => {
                    let name = self.text(word)?;
                    let path = self.path(&name);
                    let text = if path == "/dev/null" { Some("") } else { self.disk.read(&path) };
                    match text {
                        Some(text) => self.input = Some((text.into(), 0)),
                        None => {
                            self.cant_open(&name, false, "No such file or directory");
                            return Ok(false);
                        }
                    }
                }
                Redirect::Write(fd, word) | Redirect::Append(fd, word) => {
                    let name = self.text(word)?;
                    let path = self.path(&name);
                    if !(1..=2).contains(fd) {
                        continue;
                    }
                    let sink = match path.as_str() {
                        "/dev/null" => Sink::Null,
                        "/dev/stdout" | "/proc/1/fd/1" => Sink::Log(Stream::Out),
                        "/dev/stderr" | "/proc/1/fd/2" | "/dev/termination-log-err" => Sink::Log(Stream::Err),
                        _ => {
                            if let Some(why) = self.write_refused(&path) {
                                self.cant_open(&name, true, why);
                                return Ok(false);
                            }
                            let mode = self.disk.stat(&path).map_or(0o644, |(_, mode)| mode);
                            if matches!(redirect, Redirect::Write(..)) || self.disk.stat(&path).is_none() {
                                self.disk.put(self.clock, &path, "", 0, mode);
                            }
                            Sink::File(path)
                        }
                    };
                    self.sinks[usize::from(*fd) - 1] = sink;
                }
            }
        }
        Ok(true)
    }
}

/// Commands that pass on what they read, line by line.
fn is_filter(node: &Node) -> bool {
    let name = |words: &[Word]| match words.first().map(Vec::as_slice) {
        Some([Part::Text { text, .. }]) => text.clone(),
        _ => String::new(),
    };
    match node {
        Node::Simple { words, .. } => matches!(name(words).as_str(), "cat" | "tee" | "grep" | "sed" | "tr" | "cut" | "awk" | "xargs"),
        Node::Loop { condition, .. } => match &**condition {
            Node::List(list) => list.first().is_some_and(|(node, _)| matches!(node, Node::Simple { words, .. } if name(words) == "read")),
            _ => false,
        },
        _ => false,
    }
}
