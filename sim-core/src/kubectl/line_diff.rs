//! Which lines of two texts differ: by Myers' algorithm, and as the hunks of `diff -u`.

use similar::algorithms::{Capture, Compact, Replace, myers};
use similar::{DiffOp, DiffTag, group_diff_ops};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;

/// Lines around a change, as `diff -u` shows them.
const CONTEXT: usize = 3;

/// What became of the lines, in order: kept, deleted, inserted, replaced.
// Of numbers for lines, and by the one algorithm: similar's functions are copied for each type, and take all its algorithms with them.
pub fn changes(from: &[&str], to: &[&str]) -> Vec<DiffOp> {
    let mut known = BTreeMap::new();
    let mut number = |line| {
        let next = known.len();
        *known.entry(line).or_insert(next)
    };
    let from: Vec<usize> = from.iter().copied().map(&mut number).collect();
    let to: Vec<usize> = to.iter().copied().map(&mut number).collect();
    let (from, to) = (from.as_slice(), to.as_slice());
    let mut hook = Compact::new(Replace::new(Capture::new()), from, to);
    let Ok(()) = myers::diff_deadline_raw(&mut hook, from, 0..from.len(), to, 0..to.len(), None);
    hook.into_inner().into_inner().into_ops()
}

/// All lines of two texts in order, without their ends: `Less` are only in the first, `Greater` only in the second.
pub fn lines<'t>(from: &'t str, to: &'t str) -> Vec<(Ordering, &'t str)> {
    let (from, to): (Vec<&str>, Vec<&str>) = (from.lines().collect(), to.lines().collect());
    let mut lines = Vec::new();
    for op in changes(&from, &to) {
        if op.tag() == DiffTag::Equal {
            lines.extend(from[op.old_range()].iter().map(|line| (Ordering::Equal, *line)));
        } else {
            lines.extend(from[op.old_range()].iter().map(|line| (Ordering::Less, *line)));
            lines.extend(to[op.new_range()].iter().map(|line| (Ordering::Greater, *line)));
        }
    }
    lines
}

/// The hunks of a unified diff; empty if the texts are equal.
pub fn unified(from: &str, to: &str) -> String {
    let (from, to): (Vec<&str>, Vec<&str>) = (from.split_inclusive('\n').collect(), to.split_inclusive('\n').collect());
    let mut out = String::new();
    for hunk in group_diff_ops(changes(&from, &to), CONTEXT) {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { continue };
        let old = first.old_range().start..last.old_range().end;
        let new = first.new_range().start..last.new_range().end;
        let _ = writeln!(out, "@@ -{} +{} @@", range(&old), range(&new));
        for op in &hunk {
            let (deleted, inserted) = (&from[op.old_range()], &to[op.new_range()]);
            if op.tag() == DiffTag::Equal {
                push(&mut out, ' ', deleted);
            } else {
                push(&mut out, '-', deleted);
                push(&mut out, '+', inserted);
            }
        }
    }
    out
}

/// `1,5` for lines 1 to 5, `3` for one line, `0,0` for none before the first.
fn range(lines: &Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => (lines.start + 1).to_string(),
        len => format!("{},{len}", lines.start + 1),
    }
}

fn push(out: &mut String, mark: char, lines: &[&str]) {
    for line in lines {
        out.push(mark);
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks() {
        let from: String = (1..=12).map(|n| format!("line {n}\n")).collect();
        let to = from.replace("line 2\n", "line two\n").replace("line 12\n", "");
        let expected = "@@ -1,5 +1,5 @@\n line 1\n-line 2\n+line two\n line 3\n line 4\n line 5\n@@ -9,4 +9,3 @@\n line 9\n line 10\n line 11\n-line 12\n";
        assert_eq!(unified(&from, &to), expected);
        assert_eq!(unified(&from, &from), "");
        assert_eq!(unified("", "a: 1\n"), "@@ -0,0 +1 @@\n+a: 1\n");
        assert_eq!(unified("a\nb", "a\nb\n"), "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n");
    }

    #[test]
    fn what_became_of_lines() {
        let tags = |from: &[&str], to: &[&str]| changes(from, to).into_iter().map(|op| op.tag()).collect::<Vec<_>>();
        assert_eq!(tags(&["a", "b", "c"], &["a", "x", "c", "d"]), [DiffTag::Equal, DiffTag::Replace, DiffTag::Equal, DiffTag::Insert]);
        assert_eq!(tags(&["a", "b"], &["b"]), [DiffTag::Delete, DiffTag::Equal]);
    }
}
