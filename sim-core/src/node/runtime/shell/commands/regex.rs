//! Regular expressions as grep and sed read them, by backtracking over small texts.

/// So many steps are tried at most: after them nothing matches.
const STEPS_MAX: u32 = 200_000;

/// A regular expression.
pub(super) struct Regex {
    root: Item,
    groups: usize,
}

enum Item {
    /// Alternatives, each a row of items.
    Either(Vec<Vec<Item>>),
    /// A group that can be referred to.
    Group(usize, Box<Item>),
    /// So many times at least and at most.
    Times(Box<Item>, u32, u32),
    Char(char),
    Any,
    Set(Vec<(char, char)>, bool),
    Begin,
    End,
}

/// Where a match and its groups begin and end.
pub(super) type Found = Vec<Option<(usize, usize)>>;

impl Regex {
    /// Reads an expression; in basic ones, `+?|(){}` mean something behind a backslash only.
    pub(super) fn new(text: &str, extended: bool) -> Option<Regex> {
        let mut reader = Reader { text: text.chars().collect(), at: 0, extended, groups: 0 };
        let root = reader.either()?;
        (reader.at == reader.text.len()).then_some(Regex { root, groups: reader.groups })
    }

    /// The first match.
    pub(super) fn find(&self, text: &str) -> Option<Found> {
        self.find_from(text, 0)
    }

    /// The first match at or after a place.
    pub(super) fn find_from(&self, text: &str, from: usize) -> Option<Found> {
        let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]).filter(|at| *at >= from);
        for start in starts {
            let mut matcher = Matcher { text, groups: vec![None; self.groups + 1], steps: 0 };
            let mut end = None;
            if matcher.item(&self.root, start, &mut |_, at| {
                end = Some(at);
                true
            }) {
                let mut groups = matcher.groups;
                groups[0] = end.map(|end| (start, end));
                return Some(groups);
            }
        }
        None
    }
}

struct Reader {
    text: Vec<char>,
    at: usize,
    extended: bool,
    groups: usize,
}

impl Reader {
    fn operator(&mut self, c: char) -> bool {
        let sees = if self.extended {
            self.text.get(self.at) == Some(&c)
        } else {
            self.text.get(self.at) == Some(&'\\') && self.text.get(self.at + 1) == Some(&c)
        };
        if sees {
            self.at += if self.extended { 1 } else { 2 };
        }
        sees
    }

    fn sees_operator(&mut self, c: char) -> bool {
        let at = self.at;
        let sees = self.operator(c);
        self.at = at;
        sees
    }

    fn either(&mut self) -> Option<Item> {
        let mut all = vec![self.row()?];
        while self.operator('|') {
            all.push(self.row()?);
        }
        Some(Item::Either(all))
    }

    fn row(&mut self) -> Option<Vec<Item>> {
        let mut row = Vec::new();
        while self.at < self.text.len() && !self.sees_operator('|') && !(self.groups > 0 && self.sees_operator(')')) {
            let item = self.one()?;
            row.push(self.repeated(item)?);
        }
        Some(row)
    }

    fn repeated(&mut self, mut item: Item) -> Option<Item> {
        loop {
            let (least, most) = if self.text.get(self.at) == Some(&'*') {
                self.at += 1;
                (0, u32::MAX)
            } else if self.operator('+') {
                (1, u32::MAX)
            } else if self.operator('?') {
                (0, 1)
            } else if self.operator('{') {
                let mut inner = String::new();
                while !self.operator('}') {
                    inner.push(*self.text.get(self.at)?);
                    self.at += 1;
                }
                let (least, most) = inner.split_once(',').unwrap_or((&inner, &inner));
                (least.parse().unwrap_or(0), if most.is_empty() { u32::MAX } else { most.parse().ok()? })
            } else {
                return Some(item);
            };
            item = Item::Times(Box::new(item), least, most);
        }
    }

    fn one(&mut self) -> Option<Item> {
        if self.operator('(') {
            self.groups += 1;
            let number = self.groups;
            let inner = self.either()?;
            return self.operator(')').then(|| Item::Group(number, Box::new(inner)));
        }
        let c = *self.text.get(self.at)?;
        self.at += 1;
        Some(match c {
            '.' => Item::Any,
            '^' => Item::Begin,
            '$' => Item::End,
            '[' => self.set()?,
            '\\' => {
                let next = *self.text.get(self.at)?;
                self.at += 1;
                match next {
                    'd' => Item::Set(vec![('0', '9')], false),
                    's' => Item::Set(vec![(' ', ' '), ('\t', '\t')], false),
                    'w' => Item::Set(vec![('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')], false),
                    'n' => Item::Char('\n'),
                    't' => Item::Char('\t'),
                    other => Item::Char(other),
                }
            }
            c => Item::Char(c),
        })
    }

