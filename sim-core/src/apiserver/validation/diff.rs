//! The unified diff that a refused change of a Pod ends with. Kubernetes makes it with `pmezard/go-difflib`, a port of Python's
//! `difflib`; which of several possible diffs comes out depends on that algorithm, so it is followed here: the longest run of equal
//! lines first, then the same to its left and right, lines that are frequent in the new text not counting as a start.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A run of equal lines: where in the old text, where in the new, how many.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Run {
    old: usize,
    new: usize,
    length: usize,
}

/// A stretch of lines `old.0..old.1` that became `new.0..new.1`; equal or not.
#[derive(Clone, Copy, Debug)]
struct Step {
    equal: bool,
    old: (usize, usize),
    new: (usize, usize),
}

const CONTEXT: usize = 3;

/// The hunks between two texts, three lines of context each.
pub fn unified_diff(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split('\n').collect(), new.split('\n').collect());
    let mut out = String::new();
    for hunk in hunks(&steps(&old, &new)) {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { continue };
        let range = |from: usize, to: usize| match to - from {
            1 => format!("{}", from + 1),
            0 => format!("{from},0"),
            n => format!("{},{n}", from + 1),
        };
        let (was, is) = (range(first.old.0, last.old.1), range(first.new.0, last.new.1));
        writeln!(out, "@@ -{was} +{is} @@").expect("a String takes all that is written");
        for step in hunk {
            let mut lines = |sign: char, lines: &[&str]| {
                for line in lines {
                    out.push(sign);
                    out.push_str(line);
                    out.push('\n');
                }
            };
            if step.equal {
                lines(' ', &old[step.old.0..step.old.1]);
            } else {
                lines('-', &old[step.old.0..step.old.1]);
                lines('+', &new[step.new.0..step.new.1]);
            }
        }
    }
    out
}

fn positions<'a>(new: &[&'a str]) -> BTreeMap<&'a str, Vec<usize>> {
    let mut at: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, line) in new.iter().enumerate() {
        at.entry(line).or_default().push(i);
    }
    if new.len() >= 200 {
        at.retain(|_, places| places.len() <= new.len() / 100 + 1);
    }
    at
}

/// The longest run of equal lines within `old[a..b]` and `new[c..d]`; the first of several.
fn longest(old: &[&str], new: &[&str], at: &BTreeMap<&str, Vec<usize>>, (a, b): (usize, usize), (c, d): (usize, usize)) -> Run {
    let mut best = Run { old: a, new: c, length: 0 };
    let mut ending: BTreeMap<usize, usize> = BTreeMap::new();
    for (i, line) in old.iter().enumerate().take(b).skip(a) {
        let mut next = BTreeMap::new();
        for &j in at.get(line).into_iter().flatten().filter(|j| (c..d).contains(*j)) {
            let length = j.checked_sub(1).and_then(|j| ending.get(&j)).copied().unwrap_or(0) + 1;
            next.insert(j, length);
            if length > best.length {
                best = Run { old: i + 1 - length, new: j + 1 - length, length };
            }
        }
        ending = next;
    }
    // Frequent lines next to the run belong to it after all.
    while best.old > a && best.new > c && old[best.old - 1] == new[best.new - 1] {
        best = Run { old: best.old - 1, new: best.new - 1, length: best.length + 1 };
    }
    while best.old + best.length < b && best.new + best.length < d && old[best.old + best.length] == new[best.new + best.length] {
        best.length += 1;
    }
    best
}

fn steps(old: &[&str], new: &[&str]) -> Vec<Step> {
    let at = positions(new);
    let mut open = vec![((0, old.len()), (0, new.len()))];
    let mut runs = Vec::new();
    while let Some((in_old, in_new)) = open.pop() {
        let run = longest(old, new, &at, in_old, in_new);
        if run.length > 0 {
            runs.push(run);
            open.push(((in_old.0, run.old), (in_new.0, run.new)));
            open.push(((run.old + run.length, in_old.1), (run.new + run.length, in_new.1)));
        }
    }
    runs.sort();
    runs.push(Run { old: old.len(), new: new.len(), length: 0 });
    let (mut i, mut j) = (0, 0);
    let mut steps: Vec<Step> = Vec::new();
    for run in runs {
        if i < run.old || j < run.new {
            steps.push(Step { equal: false, old: (i, run.old), new: (j, run.new) });
        }
        (i, j) = (run.old + run.length, run.new + run.length);
        match steps.last_mut() {
            // Runs that touch are one.
            Some(last) if last.equal && last.old.1 == run.old && last.new.1 == run.new => (last.old.1, last.new.1) = (i, j),
            _ if run.length > 0 => steps.push(Step { equal: true, old: (run.old, i), new: (run.new, j) }),
            _ => {}
        }
    }
    steps
}

fn hunks(steps: &[Step]) -> Vec<Vec<Step>> {
    let mut all = Vec::new();
    let mut hunk: Vec<Step> = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        let mut step = *step;
        if step.equal {
            let length = step.old.1 - step.old.0;
            if i == 0 {
                let cut = length.saturating_sub(CONTEXT);
                (step.old.0, step.new.0) = (step.old.0 + cut, step.new.0 + cut);
            } else if i + 1 == steps.len() {
                let cut = length.saturating_sub(CONTEXT);
                (step.old.1, step.new.1) = (step.old.1 - cut, step.new.1 - cut);
            } else if length > 2 * CONTEXT {
                let mut tail = step;
                (tail.old.1, tail.new.1) = (step.old.0 + CONTEXT, step.new.0 + CONTEXT);
                hunk.push(tail);
                all.push(std::mem::take(&mut hunk));
                (step.old.0, step.new.0) = (step.old.1 - CONTEXT, step.new.1 - CONTEXT);
            }
        }
        hunk.push(step);
    }
    if hunk.iter().any(|step| !step.equal) {
        all.push(hunk);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::unified_diff;

    #[track_caller]
    fn check(old: &str, new: &str, want: &str) {
        assert_eq!(unified_diff(old, new), want);
    }

    #[test]
    fn diffs() {
        check("a\nb", "a\nb", "");
        check("a\nb\nc\nd\ne\nf", "a\nb\nc\nd\nX\nf", "@@ -2,5 +2,5 @@\n b\n c\n d\n-e\n+X\n f\n");
        check("a", "a\nb", "@@ -1 +1,2 @@\n a\n+b\n");
    }
}
