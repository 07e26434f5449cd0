//! A set of paths: which fields of an object somebody owns. Mirrors `vendor/sigs.k8s.io/structured-merge-diff/v6/fieldpath/{set,serialize}.go`,
//! v1.36. Upstream keeps members and children in two lists; here a node says whether it is a member, and has what lies below it.

use super::element::Element;
use super::shape::View;
use serde_json::{Map, Value};

/// A set of paths, as a tree. No node is empty: each is a member or has members below.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct FieldSet {
    nodes: Vec<Node>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Node {
    element: Element,
    /// Whether the path that ends here is in the set.
    member: bool,
    below: FieldSet,
}

impl Node {
    fn new(element: &Element, member: bool, below: FieldSet) -> Option<Node> {
        (member || !below.is_empty()).then(|| Node { element: element.clone(), member, below })
    }
}

impl FieldSet {
    /// Of these paths.
    pub fn of<'a>(paths: impl IntoIterator<Item = &'a [&'a str]>) -> FieldSet {
        let mut set = FieldSet::default();
        for path in paths {
            let path: Vec<Element> = path.iter().map(|name| Element::field(name)).collect();
            set.insert(&path);
        }
        set
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Adds a path. The empty path, the object itself, is never owned.
    pub fn insert(&mut self, path: &[Element]) {
        let Some((first, rest)) = path.split_first() else { return };
        let at = match self.nodes.binary_search_by(|node| node.element.cmp(first)) {
            Ok(at) => at,
            Err(at) => {
                self.nodes.insert(at, Node { element: first.clone(), member: false, below: FieldSet::default() });
                at
            }
        };
        if rest.is_empty() {
            self.nodes[at].member = true;
        } else {
            self.nodes[at].below.insert(rest);
        }
    }

    fn node(&self, element: &Element) -> Option<&Node> {
        self.nodes.binary_search_by(|node| node.element.cmp(element)).ok().map(|at| &self.nodes[at])
    }

    /// Whether the path of this one element is in the set.
    pub fn has_element(&self, element: &Element) -> bool {
        self.node(element).is_some_and(|node| node.member)
    }

    /// What lies below an element, if anything.
    pub fn below(&self, element: &Element) -> Option<&FieldSet> {
        self.node(element).map(|node| &node.below).filter(|below| !below.is_empty())
    }

    /// Whether the path is in the set.
    pub fn has(&self, path: &[Element]) -> bool {
        match path {
            [] => false,
            [last] => self.has_element(last),
            [first, rest @ ..] => self.node(first).is_some_and(|node| node.below.has(rest)),
        }
    }

    /// Both sets' nodes side by side, in order.
    fn zip(&self, other: &FieldSet, mut join: impl FnMut(Option<&Node>, Option<&Node>) -> Option<Node>) -> FieldSet {
        let (mut ours, mut theirs) = (self.nodes.iter().peekable(), other.nodes.iter().peekable());
        let mut nodes = Vec::new();
        loop {
            let order = match (ours.peek(), theirs.peek()) {
                (None, None) => return FieldSet { nodes },
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(a), Some(b)) => a.element.cmp(&b.element),
            };
            let a = if order.is_le() { ours.next() } else { None };
            let b = if order.is_ge() { theirs.next() } else { None };
            nodes.extend(join(a, b));
        }
    }

    /// What is in either.
    pub fn union(&self, other: &FieldSet) -> FieldSet {
        self.zip(other, |a, b| match (a, b) {
            (Some(a), Some(b)) => Node::new(&a.element, a.member || b.member, a.below.union(&b.below)),
            (one, other) => one.or(other).cloned(),
        })
    }

    /// What is in both.
    pub fn intersection(&self, other: &FieldSet) -> FieldSet {
        self.zip(other, |a, b| {
            let (a, b) = (a?, b?);
            Node::new(&a.element, a.member && b.member, a.below.intersection(&b.below))
        })
    }

    /// What is here and not there, path by path: what lies below a path stays.
    pub fn difference(&self, other: &FieldSet) -> FieldSet {
        self.zip(other, |a, b| {
            let a = a?;
            match b {
                Some(b) => Node::new(&a.element, a.member && !b.member, a.below.difference(&b.below)),
                None => Some(a.clone()),
            }
        })
    }

    /// What is here, without the paths there and all that lies below them.
    pub fn recursive_difference(&self, other: &FieldSet) -> FieldSet {
        self.zip(other, |a, b| {
            let a = a?;
            match b {
                Some(b) if b.member => None,
                Some(b) => Node::new(&a.element, a.member, a.below.recursive_difference(&b.below)),
                None => Some(a.clone()),
            }
        })
    }

    /// The paths below which there is nothing.
    pub fn leaves(&self) -> FieldSet {
        let leaf = |node: &Node| Node::new(&node.element, node.member && node.below.is_empty(), node.below.leaves());
        FieldSet { nodes: self.nodes.iter().filter_map(leaf).collect() }
    }

