//! From a script's text to its commands: the grammar of POSIX sh, and of bash what people write in manifests.

mod words;

use crate::node::runtime::shell::syntax::{Node, Part, Redirect, Word};

/// Deeper nesting is refused.
const DEPTH_MAX: u32 = 60;

/// Words that end a list of commands.
const CLOSING: &[&str] = &["then", "do", "done", "fi", "elif", "else", "esac", "}"];

/// Why a script can't be read: what was met instead of what was expected. `None`: its end.
pub type Unexpected = Option<String>;

/// Reads a script.
///
/// # Errors
/// What stood where it can't stand.
pub fn parse(text: &str) -> Result<Node, Unexpected> {
    let mut parser = Parser { text: text.chars().collect(), at: 0, depth: 0 };
    let list = parser.list()?;
    parser.blank_lines();
    match parser.peek() {
        None => Ok(list),
        Some(_) => Err(Some(parser.next_token())),
    }
}

struct Parser {
    text: Vec<char>,
    at: usize,
    depth: u32,
}

type Parsed<T> = Result<T, Unexpected>;

impl Parser {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn sees(&self, what: &str) -> bool {
        what.chars().enumerate().all(|(i, c)| self.text.get(self.at + i) == Some(&c))
    }

    fn take(&mut self, what: &str) -> bool {
        let sees = self.sees(what);
        if sees {
            self.at += what.chars().count();
        }
        sees
    }

    /// Skips blanks, joined lines and comments.
    fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.text.get(self.at + 1) == Some(&'\n') => self.at += 2,
                Some('#') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn blank_lines(&mut self) {
        self.blanks();
        while self.peek() == Some('\n') {
            self.at += 1;
            self.blanks();
        }
    }

    /// What stands here, for messages.
    fn next_token(&self) -> String {
        let rest = &self.text[self.at.min(self.text.len())..];
        let is_operator = |c: char| ";&|()<>\n".contains(c);
        match rest.first() {
            Some('\n') => "newline".to_owned(),
            Some(c) if is_operator(*c) => rest.iter().take_while(|other| *other == c).take(2).collect(),
            _ => rest.iter().take_while(|c| !c.is_whitespace() && !is_operator(**c)).collect(),
        }
    }

    fn unexpected<T>(&self) -> Parsed<T> {
        let token = self.next_token();
        Err((!token.is_empty()).then_some(token))
    }

