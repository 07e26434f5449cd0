//! `cargo xtask oracle`: how far Podarium agrees with recordings of a real control plane.

use crate::command::{Outcome, root};
use sim_oracle::FileScore;
use std::path::Path;

const BEGIN: &str = "<!-- oracle:begin -->";
const END: &str = "<!-- oracle:end -->";
const FIDELITY: &str = "docs/FIDELITY.md";

/// Judges every recording in `dir` (relative to where the command is run, else to the project) and prints one line per file.
///
/// # Errors
/// `dir` does not exist or holds no recording; with `write`, also when docs/FIDELITY.md has no place for the score.
pub(crate) fn oracle(dir: &Path, write: bool, misses: bool) -> Outcome {
    let dir = if dir.exists() { dir.to_path_buf() } else { root().join(dir) };
    if !dir.is_dir() {
        return Err(format!("{}: no such folder", dir.display()).into());
    }
    let mut scores = Vec::new();
    let corpora = [
        sim_oracle::run_vectors,
        sim_oracle::run_traces,
        sim_oracle::run_api,
        sim_oracle::run_patch,
        sim_oracle::run_kubectl,
        sim_oracle::run_sessions,
    ];
    for corpus in corpora {
        for score in corpus(&dir) {
            println!("{}", line(&score));
            if let Some(miss) = score.first_miss.as_ref().filter(|_| misses) {
                println!("    {}", miss.trim_end().replace('\n', "\n    "));
            }
            scores.push(score);
        }
    }
    if scores.is_empty() {
        return Err(format!("{}: no recording (expected vectors/, traces/ or api/)", dir.display()).into());
    }
    println!("{}", line(&sum(&scores)));
    if write {
        let path = root().join(FIDELITY);
        let page = std::fs::read_to_string(&path).map_err(|error| format!("{FIDELITY}: {error}"))?;
        std::fs::write(&path, with_score(&page, &scores)?)?;
    }
    Ok(())
}

/// The scores with the points of each trace summed up.
fn by_trace(scores: &[FileScore]) -> Vec<FileScore> {
    let trace = |score: &FileScore| score.name.strip_prefix("traces/").and_then(|name| name.split(' ').next()).map(str::to_owned);
    let of_one = scores.chunk_by(|a, b| trace(a).is_some() && trace(a) == trace(b));
    of_one
        .map(|points| FileScore {
            name: trace(&points[0]).map_or_else(|| points[0].name.clone(), |name| format!("traces/{name}")),
            ..sum(points)
        })
        .collect()
}

/// `NAME passed/total`, and how many rows are about kinds that are not served yet.
fn line(score: &FileScore) -> String {
    let apart = if score.apart > 0 { format!(" (+{} not served yet)", score.apart) } else { String::new() };
    format!("{} {}/{}{apart}", score.name, score.passed, score.total)
}

fn sum(scores: &[FileScore]) -> FileScore {
    let total = |part: fn(&FileScore) -> usize| scores.iter().map(part).sum();
    FileScore {
        name: "all".to_owned(),
        passed: total(|s| s.passed),
        total: total(|s| s.total),
        apart: total(|s| s.apart),
        first_miss: None,
    }
}

/// `page` with the score between its two marks replaced.
fn with_score(page: &str, scores: &[FileScore]) -> Outcome<String> {
    let missing = || format!("{FIDELITY}: no place for the score ({BEGIN} … {END})");
    let (before, rest) = page.split_once(BEGIN).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    let mut table = String::from("| recording | agrees | of | not served yet |\n|---|--:|--:|--:|\n");
    for score in by_trace(scores).iter().chain([&sum(scores)]) {
        table.push_str(&format!("| {} | {} | {} | {} |\n", score.name, score.passed, score.total, score.apart));
    }
    Ok(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(name: &str, passed: usize, total: usize, apart: usize) -> FileScore {
        FileScore { name: name.to_owned(), passed, total, apart, first_miss: None }
    }

    #[test]
    fn one_line_per_file() {
        assert_eq!(line(&score("quantity", 5, 7, 0)), "quantity 5/7");
        assert_eq!(line(&score("patch", 5, 7, 12)), "patch 5/7 (+12 not served yet)");
        assert_eq!(line(&sum(&[score("a", 1, 2, 3), score("b", 10, 20, 0)])), "all 11/22 (+3 not served yet)");
    }

    #[test]
    fn the_score_replaces_what_stood_between_its_marks() {
        let page = format!("# Fidelity\n{BEGIN}\nold\n{END}\nmore\n");
        let once = with_score(&page, &[score("a", 1, 2, 3)]).expect("the page has both marks");
        assert!(once.starts_with("# Fidelity\n") && once.ends_with("-->\nmore\n"), "{once}");
        assert!(once.contains("| a | 1 | 2 | 3 |") && !once.contains("old"), "{once}");
        assert_eq!(with_score(&once, &[score("a", 1, 2, 3)]).expect("still has both"), once);
        assert!(with_score("# Fidelity\n", &[]).is_err());
    }
}
