//! Tables that are cheap to copy: trees of pages behind `Arc`s, copied when written to while somebody else still holds them.
//!
//! A checkpoint of a whole cluster is a clone of its tables: one pointer for 4,096 rows of a [`Table`], one for a whole [`Index`]. Writing
//! afterwards copies only the pages that change, and the way to them.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// Rows per page of a [`Table`], and pages per branch.
const PAGE: usize = 64;
/// Rows per branch of a [`Table`].
const BRANCH: usize = PAGE * PAGE;
/// Most entries in a node of an [`Index`]. Tests have small nodes, so that a few hundred keys make a tree with several levels.
const NODE: usize = if cfg!(test) { 8 } else { 64 };
/// Most levels of an [`Index`]. A level more takes at least nine splits of the level below, each after as many insertions: a twelfth would
/// take more operations than any run has.
const LEVELS: usize = 12;
/// Entries per chunk of a [`Log`].
const CHUNK: usize = 1024;

/// Rows by dense number. Absent rows cost nothing once their whole page is absent.
#[derive(Clone)]
pub struct Table<T> {
    branches: Vec<Option<Arc<Branch<T>>>>,
    len: usize,
}

#[derive(Clone)]
struct Branch<T> {
    pages: [Option<Arc<Page<T>>>; PAGE],
    used: usize,
}

#[derive(Clone)]
struct Page<T> {
    rows: Vec<Option<T>>,
    used: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { branches: Vec::new(), len: 0 }
    }
}

/// Where a row stands: its branch, its page in that, its place on the page.
fn place(id: u32) -> (usize, usize, usize) {
    let id = id as usize;
    (id / BRANCH, id / PAGE % PAGE, id % PAGE)
}

impl<T: Clone> Table<T> {
    /// The row, if present.
    pub fn get(&self, id: u32) -> Option<&T> {
        let (branch, page, row) = place(id);
        self.branches.get(branch)?.as_ref()?.pages[page].as_ref()?.rows[row].as_ref()
    }

    /// The row, to be changed in place.
    pub fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        self.get(id)?;
        let (branch, page, row) = place(id);
        let branch = Arc::make_mut(self.branches[branch].as_mut()?);
        Arc::make_mut(branch.pages[page].as_mut()?).rows[row].as_mut()
    }

    /// Sets the row and returns what was there.
    pub fn insert(&mut self, id: u32, row: T) -> Option<T> {
        let (branch, page, at) = place(id);
        if branch >= self.branches.len() {
            self.branches.resize_with(branch + 1, || None);
        }
        let empty = || Arc::new(Branch { pages: [const { None }; PAGE], used: 0 });
        let branch = Arc::make_mut(self.branches[branch].get_or_insert_with(empty));
        if branch.pages[page].is_none() {
            branch.pages[page] = Some(Arc::new(Page { rows: vec![None; PAGE], used: 0 }));
            branch.used += 1;
        }
        let page = Arc::make_mut(branch.pages[page].as_mut().expect("it was just made sure of"));
        let old = page.rows[at].replace(row);
        if old.is_none() {
            page.used += 1;
            self.len += 1;
        }
        old
    }

    /// Removes the row and returns it. A page that becomes empty is given back.
    pub fn remove(&mut self, id: u32) -> Option<T> {
        self.get(id)?;
        let (at, page, row) = place(id);
        let branch = Arc::make_mut(self.branches[at].as_mut()?);
        let slot = &mut branch.pages[page];
        let page = Arc::make_mut(slot.as_mut()?);
        let old = page.rows[row].take();
        page.used -= 1;
        self.len -= 1;
        if page.used == 0 {
            *slot = None;
            branch.used -= 1;
            if branch.used == 0 {
                self.branches[at] = None;
            }
        }
        old
    }

    /// How many rows are present.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no row is present.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The rows that are present, in order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let branches = self.branches.iter().enumerate().filter_map(|(at, branch)| Some((at * BRANCH, branch.as_ref()?)));
        let pages = branches.flat_map(|(from, branch)| {
            branch.pages.iter().enumerate().filter_map(move |(at, page)| Some((from + at * PAGE, page.as_ref()?)))
        });
        pages.flat_map(|(from, page)| page.rows.iter().enumerate().filter_map(move |(at, row)| Some(((from + at) as u32, row.as_ref()?))))
    }
}

