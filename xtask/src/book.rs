//! The documentation site: docs/book by mdBook, with the playground live in its pages.
//!
//! Two directives of ours, each alone on a line, are put in place before mdBook renders a chapter:
//!
//! - `{{#page ARCHITECTURE.md}}`: a document of the repository, whole; `{{#page README.md#some-heading}}`: the part below that heading.
//! - `{{#play scenarios/canary.yaml at=10s views=ownership,terminal height=480 run="kubectl get pods"}}`: the playground with a scenario at a
//!   moment. Without a scenario: an empty cluster. `run` types a line into its terminal.
//!
//! Links between the repository's documents become links between chapters, and links to scenarios open in the playground.

use crate::command::{Outcome, root};
use mdbook_driver::MDBook;
use mdbook_driver::book::{Book, BookItem, Chapter};
use mdbook_driver::config::Config;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};
use sim_core::kernel::time::{SimDuration, SimTime};
use sim_core::scenario::Scenario;
use sim_view::frame::session::{Link, TypedLine};
use sim_view::link;
use std::fmt::Write;
use std::path::{Component, Path, PathBuf};

/// The documents of the repository that are chapters, and where.
const CHAPTERS: [(&str, &str); 6] = [
    ("README.md", "index.md"),
    ("ARCHITECTURE.md", "architecture.md"),
    ("docs/FIDELITY.md", "fidelity.md"),
    ("docs/STYLE.md", "style.md"),
    ("scenarios/README.md", "scenarios.md"),
    ("scenarios/lessons/README.md", "lessons.md"),
];

/// Renders the book into `folder`. The playground is expected in the folder above it.
///
/// # Errors
/// A directive says something that can't be done, or mdBook fails.
pub(crate) fn build(folder: &Path) -> Outcome {
    let source = root().join("docs/book");
    let mut config = Config::from_disk(source.join("book.toml"))?;
    config.build.build_dir = folder.to_owned();
    let mut book = MDBook::load_with_config(source, config)?;
    book.with_preprocessor(Directives);
    Ok(book.build()?)
}

struct Directives;

impl Preprocessor for Directives {
    fn name(&self) -> &'static str {
        "podarium"
    }

    fn run(&self, _: &PreprocessorContext, mut book: Book) -> mdbook_driver::errors::Result<Book> {
        let mut problems = Vec::new();
        book.for_each_mut(|item| {
            if let BookItem::Chapter(chapter) = item
                && let Err(problem) = put_in_place(chapter)
            {
                problems.push(format!("docs/book/src/{}: {problem}", chapter.path.clone().unwrap_or_default().display()));
            }
        });
        if problems.is_empty() { Ok(book) } else { Err(std::io::Error::other(problems.join("\n")).into()) }
    }
}

fn put_in_place(chapter: &mut Chapter) -> Outcome {
    let mut text = String::new();
    for line in chapter.content.lines() {
        let directive = line.strip_prefix("{{#").and_then(|rest| rest.strip_suffix("}}"));
        match directive.and_then(|directive| directive.split_once(' ')) {
            Some(("page", what)) => text.push_str(&page(what)?),
            Some(("play", what)) => text.push_str(&play(what)?),
            _ => {
                text.push_str(&with_links(line, Path::new("docs/book/src"))?);
                text.push('\n');
            }
        }
    }
    chapter.content = text;
    Ok(())
}

/// A document of the repository, or what stands below one of its headings.
fn page(what: &str) -> Outcome<String> {
    let (path, heading) = what.split_once('#').map_or((what, None), |(path, heading)| (path, Some(heading)));
    let whole = std::fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))?;
    let lines = whole.lines();
    let lines: Vec<&str> = match heading {
        None => lines.collect(),
        Some(heading) => {
            let mut below = lines.skip_while(|line| !line.starts_with("## ") || anchor(line) != heading).peekable();
            below.next().ok_or_else(|| format!("{path} has no heading #{heading}"))?;
            below.take_while(|line| !line.starts_with("## ")).collect()
        }
    };
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    let mut text = String::new();
    for line in lines {
        text.push_str(&with_links(line, folder)?);
        text.push('\n');
    }
    Ok(text)
}

/// `What you can do` as `what-you-can-do`.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').split_whitespace().map(str::to_lowercase);
    words.collect::<Vec<_>>().join("-")
}

/// The line with its Markdown links as they must be in the book: those that lead to files, seen from `folder`.
fn with_links(line: &str, folder: &Path) -> Outcome<String> {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find("](") {
        let Some(length) = rest[start + 2..].find(')') else { break };
        let target = &rest[start + 2..start + 2 + length];
        out.push_str(&rest[..start]);
        match led(target, folder)? {
            Some(place) => write!(out, "]({place})")?,
            // The rest of the repository isn't part of the book: its name stays, without a link.
            None => {
                if let Some(bracket) = out.rfind('[') {
                    out.remove(bracket);
                }
            }
        }
        rest = &rest[start + 3 + length..];
    }
    out.push_str(rest);
    Ok(out)
}