    /// With every field that its type knows by name as a member, if something below it is: what is removed from an object is removed
    /// with the fields around it, unless they hold something else.
    pub fn with_named_fields(&self, view: View) -> FieldSet {
        let (map, item) = view.containers();
        let named = |node: &Node| {
            let (member, below) = match (&node.element, map, item) {
                (Element::Field(name), Some(map), _) => {
                    (map.has_field(name) && !node.below.is_empty(), map.member(name).map(|view| node.below.with_named_fields(view)))
                }
                (Element::Key(_), _, Some(item)) => (false, Some(node.below.with_named_fields(item))),
                _ => (false, None),
            };
            let below = below.unwrap_or_else(|| node.below.clone());
            Node { element: node.element.clone(), member: node.member || member, below }
        };
        FieldSet { nodes: self.nodes.iter().map(named).collect() }
    }

    /// All paths: those that end at a level come before those that go on.
    pub fn paths(&self) -> Vec<Vec<Element>> {
        let mut all = Vec::new();
        self.walk(&mut Vec::new(), &mut all);
        all
    }

    fn walk(&self, prefix: &mut Vec<Element>, all: &mut Vec<Vec<Element>>) {
        for node in self.nodes.iter().filter(|node| node.member) {
            prefix.push(node.element.clone());
            all.push(prefix.clone());
            prefix.pop();
        }
        for node in &self.nodes {
            prefix.push(node.element.clone());
            node.below.walk(prefix, all);
            prefix.pop();
        }
    }

    /// As `fieldsV1`.
    pub fn to_json(&self) -> Value {
        let entry = |node: &Node| {
            let mut below = node.below.to_json();
            if let Some(below) = below.as_object_mut().filter(|below| node.member && !below.is_empty()) {
                below.insert(".".to_owned(), Value::Object(Map::new()));
            }
            (node.element.key(), below)
        };
        Value::Object(self.nodes.iter().map(entry).collect())
    }

    /// From `fieldsV1`; `None` if it isn't well formed.
    pub fn from_json(tree: &Value) -> Option<FieldSet> {
        Some(Self::read(tree)?.0)
    }

    /// The set, and whether the path to it is a member: if it says so, or if nothing lies below.
    fn read(tree: &Value) -> Option<(FieldSet, bool)> {
        let none = Map::new();
        let fields = if tree.is_null() { &none } else { tree.as_object()? };
        let mut set = FieldSet::default();
        for (key, below) in fields.iter().filter(|(key, _)| *key != ".") {
            let Some(element) = Element::parse(key).ok()? else { continue };
            let (below, member) = Self::read(below)?;
            let at = set.nodes.binary_search_by(|node| node.element.cmp(&element)).unwrap_or_else(|at| at);
            set.nodes.insert(at, Node { element, member, below });
        }
        let member = fields.contains_key(".") || set.is_empty();
        Some((set, member))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(tree: Value) -> FieldSet {
        FieldSet::from_json(&tree).expect("it is well formed")
    }

    #[test]
    fn comes_back_as_it_was_written() {
        let tree = json!({"f:data": {".": {}, "f:a": {}}, "f:list": {"k:{\"name\":\"x\"}": {".": {}, "f:name": {}}, "v:1": {}}});
        assert_eq!(set(tree.clone()).to_json(), tree);
        assert_eq!(set(json!({"f:a": {".": {}}})).to_json(), json!({"f:a": {}}));
        assert_eq!(set(json!({"x:a": {}, "f:a": null})).to_json(), json!({"f:a": {}}));
        assert_eq!(FieldSet::from_json(&json!({"a": {}})), None);
        assert_eq!(FieldSet::from_json(&json!([])), None);
    }

    #[test]
    fn ports_come_in_order_of_their_numbers() {
        let ports = set(json!({"k:{\"port\":443}": {}, "k:{\"port\":80}": {}, "f:z": {"f:y": {}}, "f:a": {}}));
        let paths: Vec<String> = ports.paths().iter().map(|path| super::super::element::shown(path)).collect();
        assert_eq!(paths, [".a", "[port=80]", "[port=443]", ".z.y"]);
    }

    #[test]
    fn algebra() {
        let a = || set(json!({"f:a": {".": {}, "f:x": {}, "f:y": {}}, "f:b": {}}));
        let b = || set(json!({"f:a": {"f:x": {}}, "f:c": {}}));
        let check = |got: FieldSet, want: Value| assert_eq!(got.to_json(), want);
        check(a().union(&b()), json!({"f:a": {".": {}, "f:x": {}, "f:y": {}}, "f:b": {}, "f:c": {}}));
        check(a().intersection(&b()), json!({"f:a": {"f:x": {}}}));
        check(a().difference(&b()), json!({"f:a": {".": {}, "f:y": {}}, "f:b": {}}));
        check(a().difference(&set(json!({"f:a": {}}))), json!({"f:a": {"f:x": {}, "f:y": {}}, "f:b": {}}));
        check(a().recursive_difference(&set(json!({"f:a": {}}))), json!({"f:b": {}}));
        check(a().recursive_difference(&b()), json!({"f:a": {".": {}, "f:y": {}}, "f:b": {}}));
        check(a().leaves(), json!({"f:a": {"f:x": {}, "f:y": {}}, "f:b": {}}));
        assert!(a().difference(&a()).is_empty() && a().has(&[Element::field("a"), Element::field("x")]));
    }
}
