//! YAML text to a tree of what is written: scalars as texts, every value and key with its place. Aliases and merges (`<<`) are carried
//! out. What a scalar means is for the readers of the tree to say: [`super::documents`] and [`super::typed`].

use super::{DEPTH_MAX, VALUES_MAX, YamlError, words};
use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};
use std::collections::BTreeMap;

/// Line and column, both from 1.
pub type Place = (usize, usize);

/// A value, and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) written: Written,
}

/// What a value is written as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Written {
    /// A text; `plain` if nothing says that it is to be read as one: no quotes, no block, no tag.
    Scalar {
        text: String,
        plain: bool,
    },
    Sequence(Vec<Node>),
    /// Keys are scalars. One may be there twice.
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// A key's text.
    pub(super) fn text(&self) -> &str {
        if let Written::Scalar { text, .. } = &self.written { text } else { "" }
    }

    fn is_merge(&self) -> bool {
        matches!(&self.written, Written::Scalar { text, plain: true } if text == "<<")
    }

    /// How many values there are in it, itself too.
    fn size(&self) -> usize {
        match &self.written {
            Written::Scalar { .. } => 1,
            Written::Sequence(items) => 1 + items.iter().map(Node::size).sum::<usize>(),
            Written::Mapping(entries) => 1 + entries.iter().map(|(_, value)| value.size()).sum::<usize>(),
        }
    }
}

/// Reads all documents, empty ones too.
///
/// # Errors
/// The first place that isn't YAML, is nested too deeply, or expands to too much.
pub(super) fn read(text: &str) -> Result<Vec<Node>, YamlError> {
    let mut reader = Reader { text, parser: Parser::new_from_str(text), anchors: BTreeMap::new(), values: 0 };
    let mut documents = Vec::new();
    while let Some((event, span)) = reader.next()? {
        if matches!(event, Event::StreamStart | Event::StreamEnd | Event::DocumentStart(..) | Event::DocumentEnd) {
            continue;
        }
        reader.anchors.clear();
        documents.push(reader.value(event, span, 0)?);
    }
    Ok(documents)
}

struct Reader<'a> {
    text: &'a str,
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    anchors: BTreeMap<usize, Node>,
    values: usize,
}

fn place(span: Span) -> Place {
    (span.start.line(), span.start.col() + 1)
}

fn error_at((line, column): Place, message: &str) -> YamlError {
    YamlError { line, column, message: message.to_owned(), told_line: None }
}

fn scan_error(error: &ScanError, text: &str) -> YamlError {
    let (message, told_line) = words::describe(error, text);
    YamlError { line: error.marker().line(), column: error.marker().col() + 1, message, told_line }
}

impl<'a> Reader<'a> {
    /// The next event that isn't a comment.
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, YamlError> {
        loop {
            match self.parser.next().transpose().map_err(|error| scan_error(&error, self.text))? {
                Some((Event::Comment(..), _)) => {}
                other => return Ok(other),
            }
        }
    }

    fn must(&mut self, after: Place) -> Result<(Event<'a>, Span), YamlError> {
        self.next()?.ok_or_else(|| error_at(after, "unexpected end of the document"))
    }

    fn value(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, YamlError> {
        let place = place(span);
        if depth > DEPTH_MAX {
            return Err(error_at(place, "exceeded max depth"));
        }
        self.count(1, place)?;
        let (written, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.is_some_and(|tag| tag.to_string().ends_with("str"));
                (Written::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain && !is_text }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => (self.sequence(place, depth)?, anchor),
            Event::MappingStart(_, anchor, _) => (self.mapping(place, depth)?, anchor),
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned().ok_or_else(|| error_at(place, "unknown anchor"))?;
                self.count(node.size(), place)?;
                (node.written, 0)
            }
            _ => return Err(error_at(place, "a value was expected here")),
        };
        let node = Node { place, written };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn count(&mut self, values: usize, place: Place) -> Result<(), YamlError> {
        self.values = self.values.saturating_add(values);
        if self.values > VALUES_MAX { Err(error_at(place, "document contains excessive aliasing")) } else { Ok(()) }
    }

    fn sequence(&mut self, start: Place, depth: usize) -> Result<Written, YamlError> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.must(start)?;
            if event == Event::SequenceEnd {
                return Ok(Written::Sequence(items));
            }
            items.push(self.value(event, span, depth + 1)?);
        }
    }

    fn mapping(&mut self, start: Place, depth: usize) -> Result<Written, YamlError> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        let mut merged: Vec<Node> = Vec::new();
        loop {
            let (event, span) = self.must(start)?;
            if event == Event::MappingEnd {
                break;
            }
            let Event::Scalar(text, style, ..) = event else { return Err(error_at(place(span), "invalid map key")) };
            let written = Written::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain };
            let key = Node { place: place(span), written };
            let (event, span) = self.must(key.place)?;
            let value = self.value(event, span, depth + 1)?;
            if !key.is_merge() {
                entries.push((key, value));
            } else if let Written::Sequence(list) = value.written {
                merged.extend(list);
            } else {
                merged.push(value);
            }
        }
        for node in merged {
            let Written::Mapping(fields) = node.written else {
                return Err(error_at(start, "map merge requires map or sequence of maps as the value"));
            };
            for (key, value) in fields {
                if !entries.iter().any(|(known, _)| known.text() == key.text()) {
                    entries.push((key, value));
                }
            }
        }
        Ok(Written::Mapping(entries))
    }
}