impl<T: fmt::Debug + Clone> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// A sorted map as a tree of nodes of up to 64 entries (a B+ tree). For looking up by name and for ranges.
#[derive(Clone)]
pub struct Index<K, V> {
    root: Arc<Node<K, V>>,
    len: usize,
}

#[derive(Clone)]
enum Node<K, V> {
    /// The entries.
    Leaf(Vec<(K, V)>),
    /// Children, each with a key that isn't greater than any of its own and greater than any before it. The first child's key says nothing:
    /// what is less than all others belongs there. Never empty.
    Branch(Vec<Child<K, V>>),
}

/// A child of a branch, with its key.
type Child<K, V> = (K, Arc<Node<K, V>>);

impl<K, V> Default for Index<K, V> {
    fn default() -> Self {
        Index { root: Arc::new(Node::Leaf(Vec::new())), len: 0 }
    }
}

/// The child that a key belongs to, if `before` calls the keys up to it.
fn child_for<K, V>(children: &[Child<K, V>], before: impl Fn(&K) -> bool) -> usize {
    children[1..].partition_point(|(k, _)| before(k))
}

/// Splits off the tail of a node that has grown too large. Keys often come in rising order: a split near the end then keeps nodes full.
fn split<T>(entries: &mut Vec<T>, grew_at: usize) -> Option<Vec<T>> {
    if entries.len() <= NODE {
        return None;
    }
    let cut = if grew_at + 1 == entries.len() { NODE * 7 / 8 } else { NODE / 2 };
    Some(entries.split_off(cut))
}

impl<K: Ord + Clone, V: Clone> Node<K, V> {
    fn insert(&mut self, key: K, value: V) -> (Option<V>, Option<(K, Arc<Self>)>) {
        match self {
            Node::Leaf(entries) => match entries.binary_search_by(|(k, _)| k.cmp(&key)) {
                Ok(at) => (Some(std::mem::replace(&mut entries[at].1, value)), None),
                Err(at) => {
                    entries.insert(at, (key, value));
                    let tail = split(entries, at);
                    (None, tail.map(|tail| (tail[0].0.clone(), Arc::new(Node::Leaf(tail)))))
                }
            },
            Node::Branch(children) => {
                let at = child_for(children, |k| *k <= key);
                let (old, more) = Arc::make_mut(&mut children[at].1).insert(key, value);
                let Some(more) = more else { return (old, None) };
                children.insert(at + 1, more);
                let tail = split(children, at + 1);
                (old, tail.map(|tail| (tail[0].0.clone(), Arc::new(Node::Branch(tail)))))
            }
        }
    }

    fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        match self {
            Node::Leaf(entries) => {
                let at = entries.binary_search_by(|(k, _)| k.borrow().cmp(key)).ok()?;
                Some(&mut entries[at].1)
            }
            Node::Branch(children) => {
                let at = child_for(children, |k| k.borrow() <= key);
                Arc::make_mut(&mut children[at].1).get_mut(key)
            }
        }
    }

    fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        match self {
            Node::Leaf(entries) => {
                let at = entries.binary_search_by(|(k, _)| k.borrow().cmp(key)).ok()?;
                Some(entries.remove(at).1)
            }
            Node::Branch(children) => {
                let at = child_for(children, |k| k.borrow() <= key);
                let child = Arc::make_mut(&mut children[at].1);
                let old = child.remove(key)?;
                if child.is_empty() && children.len() > 1 {
                    children.remove(at);
                }
                Some(old)
            }
        }
    }

    /// Whether there are no entries: of a branch, that its last child has none.
    fn is_empty(&self) -> bool {
        match self {
            Node::Leaf(entries) => entries.is_empty(),
            Node::Branch(children) => children.len() == 1 && children[0].1.is_empty(),
        }
    }
}

