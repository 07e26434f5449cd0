//! What a shell script is made of.

/// A word: its parts stand together without a blank between them.
pub type Word = Vec<Part>;

/// A part of a word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// Text as it is. Unquoted text may be a pattern for file names.
    Text {
        /// The text.
        text: String,
        /// Whether it stood in quotes or behind a backslash.
        quoted: bool,
    },
    /// `$name`, `${name:-word}`.
    Variable {
        /// A name, a digit or one of `?#$!@*-`.
        name: String,
        /// What is done with its value.
        change: Change,
        /// Whether it stood in double quotes.
        quoted: bool,
    },
    /// `$(commands)` or the same in backquotes.
    Command {
        /// The commands.
        list: Box<Node>,
        /// Whether it stood in double quotes.
        quoted: bool,
    },
    /// `$((expression))`: the expression with its variables still unread.
    Arithmetic(Word),
}

/// What `${…}` does with a variable's value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Nothing.
    Plain,
    /// `${#name}`
    Length,
    /// `${name-word}`: this word if the variable isn't set; with a colon also if it is empty. So for `=`, `?` and `+`.
    Instead {
        /// One of `-=?+`.
        operator: char,
        /// Whether empty counts as not set.
        empty_too: bool,
        /// The word.
        word: Word,
    },
    /// `${name%pattern}`, `${name##pattern}`: cut off at an end.
    Cut {
        /// From the end, not from the beginning.
        suffix: bool,
        /// The longest match instead of the shortest.
        longest: bool,
        /// The pattern.
        pattern: Word,
    },
    /// `${name/pattern/text}`
    Replace {
        /// Everywhere, not only once.
        all: bool,
        /// The pattern.
        pattern: Word,
        /// What takes its place.
        text: Word,
    },
    /// `${name:offset:length}`
    Slice(i64, Option<i64>),
}

/// Where a redirection leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Redirect {
    /// `fd> file`
    Write(u8, Word),
    /// `fd>> file`
    Append(u8, Word),
    /// `fd>&other`
    Duplicate(u8, u8),
    /// `< file`
    Read(Word),
    /// `<<END` or `<<<text`
    Here(Word),
}

/// Programs that ask the network.
const ASKERS: [&str; 11] = ["curl", "dig", "getent", "host", "mysqladmin", "nc", "nslookup", "pg_isready", "ping", "redis-cli", "wget"];

/// A command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Node {
    /// `a=b command word… > file`
    Simple {
        /// Variables that are set for it, or if there is no word for all that follows.
        sets: Vec<(String, Word)>,
        /// The command and its arguments.
        words: Vec<Word>,
        /// Redirections.
        redirects: Vec<Redirect>,
    },
    /// `a | b`
    Pipe(Vec<Node>),
    /// `! a`
    Not(Box<Node>),
    /// `a && b`
    And(Box<Node>, Box<Node>),
    /// `a || b`
    Or(Box<Node>, Box<Node>),
    /// Commands one after another; true: in the background.
    List(Vec<(Node, bool)>),
    /// `if`: conditions with what follows them, and the rest.
    If(Vec<(Node, Node)>, Option<Box<Node>>),
    /// `while`, or `until`.
    Loop {
        /// `until`
        until: bool,
        /// The condition.
        condition: Box<Node>,
        /// What is done.
        body: Box<Node>,
    },
    /// `for name in words`; without `in` over the arguments.
    For(String, Option<Vec<Word>>, Box<Node>),
    /// `for ((begin; condition; step))`
    Count([Word; 3], Box<Node>),
    /// `case`
    Case(Word, Vec<(Vec<Word>, Node)>),
    /// `( list )`
    Subshell(Box<Node>),
    /// `name() { … }`
    Function(String, Box<Node>),
    /// `((expression))`
    Arithmetic(Word),
    /// A compound command with redirections.
    Redirected(Box<Node>, Vec<Redirect>),
}

impl Node {
    /// Whether a loop with this body can be left from inside, other than by a signal.
    pub fn may_leave(&self) -> bool {
        match self {
            Node::Simple { words, redirects: _, .. } => match words.first().map(Vec::as_slice) {
                Some([Part::Text { text, .. }]) => {
                    matches!(text.as_str(), "break" | "exit" | "return" | "exec" | "kill" | "set" | "eval" | ".")
                }
                Some(_) => true,
                None => false,
            },
            Node::Pipe(nodes) => nodes.iter().any(Node::may_leave),
            Node::Not(node) | Node::Redirected(node, _) | Node::Subshell(node) => node.may_leave(),
            Node::And(a, b) | Node::Or(a, b) => a.may_leave() || b.may_leave(),
            Node::List(list) => list.iter().any(|(node, _)| node.may_leave()),
            Node::If(arms, rest) => {
                arms.iter().any(|(condition, then)| condition.may_leave() || then.may_leave())
                    || rest.as_ref().is_some_and(|r| r.may_leave())
            }
            Node::Loop { condition, body, .. } => condition.may_leave() || body.may_leave(),
            Node::For(_, _, body) | Node::Count(_, body) => body.may_leave(),
            Node::Case(_, arms) => arms.iter().any(|(_, node)| node.may_leave()),
            Node::Function(..) | Node::Arithmetic(_) => false,
        }
    }

    /// Whether it has a word in it that is the name of one of the programs that ask the network.
    pub fn asks(&self) -> bool {
        let in_words = |words: &[Word]| {
            words.iter().flatten().any(|part| match part {
                Part::Text { text, .. } => ASKERS.contains(&text.as_str()),
                Part::Command { list, .. } => list.asks(),
                Part::Variable { .. } | Part::Arithmetic(_) => false,
            })
        };
        match self {
            Node::Simple { sets, words, .. } => in_words(words) || sets.iter().any(|(_, word)| in_words(std::slice::from_ref(word))),
            Node::Pipe(nodes) => nodes.iter().any(Node::asks),
            Node::Not(node) | Node::Redirected(node, _) | Node::Subshell(node) => node.asks(),
            Node::And(a, b) | Node::Or(a, b) => a.asks() || b.asks(),
            Node::List(list) => list.iter().any(|(node, _)| node.asks()),
            Node::If(arms, rest) => {
                arms.iter().any(|(condition, then)| condition.asks() || then.asks()) || rest.as_ref().is_some_and(|rest| rest.asks())
            }
            Node::Loop { condition, body, .. } => condition.asks() || body.asks(),
            Node::For(_, _, body) | Node::Count(_, body) => body.asks(),
            Node::Case(_, arms) => arms.iter().any(|(_, node)| node.asks()),
            Node::Function(..) | Node::Arithmetic(_) => false,
        }
    }

    /// Whether this is `true`, `:` or the like: as a condition of `while` it holds for ever.
    pub fn is_true(&self) -> bool {
        let texts = |words: &[Word]| -> Option<Vec<String>> {
            words
                .iter()
                .map(|word| match word.as_slice() {
                    [Part::Text { text, .. }] => Some(text.clone()),
                    _ => None,
                })
                .collect()
        };
        match self {
            Node::Simple { words, .. } => {
                let words = texts(words).unwrap_or_default();
                matches!(
                    words.iter().map(String::as_str).collect::<Vec<_>>().as_slice(),
                    ["true" | ":" | "sleep", ..] | ["[" | "[[", _, "]" | "]]"]
                )
            }
            Node::List(list) => matches!(list.as_slice(), [(one, false)] if one.is_true()),
            Node::Arithmetic(word) => matches!(word.as_slice(), [Part::Text { text, .. }] if text.trim() == "1"),
            _ => false,
        }
    }
}
