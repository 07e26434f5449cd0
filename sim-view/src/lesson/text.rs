//! What a lesson's Markdown contains, as far as it is more than words.

/// A fenced block of code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block<'a> {
    /// What stands after the fence: `console`, `yaml`.
    pub language: &'a str,
    /// Its lines.
    pub lines: Vec<&'a str>,
}

/// The fenced blocks of a text, in order. One that isn't closed goes to the end.
pub fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut found: Vec<Block<'_>> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        match (line.strip_prefix("```"), found.last_mut().filter(|_| is_open)) {
            (Some(_), Some(_)) => is_open = false,
            (Some(language), None) => {
                found.push(Block { language: language.trim(), lines: Vec::new() });
                is_open = true;
            }
            (None, Some(block)) => block.lines.push(line),
            (None, None) => {}
        }
    }
    found
}

/// The lines that a text offers to be typed: in `console` blocks, those that begin with `$ `, without that.
pub fn typed_lines(text: &str) -> Vec<&str> {
    let consoles = blocks(text).into_iter().filter(|block| block.language == "console");
    consoles.flat_map(|block| block.lines).filter_map(|line| line.strip_prefix("$ ")).collect()
}

/// A Chinese text with each paragraph on one line: where its file breaks a line, Markdown would show a gap between two characters.
pub(super) fn joined(text: &str) -> String {
    let mut told = String::new();
    let mut is_code = false;
    for line in text.lines() {
        let is_fence = line.starts_with("```");
        let last = told.rsplit('\n').next().unwrap_or_default();
        let goes_on =
            !is_code && !is_fence && !line.trim().is_empty() && !begins_item(line) && !last.is_empty() && !last.starts_with("```");
        if goes_on {
            let line = line.trim_start();
            if needs_space(last, line) {
                told.push(' ');
            }
            told.push_str(line);
        } else {
            if !told.is_empty() {
                told.push('\n');
            }
            told.push_str(line);
        }
        is_code ^= is_fence;
    }
    told
}

fn begins_item(line: &str) -> bool {
    line.starts_with("- ") || line.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok())
}

/// Chinese characters and their punctuation stand close together; a word in Latin letters has a space on both sides, unless punctuation
/// has one already. Emphasis that ends with punctuation ends only before a space.
fn needs_space(before: &str, after: &str) -> bool {
    let is_wide_mark = |c: char| matches!(c, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}' | '“' | '”' | '…' | '—');
    let is_wide = |c: char| is_wide_mark(c) || matches!(c, '\u{4e00}'..='\u{9fff}');
    if before.ends_with('*') && before.trim_end_matches('*').ends_with(is_wide_mark) {
        return true;
    }
    let (Some(last), Some(first)) = (before.trim_end_matches('*').chars().last(), after.trim_start_matches('*').chars().next()) else {
        return false;
    };
    !(is_wide_mark(last) || is_wide_mark(first) || is_wide(last) && is_wide(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_lines_are_joined_without_gaps() {
        let check = |text: &str, expected: &str| assert_eq!(joined(text), expected, "{text:?}");
        check("先要一个\nPod：\n住在一起。\n看。", "先要一个 Pod：住在一起。看。");
        check("用 `kubectl`\n查看。", "用 `kubectl` 查看。");
        check("*是谁选的？*\n换一种。", "*是谁选的？* 换一种。");
        check("**节点**\n之间", "**节点**之间");
        check("一\n\n二", "一\n\n二");
        check("1. 一\n   二\n2. 三\n- 四", "1. 一二\n2. 三\n- 四");
        check("看：\n\n```console\n$ a\n$ b\n```\n\n好", "看：\n\n```console\n$ a\n$ b\n```\n\n好");
    }

    #[test]
    fn blocks_are_found() {
        let text = "Words.\n\n```console\n$ kubectl get pods\nNAME READY\n$ wait 10s\n```\n\n```yaml\na: 1\n```\nMore.";
        let found = blocks(text);
        assert_eq!(found.iter().map(|block| (block.language, block.lines.len())).collect::<Vec<_>>(), [("console", 3), ("yaml", 1)]);
        assert_eq!(typed_lines(text), ["kubectl get pods", "wait 10s"]);
        assert!(blocks("no code").is_empty());
    }
}