impl<K: Ord + Clone, V: Clone> Index<K, V> {
    /// The value under `key`.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let mut node = &*self.root;
        loop {
            match node {
                Node::Leaf(entries) => return entries.binary_search_by(|(k, _)| k.borrow().cmp(key)).ok().map(|at| &entries[at].1),
                Node::Branch(children) => node = &children[child_for(children, |k| k.borrow() <= key)].1,
            }
        }
    }

    /// The value under `key`, to be changed in place.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.get(key)?;
        Arc::make_mut(&mut self.root).get_mut(key)
    }

    /// Sets the value under `key` and returns what was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let (old, more) = Arc::make_mut(&mut self.root).insert(key, value);
        if let Some((key, more)) = more {
            // The first child's key says nothing, so any will do.
            let first = (key.clone(), std::mem::replace(&mut self.root, Arc::new(Node::Leaf(Vec::new()))));
            self.root = Arc::new(Node::Branch(vec![first, (key, more)]));
        }
        self.len += usize::from(old.is_none());
        old
    }

    /// Removes the entry under `key` and returns its value.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.get(key)?;
        let old = Arc::make_mut(&mut self.root).remove(key);
        self.len -= 1;
        if self.len == 0 {
            *self = Index::default();
        }
        old
    }

    /// The entries from the first key that isn't less than `from`, in order.
    pub fn from<'a, Q: Ord + ?Sized>(&'a self, from: &Q) -> impl Iterator<Item = (&'a K, &'a V)> + use<'a, K, V, Q>
    where
        K: Borrow<Q>,
    {
        let mut walk = Walk::new(&self.root);
        loop {
            match walk.node {
                Node::Leaf(entries) => {
                    walk.leaf = entries[entries.partition_point(|(k, _)| k.borrow() < from)..].iter();
                    return walk;
                }
                Node::Branch(children) => walk.descend(&children[child_for(children, |k| k.borrow() <= from)..]),
            }
        }
    }

    /// All entries in order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let mut walk = Walk::new(&self.root);
        walk.descend_to_leaf();
        walk
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// A walk over an index from left to right.
struct Walk<'a, K, V> {
    node: &'a Node<K, V>,
    leaf: std::slice::Iter<'a, (K, V)>,
    /// Of each branch on the way down, the children that are still to be visited.
    rest: [&'a [Child<K, V>]; LEVELS],
    depth: usize,
}

impl<'a, K, V> Walk<'a, K, V> {
    fn new(root: &'a Node<K, V>) -> Self {
        Walk { node: root, leaf: [].iter(), rest: [&[]; LEVELS], depth: 0 }
    }

    /// Goes into the first of these children; the others come later.
    fn descend(&mut self, children: &'a [Child<K, V>]) {
        self.node = &children[0].1;
        self.rest[self.depth] = &children[1..];
        self.depth += 1;
    }

    /// Goes down to the leftmost leaf from here.
    fn descend_to_leaf(&mut self) {
        loop {
            match self.node {
                Node::Leaf(entries) => {
                    self.leaf = entries.iter();
                    return;
                }
                Node::Branch(children) => self.descend(children),
            }
        }
    }
}

impl<'a, K, V> Iterator for Walk<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.leaf.next() {
                return Some((key, value));
            }
            // Up to the first branch with children left, and down into the next of them.
            loop {
                self.depth = self.depth.checked_sub(1)?;
                let children = self.rest[self.depth];
                if !children.is_empty() {
                    self.descend(children);
                    break;
                }
            }
            self.descend_to_leaf();
        }
    }
}

impl<K: fmt::Debug + Ord + Clone, V: fmt::Debug + Clone> fmt::Debug for Index<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// An append-only list whose oldest entries can be let go, in chunks. Entries keep their numbers.
#[derive(Clone)]
pub struct Log<T> {
    chunks: std::collections::VecDeque<Arc<Vec<T>>>,
    /// The number of the first entry of the first chunk; a multiple of the chunk size.
    first: u64,
    /// The number of the next entry.
    next: u64,
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Log { chunks: std::collections::VecDeque::new(), first: 0, next: 0 }
    }
}

impl<T: Clone> Log<T> {
    /// Appends an entry and returns its number.
    pub fn push(&mut self, entry: T) -> u64 {
        let number = self.next;
        if (number - self.first) as usize == self.chunks.len() * CHUNK {
            self.chunks.push_back(Arc::new(Vec::with_capacity(64)));
        }
        let last = self.chunks.back_mut().expect("a chunk was just made sure of");
        Arc::make_mut(last).push(entry);
        self.next += 1;
        number
    }

    /// The entry with this number, unless it was let go or doesn't exist yet.
    pub fn get(&self, number: u64) -> Option<&T> {
        let offset = number.checked_sub(self.first)? as usize;
        self.chunks.get(offset / CHUNK)?.get(offset % CHUNK)
    }