    fn set(&mut self) -> Option<Item> {
        let negated = self.text.get(self.at) == Some(&'^');
        self.at += usize::from(negated);
        let mut set = Vec::new();
        let begin = self.at;
        loop {
            let c = *self.text.get(self.at)?;
            if c == ']' && self.at > begin {
                self.at += 1;
                return Some(Item::Set(set, negated));
            }
            let rest: String = self.text[self.at..].iter().take(10).collect();
            let class = [
                ("[:digit:]", &[('0', '9')][..]),
                ("[:alpha:]", &[('a', 'z'), ('A', 'Z')]),
                ("[:space:]", &[(' ', ' '), ('\t', '\t'), ('\n', '\n')]),
                ("[:alnum:]", &[('a', 'z'), ('A', 'Z'), ('0', '9')]),
                ("[:upper:]", &[('A', 'Z')]),
                ("[:lower:]", &[('a', 'z')]),
            ];
            if let Some((name, ranges)) = class.iter().find(|(name, _)| rest.starts_with(name)) {
                set.extend_from_slice(ranges);
                self.at += name.len();
                continue;
            }
            match (self.text.get(self.at + 1), self.text.get(self.at + 2)) {
                (Some('-'), Some(end)) if *end != ']' => {
                    set.push((c, *end));
                    self.at += 3;
                }
                _ => {
                    set.push((c, c));
                    self.at += 1;
                }
            }
        }
    }
}

struct Matcher<'t> {
    text: &'t str,
    groups: Found,
    steps: u32,
}

/// What must match after an item.
type Then<'t, 'f> = &'f mut dyn FnMut(&mut Matcher<'t>, usize) -> bool;

impl<'t> Matcher<'t> {
    fn item(&mut self, item: &Item, at: usize, then: Then<'t, '_>) -> bool {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return false;
        }
        let next = self.text[at..].chars().next();
        let one = |matches: bool| matches.then(|| at + next.map_or(0, char::len_utf8));
        let place = match item {
            Item::Either(rows) => return rows.iter().any(|row| self.row(row, at, then)),
            Item::Group(number, inner) => {
                let before = self.groups[*number];
                let number = *number;
                let found = self.item(inner, at, &mut |matcher, end| {
                    let old = matcher.groups[number].replace((at, end));
                    let found = then(matcher, end);
                    if !found {
                        matcher.groups[number] = old;
                    }
                    found
                });
                if !found {
                    self.groups[number] = before;
                }
                return found;
            }
            Item::Times(inner, least, most) => return self.times(inner, *least, *most, at, then),
            Item::Begin => (at == 0).then_some(at),
            Item::End => (at == self.text.len()).then_some(at),
            Item::Any => one(next.is_some()),
            Item::Char(c) => one(next == Some(*c)),
            Item::Set(set, negated) => one(next.is_some_and(|c| set.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *negated)),
        };
        place.is_some_and(|place| then(self, place))
    }

    fn row(&mut self, row: &[Item], at: usize, then: Then<'t, '_>) -> bool {
        match row.split_first() {
            None => then(self, at),
            Some((first, rest)) => self.item(first, at, &mut |matcher, place| matcher.row(rest, place, then)),
        }
    }

    fn times(&mut self, item: &Item, least: u32, most: u32, at: usize, then: Then<'t, '_>) -> bool {
        // Single characters, which is nearly always: as many as there are, then fewer. Without recursion.
        if matches!(item, Item::Any | Item::Char(_) | Item::Set(..)) {
            let mut places = vec![at];
            while places.len() as u64 <= u64::from(most) {
                let mut place = None;
                let from = places[places.len() - 1];
                if !self.item(item, from, &mut |_, end| {
                    place = Some(end);
                    true
                }) {
                    break;
                }
                places.extend(place);
            }
            return places.iter().enumerate().rev().any(|(count, place)| count as u64 >= u64::from(least) && then(self, *place));
        }
        if most > 0
            && self.item(item, at, &mut |matcher, place| place > at && matcher.times(item, least.saturating_sub(1), most - 1, place, then))
        {
            return true;
        }
        least == 0 && then(self, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expression: &str, extended: bool, text: &str, expected: Option<&str>) {
        let found = Regex::new(expression, extended).expect(expression).find(text).and_then(|groups| groups[0]);
        assert_eq!(found.map(|(from, to)| &text[from..to]), expected, "{expression}");
    }

    #[test]
    fn expressions() {
        check("b+", true, "abbc", Some("bb"));
        check("b+", false, "ab+c", Some("b+"));
        check("^a.*c$", false, "abbc", Some("abbc"));
        check("(ab|cd)+e", true, "xababcde", Some("ababcde"));
        check("[0-9]\\{2,3\\}", false, "a1234", Some("123"));
        check("[^a-c]", false, "abcd", Some("d"));
        check("a?$", true, "bb", Some(""));
        check("x", true, "abc", None);
        let groups = Regex::new("\\([a-z]*\\)=\\(.*\\)", false).expect("it").find("key=value").expect("found");
        assert_eq!(groups[1..], [Some((0, 3)), Some((4, 9))]);
    }
}
