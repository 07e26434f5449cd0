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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found() {
        let text = "Words.\n\n```console\n$ kubectl get pods\nNAME READY\n$ wait 10s\n```\n\n```yaml\na: 1\n```\nMore.";
        let found = blocks(text);
        assert_eq!(found.iter().map(|block| (block.language, block.lines.len())).collect::<Vec<_>>(), [("console", 3), ("yaml", 1)]);
        assert_eq!(typed_lines(text), ["kubectl get pods", "wait 10s"]);
        assert!(blocks("no code").is_empty());
    }
}