    /// The number of the oldest entry still held.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The number that the next entry will have.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The number of the first entry for which `is_before` doesn't hold, in a log in whose order it holds first and then never again.
    pub fn partition_point(&self, is_before: impl Fn(&T) -> bool) -> u64 {
        let (mut from, mut to) = (self.first, self.next);
        while from < to {
            let middle = from + (to - from) / 2;
            if self.get(middle).is_some_and(&is_before) { from = middle + 1 } else { to = middle }
        }
        from
    }

    /// Lets go of whole chunks of entries with numbers below `keep_from`.
    pub fn forget_before(&mut self, keep_from: u64) {
        while self.chunks.len() > 1 && self.first + CHUNK as u64 <= keep_from {
            self.chunks.pop_front();
            self.first += CHUNK as u64;
        }
    }

    /// The entries from number `from` on (or from the oldest held), with their numbers.
    pub fn from(&self, from: u64) -> impl Iterator<Item = (u64, &T)> {
        let from = from.max(self.first);
        (from..self.next).filter_map(|number| self.get(number).map(|entry| (number, entry)))
    }
}

impl<T> fmt::Debug for Log<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Log({}..{})", self.first, self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn an_index_is_a_map_and_its_clones_do_not_change(ops in prop::collection::vec((0u32..3000, 0u8..8), 0..1500)) {
            let (mut index, mut model) = (Index::default(), BTreeMap::new());
            let mut snapshot = None;
            for (n, (key, what)) in ops.into_iter().enumerate() {
                match what {
                    0 => prop_assert_eq!(index.remove(&key), model.remove(&key)),
                    // A whole run goes: leaves and branches become empty, first children among them.
                    1 => for key in key..key + 60 {
                        prop_assert_eq!(index.remove(&key), model.remove(&key));
                    },
                    // Rising and falling runs fill nodes at their ends.
                    2 => for key in key..key + 20 {
                        prop_assert_eq!(index.insert(key, n), model.insert(key, n));
                    },
                    3 => for key in (key..key + 20).rev() {
                        prop_assert_eq!(index.insert(key, n), model.insert(key, n));
                    },
                    4 => prop_assert_eq!(index.get_mut(&key).map(|value| std::mem::replace(value, n)), model.get_mut(&key).map(|value| std::mem::replace(value, n))),
                    _ => prop_assert_eq!(index.insert(key, n), model.insert(key, n)),
                }
                if n == 700 {
                    snapshot = Some((index.clone(), model.clone()));
                }
            }
            for (index, model) in std::iter::once((index, model)).chain(snapshot) {
                prop_assert_eq!(index.len(), model.len());
                prop_assert!(index.iter().eq(model.iter()));
                for from in [0, 17, 500, 1500, 2999, 4000] {
                    prop_assert!(index.from(&from).eq(model.range(from..)));
                    prop_assert_eq!(index.get(&from), model.get(&from));
                }
            }
        }

        #[test]
        fn a_table_is_a_map(ops in prop::collection::vec((0u32..9000, any::<bool>()), 0..400)) {
            let (mut table, mut model) = (Table::default(), BTreeMap::new());
            for (n, (id, insert)) in ops.into_iter().enumerate() {
                if insert {
                    prop_assert_eq!(table.insert(id, n), model.insert(id, n));
                } else {
                    prop_assert_eq!(table.remove(id), model.remove(&id));
                }
            }
            prop_assert_eq!(table.len(), model.len());
            prop_assert!(table.iter().eq(model.iter().map(|(k, v)| (*k, v))));
        }
    }

    #[test]
    fn a_log_forgets_whole_chunks_and_keeps_numbers() {
        let mut log = Log::default();
        for n in 0..5000u64 {
            assert_eq!(log.push(n), n);
        }
        log.forget_before(2500);
        assert_eq!((log.first(), log.next()), (2048, 5000));
        assert_eq!((log.get(2047), log.get(2048), log.get(4999), log.get(5000)), (None, Some(&2048), Some(&4999), None));
        assert_eq!(log.from(4998).map(|(_, n)| *n).collect::<Vec<_>>(), [4998, 4999]);
        assert_eq!(log.from(0).count(), 2952);
    }
}