/// Where a link leads in the book; `None`: to something that isn't part of it.
fn led(target: &str, folder: &Path) -> Outcome<Option<String>> {
    let (path, fragment) = target.split_once('#').map_or((target, ""), |(path, fragment)| (path, fragment));
    if path.is_empty() || path.contains("://") {
        return Ok(Some(target.to_owned()));
    }
    let path = plain(&folder.join(path));
    let at = |place: &str| if fragment.is_empty() { place.to_owned() } else { format!("{place}#{fragment}") };
    if let Some((_, chapter)) = CHAPTERS.iter().find(|(document, _)| Path::new(document) == path) {
        return Ok(Some(at(chapter)));
    }
    if let Ok(chapter) = path.strip_prefix("docs/book/src") {
        return Ok(Some(at(&chapter.display().to_string())));
    }
    if path.starts_with("scenarios")
        && path.extension().is_some_and(|extension| extension == "yaml")
        && !path.starts_with("scenarios/lessons")
    {
        return Ok(Some(format!("../#{}", link::encode(&scenario(&path, None)?))));
    }
    Ok(None)
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// A scenario of the repository as a run.
fn scenario(path: &Path, at: Option<SimTime>) -> Outcome<Link> {
    let name = path.display();
    let text = std::fs::read_to_string(root().join(path)).map_err(|error| format!("{name}: {error}"))?;
    let scenario = Scenario::parse(&text, &name.to_string()).map_err(|error| error.to_string())?;
    if let Some(file) = scenario.files_needed().first() {
        return Err(format!("{name} needs the file {file} beside it; a live example has all its files inside").into());
    }
    Ok(Link { version: link::VERSION, scenario: text, seed: Some(scenario.seed), at: at.map(SimTime::as_nanos), ..Link::default() })
}

/// The playground, embedded.
fn play(what: &str) -> Outcome<String> {
    let (mut run, mut at, mut views, mut height) = (Link { version: link::VERSION, ..Link::default() }, None, "topology,terminal", 480_u32);
    let mut named = None;
    for word in words(what) {
        match word.split_once('=') {
            None => named = Some(word.clone()),
            Some(("at", moment)) => at = Some(SimTime::ZERO + SimDuration::parse(moment)?),
            Some(("height", pixels)) => height = pixels.parse().map_err(|_| format!("{pixels:?} is no height"))?,
            Some(("run", line)) => {
                run.lines.push(TypedLine { at: 0, terminal: 0, line: line.to_owned(), files: [].into() });
            }
            Some(("views", _)) => views = what.split("views=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or(views),
            Some((other, _)) => return Err(format!("{other:?} can't be said in {{{{#play}}}}; there are at, views, height, run").into()),
        }
    }
    let mut caption = String::from("an empty cluster");
    if let Some(path) = named {
        run = Link { lines: run.lines, ..scenario(Path::new(&path), at)? };
        caption = format!("<code>{path}</code>");
    } else {
        run.at = at.map(SimTime::as_nanos);
    }
    // Typed at the moment that is looked at: earlier, it would put itself in the place of what the scenario does.
    for line in &mut run.lines {
        line.at = run.at.unwrap_or(0);
    }
    let fragment = link::encode(&run);
    let mut html = String::new();
    write!(
        html,
        "<iframe class=\"play\" src=\"../?embed&amp;views={views}#{fragment}\" height=\"{height}\" loading=\"lazy\" title=\"Podarium: {}\"></iframe>\n\
         <p class=\"play-caption\">{caption} · <a href=\"../#{fragment}\">open in the playground</a></p>\n",
        caption.replace("<code>", "").replace("</code>", "")
    )?;
    Ok(html)
}

/// The words of a directive; quotes keep one together.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            letter if letter.is_whitespace() && !quoted => words.push(String::new()),
            letter => words.last_mut().expect("there is one always").push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(target: &str, folder: &str, expected: &str) {
        assert_eq!(led(target, Path::new(folder)).expect("it can be read").as_deref(), Some(expected), "{target}");
    }

    #[test]
    fn links_lead_to_chapters() {
        check("docs/FIDELITY.md", "", "fidelity.md");
        check("../README.md#steps", "scenarios/lessons", "scenarios.md#steps");
        check("terminal.md", "docs/book/src", "terminal.md");
        check("#below", "", "#below");
        check("https://example.org/x", "", "https://example.org/x");
        let line = with_links("as [ADR 2](docs/adr/0002-yaml.md) and [this](README.md) say", Path::new("")).expect("it can be read");
        assert_eq!(line, "as ADR 2 and [this](index.md) say");
    }

    #[test]
    fn links_to_scenarios_open_in_the_playground() {
        let to = led("../../scenarios/canary.yaml", Path::new("docs/adr")).expect("it can be read").expect("it leads somewhere");
        let run = link::decode(to.strip_prefix("../#").expect("the playground is above the book")).expect("a link");
        assert!(run.scenario.contains("steps:") && run.at.is_none());
    }

    #[test]
    fn a_live_example_is_a_frame_with_a_run_in_its_address() {
        let html =
            play("scenarios/canary.yaml at=10s views=ownership,terminal height=300 run=\"kubectl get rs\"").expect("it is well said");
        assert!(html.contains("?embed&amp;views=ownership,terminal#v1.") && html.contains("height=\"300\""), "{html}");
        let fragment = html.split('#').nth(1).and_then(|rest| rest.split('"').next()).expect("a fragment");
        let run = link::decode(fragment).expect("a link");
        assert_eq!((run.at, run.lines[0].at, run.lines[0].line.as_str()), (Some(10_000_000_000), 10_000_000_000, "kubectl get rs"));
        for bad in ["scenarios/nowhere.yaml", "scenarios/canary.yaml at=soon", "sideways=1"] {
            assert!(play(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_chapter_can_be_put_together() {
        for entry in std::fs::read_dir(root().join("docs/book/src")).expect("the chapters") {
            let path = entry.expect("a chapter").path();
            let content = std::fs::read_to_string(&path).expect("its text");
            let mut chapter = Chapter::new("chapter", content, "chapter.md", Vec::new());
            put_in_place(&mut chapter).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
            assert!(!chapter.content.contains("{{#"), "{}", path.display());
        }
    }

    #[test]
    fn a_part_of_a_document_ends_at_the_next_heading() {
        let part = page("README.md#what-you-can-do").expect("that heading is there");
        assert!(part.contains("podarium run") && !part.contains("## "), "{part}");
        assert!(page("README.md#no-such-heading").is_err());
    }
}