    /// The bare word that stands here, if it is one of letters and braces only.
    fn keyword(&self) -> Option<String> {
        let word: String = self.text[self.at..].iter().take_while(|c| c.is_ascii_lowercase() || "{}!".contains(**c)).collect();
        let end = self.text.get(self.at + word.len());
        (!word.is_empty() && end.is_none_or(|c| c.is_whitespace() || ";&|()<>".contains(*c))).then_some(word)
    }

    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        self.blank_lines();
        if self.keyword().as_deref() == Some(word) {
            self.at += word.len();
            return Ok(());
        }
        self.unexpected()
    }

    fn accept_word(&mut self, word: &str) -> bool {
        self.expect_word(word).is_ok()
    }

    fn list(&mut self) -> Parsed<Node> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return self.unexpected();
        }
        let mut list = Vec::new();
        loop {
            self.blank_lines();
            let closed = self.keyword().is_some_and(|word| CLOSING.contains(&word.as_str()));
            if self.peek().is_none() || closed || self.sees(")") || self.sees(";;") {
                break;
            }
            let node = self.and_or()?;
            self.blanks();
            let background = self.sees("&") && !self.sees("&&");
            let ends = background || (self.sees(";") && !self.sees(";;")) || self.sees("\n");
            list.push((node, background));
            if ends {
                self.at += 1;
            } else {
                break;
            }
        }
        self.depth -= 1;
        Ok(Node::List(list))
    }

    /// A list that may not be empty.
    fn body(&mut self) -> Parsed<Node> {
        match self.list()? {
            Node::List(list) if list.is_empty() => self.unexpected(),
            node => Ok(node),
        }
    }

    fn and_or(&mut self) -> Parsed<Node> {
        let mut node = self.pipeline()?;
        loop {
            self.blanks();
            let and = if self.take("&&") {
                true
            } else if self.take("||") {
                false
            } else {
                return Ok(node);
            };
            self.blank_lines();
            let next = self.pipeline()?;
            node = if and { Node::And(Box::new(node), Box::new(next)) } else { Node::Or(Box::new(node), Box::new(next)) };
        }
    }

    fn pipeline(&mut self) -> Parsed<Node> {
        self.blanks();
        if self.keyword().as_deref() == Some("!") {
            self.at += 1;
            return Ok(Node::Not(Box::new(self.pipeline()?)));
        }
        let mut nodes = vec![self.command()?];
        loop {
            self.blanks();
            if !self.sees("|") || self.sees("||") {
                break;
            }
            self.at += 1;
            if self.take("&")
                && let Some(last) = nodes.pop()
            {
                nodes.push(Node::Redirected(Box::new(last), vec![Redirect::Duplicate(2, 1)]));
            }
            self.blank_lines();
            nodes.push(self.command()?);
        }
        Ok(if nodes.len() == 1 { nodes.swap_remove(0) } else { Node::Pipe(nodes) })
    }

    fn command(&mut self) -> Parsed<Node> {
        self.blanks();
        let compound = match self.keyword().as_deref() {
            Some("if") => Some(self.if_command()?),
            Some(word @ ("while" | "until")) => {
                let until = word == "until";
                self.at += 5;
                let condition = Box::new(self.body()?);
                Some(Node::Loop { until, condition, body: Box::new(self.do_done()?) })
            }
            Some("for") => Some(self.for_command()?),
            Some("case") => Some(self.case_command()?),
            Some("{") => {
                self.at += 1;
                let body = self.body()?;
                self.expect_word("}")?;
                Some(body)
            }
            Some(word) if CLOSING.contains(&word) => return self.unexpected(),
            _ if self.sees("((") => Some(Node::Arithmetic(self.double_parentheses()?)),
            _ if self.sees("(") => {
                self.at += 1;
                let body = self.body()?;
                self.blank_lines();
                if !self.take(")") {
                    return self.unexpected();
                }
                Some(Node::Subshell(Box::new(body)))
            }
            _ => None,
        };
        let Some(compound) = compound else { return self.simple() };
        let mut redirects = Vec::new();
        self.blanks();
        while let Some(redirect) = self.redirect()? {
            redirects.extend(redirect);
            self.blanks();
        }
        Ok(if redirects.is_empty() { compound } else { Node::Redirected(Box::new(compound), redirects) })
    }

    fn do_done(&mut self) -> Parsed<Node> {
        self.blanks();
        self.take(";");
        self.expect_word("do")?;
        let body = self.body()?;
        self.expect_word("done")?;
        Ok(body)
    }

    fn if_command(&mut self) -> Parsed<Node> {
        self.at += 2;
        let mut arms = Vec::new();
        loop {
            let condition = self.body()?;
            self.expect_word("then")?;
            arms.push((condition, self.body()?));
            if self.accept_word("elif") {
                continue;
            }
            let rest = if self.accept_word("else") { Some(Box::new(self.body()?)) } else { None };
            self.expect_word("fi")?;
            return Ok(Node::If(arms, rest));
        }
    }

    fn for_command(&mut self) -> Parsed<Node> {
        self.at += 3;
        self.blanks();
        if self.sees("((") {
            let inner = self.double_parentheses()?;
            let mut parts: [Word; 3] = [Vec::new(), Vec::new(), Vec::new()];
            let mut which = 0;
            for part in inner {
                match part {
                    Part::Text { text, quoted } => {
                        for (i, piece) in text.split(';').enumerate() {
                            which = (which + usize::from(i > 0)).min(2);
                            parts[which].push(Part::Text { text: piece.to_owned(), quoted });
                        }
                    }
                    other => parts[which].push(other),
                }
            }
            return Ok(Node::Count(parts, Box::new(self.do_done()?)));
        }
        let name = self.name();
        if name.is_empty() {
            return self.unexpected();
        }
        let mut words = None;
        if self.accept_word("in") {
            let mut list = Vec::new();
            self.blanks();
            while self.peek().is_some_and(|c| !"\n;&|".contains(c)) {
                list.push(self.word()?);
                self.blanks();
            }
            words = Some(list);
        }
        Ok(Node::For(name, words, Box::new(self.do_done()?)))
    }

    fn case_command(&mut self) -> Parsed<Node> {
        self.at += 4;
        self.blanks();
        let subject = self.word()?;
        self.expect_word("in")?;
        let mut arms = Vec::new();
        loop {
            self.blank_lines();
            if self.accept_word("esac") {
                return Ok(Node::Case(subject, arms));
            }
            self.take("(");
            let mut patterns = Vec::new();
            loop {
                self.blanks();
                patterns.push(self.word()?);
                self.blanks();
                if self.take(")") {
                    break;
                }
                if !self.take("|") {
                    return self.unexpected();
                }
            }
            let body = self.list()?;
            arms.push((patterns, body));
            self.blank_lines();
            self.take(";;");
        }
    }

    fn name(&mut self) -> String {
        let rest = &self.text[self.at..];
        let starts = rest.first().is_some_and(|c| c.is_ascii_alphabetic() || *c == '_');
        let name: String =
            if starts { rest.iter().take_while(|c| c.is_ascii_alphanumeric() || **c == '_').collect() } else { String::new() };
        self.at += name.len();
        name
    }

    fn simple(&mut self) -> Parsed<Node> {
        let (mut sets, mut words, mut redirects) = (Vec::new(), Vec::new(), Vec::new());
        let mut in_test = false;
        loop {
            self.blanks();
            if let Some(redirect) = self.redirect()? {
                redirects.extend(redirect);
                continue;
            }
            // What follows =~ is a regular expression, whatever is in it.
            let after_match = in_test && matches!(words.last().map(Vec::as_slice), Some([Part::Text { text, .. }]) if text == "=~");
            if after_match && self.peek().is_some_and(|c| !"\"'".contains(c)) {
                let text: String = self.text[self.at..].iter().take_while(|c| !c.is_whitespace()).collect();
                self.at += text.chars().count();
                words.push(vec![Part::Text { text, quoted: true }]);
                continue;
            }
            match self.peek() {
                None | Some('\n' | ';') => break,
                // Inside [[ ]] these join conditions.
                Some('&' | '|' | '(' | ')') if in_test => {
                    let c = self.text[self.at];
                    let text: String = self.text[self.at..].iter().take_while(|other| **other == c).take(2).collect();
                    self.at += text.len();
                    words.push(vec![Part::Text { text, quoted: false }]);
                    continue;
                }
                Some('&' | '|' | ')') => break,
                Some('(') => {
                    let Some([Part::Text { text, .. }]) = words.first().map(Vec::as_slice).filter(|_| words.len() == 1) else {
                        return self.unexpected();
                    };
                    let name = text.clone();
                    self.at += 1;
                    self.blanks();
                    if !self.take(")") {
                        return self.unexpected();
                    }
                    self.blank_lines();
                    return Ok(Node::Function(name, Box::new(self.command()?)));
                }
                Some(_) => {}
            }
            if words.is_empty() {
                let start = self.at;
                let name = self.name();
                if !name.is_empty() && self.take("=") {
                    let value = if self.peek().is_none_or(|c| c.is_whitespace() || ";&|)".contains(c)) { Vec::new() } else { self.word()? };
                    sets.push((name, value));
                    continue;
                }
                self.at = start;
            }
            let word = self.word()?;
            if let [Part::Text { text, quoted: false }] = word.as_slice() {
                if words.is_empty() && text == "function" {
                    self.blanks();
                    let name = self.name();
                    self.blanks();
                    self.take("()");
                    self.blank_lines();
                    return Ok(Node::Function(name, Box::new(self.command()?)));
                }
                in_test = (in_test || (words.is_empty() && text == "[[")) && text != "]]";
            }
            words.push(word);
        }
        if sets.is_empty() && words.is_empty() && redirects.is_empty() {
            return self.unexpected();
        }
        Ok(Node::Simple { sets, words, redirects })
    }

    /// The redirections that stand here as one: `&>` are two.
    fn redirect(&mut self) -> Parsed<Option<Vec<Redirect>>> {
        let start = self.at;
        let both = self.sees("&>");
        if both {
            self.at += 1;
        }
        let digit = self.peek().filter(|c| c.is_ascii_digit() && matches!(self.text.get(self.at + 1), Some('<' | '>')));
        if digit.is_some() {
            self.at += 1;
        }
        let fd = |otherwise: u8| digit.map_or(otherwise, |c| c as u8 - b'0');
        if self.take("<<<") {
            self.blanks();
            let mut word = self.word()?;
            word.push(Part::Text { text: "\n".to_owned(), quoted: true });
            return Ok(Some(vec![Redirect::Here(word)]));
        }
        if self.take("<<") {
            return Ok(Some(vec![Redirect::Here(self.here_document()?)]));
        }
        let kind = [">>", ">&", ">|", ">", "<"].into_iter().find(|kind| self.take(kind));
        let Some(kind) = kind else {
            self.at = start;
            return Ok(None);
        };
        self.blanks();
        if kind == ">&"
            && let Some(to) = self.peek().filter(char::is_ascii_digit)
        {
            self.at += 1;
            return Ok(Some(vec![Redirect::Duplicate(fd(1), to as u8 - b'0')]));
        }
        if self.peek().is_none_or(|c| "\n;&|".contains(c)) {
            return self.unexpected();
        }
        let word = self.word()?;
        let mut redirects = vec![match kind {
            "<" => Redirect::Read(word),
            ">>" => Redirect::Append(fd(1), word),
            _ => Redirect::Write(fd(1), word),
        }];
        if both || (kind == ">&" && digit.is_none()) {
            redirects.push(Redirect::Duplicate(2, 1));
        }
        Ok(Some(redirects))
    }

    /// The lines below this one up to the delimiter. They are taken out of the text.
    fn here_document(&mut self) -> Parsed<Word> {
        let tabs = self.take("-");
        self.blanks();
        let delimiter = self.word()?;
        let quoted = delimiter.iter().any(|part| matches!(part, Part::Text { quoted: true, .. }));
        let delimiter: String = delimiter.iter().map(|part| if let Part::Text { text, .. } = part { text.as_str() } else { "" }).collect();
        let Some(line_end) = self.text[self.at..].iter().position(|c| *c == '\n') else { return Err(None) };
        let begin = self.at + line_end + 1;
        let (mut at, mut body) = (begin, String::new());
        while at < self.text.len() {
            let end = self.text[at..].iter().position(|c| *c == '\n').map_or(self.text.len(), |n| at + n);
            let line: String = self.text[at..end].iter().collect();
            at = (end + 1).min(self.text.len());
            let line = if tabs { line.trim_start_matches('\t') } else { &line };
            if line == delimiter {
                break;
            }
            body.push_str(line);
            body.push('\n');
        }
        self.text.drain(begin..at);
        if quoted {
            return Ok(vec![Part::Text { text: body, quoted: true }]);
        }
        let mut inner = Parser { text: body.chars().collect(), at: 0, depth: self.depth + 1 };
        let mut word = Word::new();
        inner.quoted_parts(&mut word, None)?;
        Ok(word)
    }

    /// `((…))`, with its inside as a word.
    fn double_parentheses(&mut self) -> Parsed<Word> {
        self.at += 2;
        let begin = self.at;
        let mut depth = 0;
        while let Some(c) = self.peek() {
            match c {
                '(' => depth += 1,
                ')' if depth == 0 && self.sees("))") => {
                    let mut inner = Parser { text: self.text[begin..self.at].to_vec(), at: 0, depth: self.depth + 1 };
                    self.at += 2;
                    let mut word = Word::new();
                    inner.quoted_parts(&mut word, None)?;
                    return Ok(word);
                }
                ')' => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
        Err(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(), Option<&str>>) {
        let seen = parse(text).map(|_| ()).map_err(|e| e.unwrap_or_else(|| "END".to_owned()));
        assert_eq!(seen, expected.map_err(|e| e.unwrap_or("END").to_owned()), "{text}");
    }

    #[test]
    fn scripts_are_read_or_refused() {
        for good in [
            "echo a && b || c; d & e",
            "while true; do date >> /x; sleep 5; done",
            "until nslookup a.b; do echo waiting; sleep 2; done;",
            "if [ -f /a ]; then b; elif c; then d; else e; fi > /x 2>&1",
            "case $1 in a|b) c ;; *) d; esac",
            "for i in 1 2 \"$x\"; do echo ${i:-no} ${#i} ${i%.*} $((i+1)) `ls`; done",
            "f() { echo hi; }; function g { f; }; (f; g) | cat",
            "cat <<EOF > /a\nx $y\nEOF\necho done",
            "[[ $a == b && $c ]] && echo yes",
            "for ((i=0; i<3; i++)); do :; done",
            "# only a comment\n\n",
            "a=1 b= c=$(date) env",
            "echo a#b # c",
        ] {
            check(good, Ok(()));
        }
        check("if true; then", Err(None));
        check("echo 'a", Err(None));
        check("done", Err(Some("done")));
        check("while true; do done", Err(Some("done")));
        check("echo a; ; b", Err(Some(";")));
        check("echo )", Err(Some(")")));
    }
}
