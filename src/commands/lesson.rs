//! `podarium lesson`: proves lessons, or shows one.

use super::{Problem, files};
use crate::render::style::{self, paint};
use sim_view::frame::lesson::Both;
use sim_view::lesson::{Lesson, Proof, prove, stars};
use std::path::PathBuf;

/// A lesson is a cluster to start from, a text, goals and a solution. It is proved when its solution reaches all goals and nothing else
/// does so by itself. The texts are read in the playground, or here with --show.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Lesson files, or folders of them.
    #[arg(required = true, value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
    /// Print the lessons' texts instead of proving them.
    #[arg(long)]
    show: bool,
    /// The language of titles and texts.
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
}

/// A language of the lessons.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Language {
    /// English.
    En,
    /// Simplified Chinese.
    Zh,
}

impl Language {
    fn of(self, both: &Both) -> &str {
        match self {
            Language::En => &both.en,
            Language::Zh => &both.zh,
        }
    }
}

pub(crate) fn main(args: &Args) -> Result<bool, Problem> {
    let files = files::lessons(&args.files)?;
    // All are read before any is proved: a slip in the last file should not cost the time of the others.
    let lessons = files.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?;
    if args.show {
        for lesson in &lessons {
            anstream::print!("{}", shown(lesson, args.lang));
        }
        return Ok(true);
    }
    let mut proved = 0;
    for lesson in &lessons {
        let proof = prove(lesson);
        proved += usize::from(proof.problems.is_empty());
        anstream::print!("{}", row(lesson, &proof, args.lang));
    }
    anstream::println!("\n{proved} of {} lessons are proved", lessons.len());
    Ok(proved == lessons.len())
}

fn read(path: &std::path::Path) -> Result<Lesson, Problem> {
    Lesson::parse(&files::read(path)?, &path.display().to_string()).map_err(|error| error.to_string())
}

/// A lesson's line, and below it what is wrong with it.
fn row(lesson: &Lesson, proof: &Proof, lang: Language) -> String {
    let (verdict, style) = if proof.problems.is_empty() { ("proved", style::HOLDS) } else { ("FAILED", style::FAILS) };
    let mut row = format!(
        "{} {:>2}  part {}, {} goals, {:>3} s, par {}: {} {}  {}\n",
        paint(style, verdict),
        lesson.order,
        lesson.part,
        lesson.goals.len(),
        proof.took.as_nanos().div_ceil(1_000_000_000),
        lesson.par,
        proof.acted,
        paint(style::QUIET, &"★".repeat(stars(lesson.par, proof.acted) as usize)),
        lang.of(&lesson.title),
    );
    for problem in &proof.problems {
        row.push_str(&format!("       {}\n", problem.replace('\n', "\n       ")));
    }
    row
}

/// A lesson as text: what it says, what is to be reached, and what is to be typed for it.
fn shown(lesson: &Lesson, lang: Language) -> String {
    let (goals, hints, solution) = match lang {
        Language::En => ("Goals", "Hints", "Solution"),
        Language::Zh => ("目标", "提示", "解答"),
    };
    let heading = |text: &str| paint(style::COMMAND, text);
    let mut told = format!("{}\n{}\n\n{}\n", heading(lang.of(&lesson.title)), lang.of(&lesson.summary), lang.of(&lesson.text));
    let mut list = |title: &str, items: &mut dyn Iterator<Item = String>| {
        told.push_str(&format!("\n{}\n", heading(title)));
        items.for_each(|item| told.push_str(&format!("- {}\n", item.trim().replace('\n', "\n  "))));
    };
    list(goals, &mut lesson.goals.iter().map(|goal| format!("{} ({goal})", lang.of(&goal.say))));
    list(hints, &mut lesson.hints.iter().map(|hint| lang.of(hint).to_owned()));
    list(solution, &mut lesson.solution.iter().cloned());
    told.push('\n');
    told
}
