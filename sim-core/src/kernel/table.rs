//! Tables that are cheap to copy: pages behind `Arc`s, copied when written to while somebody else still holds them.
//!
//! A checkpoint of a whole cluster is a clone of its tables: one pointer per page of 64 rows. Writing afterwards copies
//! only the pages that change.

use std::fmt;
use std::sync::Arc;

/// Rows per page of a [`Table`].
const PAGE: usize = 64;
/// Most entries in a leaf of an [`Index`].
const LEAF: usize = 96;
/// Entries per chunk of a [`Log`].
const CHUNK: usize = 1024;

/// Rows by dense number. Absent rows cost nothing once their whole page is absent.
#[derive(Clone)]
pub struct Table<T> {
    pages: Vec<Option<Arc<Page<T>>>>,
    len: usize,
}

#[derive(Clone)]
struct Page<T> {
    rows: Vec<Option<T>>,
    used: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { pages: Vec::new(), len: 0 }
    }
}

impl<T: Clone> Table<T> {
    /// The row, if present.
    pub fn get(&self, id: u32) -> Option<&T> {
        let page = self.pages.get(id as usize / PAGE)?.as_ref()?;
        page.rows[id as usize % PAGE].as_ref()
    }

    /// The row, to be changed in place.
    pub fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        let page = self.pages.get_mut(id as usize / PAGE)?.as_mut()?;
        page.rows[id as usize % PAGE].as_ref()?;
        Arc::make_mut(page).rows[id as usize % PAGE].as_mut()
    }

    /// Sets the row and returns what was there.
    pub fn insert(&mut self, id: u32, row: T) -> Option<T> {
        let at = id as usize / PAGE;
        if at >= self.pages.len() {
            self.pages.resize_with(at + 1, || None);
        }
        let page = self.pages[at].get_or_insert_with(|| Arc::new(Page { rows: vec![None; PAGE], used: 0 }));
        let page = Arc::make_mut(page);
        let old = page.rows[id as usize % PAGE].replace(row);
        if old.is_none() {
            page.used += 1;
            self.len += 1;
        }
        old
    }

    /// Removes the row and returns it. A page that becomes empty is given back.
    pub fn remove(&mut self, id: u32) -> Option<T> {
        let slot = self.pages.get_mut(id as usize / PAGE)?;
        let page = slot.as_mut()?;
        page.rows[id as usize % PAGE].as_ref()?;
        let page = Arc::make_mut(page);
        let old = page.rows[id as usize % PAGE].take();
        page.used -= 1;
        self.len -= 1;
        if page.used == 0 {
            *slot = None;
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
        self.pages.iter().enumerate().filter_map(|(at, page)| page.as_ref().map(|page| (at, page))).flat_map(|(at, page)| {
            page.rows.iter().enumerate().filter_map(move |(i, row)| row.as_ref().map(|row| ((at * PAGE + i) as u32, row)))
        })
    }
}

impl<T: fmt::Debug + Clone> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// A sorted map in leaves of up to 96 entries, cheap to clone. For looking up by name and for ranges.
#[derive(Clone)]
pub struct Index<K, V> {
    leaves: Vec<Arc<Vec<(K, V)>>>,
    len: usize,
}

impl<K, V> Default for Index<K, V> {
    fn default() -> Self {
        Index { leaves: Vec::new(), len: 0 }
    }
}

impl<K: Ord + Clone, V: Clone> Index<K, V> {
    /// The leaf where a key that `before` calls not less would be: `before(k)` must be true for a prefix of the keys.
    fn leaf_for(&self, before: impl Fn(&K) -> bool) -> usize {
        self.leaves.partition_point(|leaf| before(&leaf[0].0)).saturating_sub(1)
    }

    /// The value under `key`.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
    {
        let leaf = self.leaves.get(self.leaf_for(|k| k.borrow() <= key))?;
        leaf.binary_search_by(|(k, _)| k.borrow().cmp(key)).ok().map(|i| &leaf[i].1)
    }

    /// Sets the value under `key` and returns what was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        if self.leaves.is_empty() {
            self.leaves.push(Arc::new(vec![(key, value)]));
            self.len = 1;
            return None;
        }
        let at = self.leaf_for(|k| *k <= key);
        let leaf = Arc::make_mut(&mut self.leaves[at]);
        match leaf.binary_search_by(|(k, _)| k.cmp(&key)) {
            Ok(i) => Some(std::mem::replace(&mut leaf[i].1, value)),
            Err(i) => {
                leaf.insert(i, (key, value));
                self.len += 1;
                if leaf.len() > LEAF {
                    // Keys often come in rising order: splitting near the end then keeps leaves full.
                    let cut = if i + 1 == leaf.len() { LEAF * 7 / 8 } else { LEAF / 2 };
                    let tail = leaf.split_off(cut);
                    self.leaves.insert(at + 1, Arc::new(tail));
                }
                None
            }
        }
    }

    /// Removes the entry under `key` and returns its value.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
    {
        let at = self.leaf_for(|k| k.borrow() <= key);
        let leaf = self.leaves.get_mut(at)?;
        let i = leaf.binary_search_by(|(k, _)| k.borrow().cmp(key)).ok()?;
        let leaf = Arc::make_mut(leaf);
        let (_, value) = leaf.remove(i);
        if leaf.is_empty() {
            self.leaves.remove(at);
        }
        self.len -= 1;
        Some(value)
    }

    /// The entries from the first key that isn't less than `from`, in order.
    pub fn from<'a, Q: Ord + ?Sized>(&'a self, from: &Q) -> impl Iterator<Item = (&'a K, &'a V)> + use<'a, K, V, Q>
    where
        K: std::borrow::Borrow<Q>,
    {
        let at = self.leaf_for(|k| k.borrow() < from);
        let skip = self.leaves.get(at).map_or(0, |leaf| leaf.partition_point(|(k, _)| k.borrow() < from));
        self.leaves[at.min(self.leaves.len())..].iter().flat_map(|leaf| leaf.iter()).skip(skip).map(|(k, v)| (k, v))
    }

    /// All entries in order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.leaves.iter().flat_map(|leaf| leaf.iter()).map(|(k, v)| (k, v))
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
        fn an_index_is_a_map_and_its_clones_do_not_change(ops in prop::collection::vec((0u32..300, any::<bool>()), 0..600)) {
            let (mut index, mut model) = (Index::default(), BTreeMap::new());
            let mut snapshot = None;
            for (n, (key, insert)) in ops.into_iter().enumerate() {
                if insert {
                    prop_assert_eq!(index.insert(key, n), model.insert(key, n));
                } else {
                    prop_assert_eq!(index.remove(&key), model.remove(&key));
                }
                if n == 100 {
                    snapshot = Some((index.clone(), model.clone()));
                }
            }
            for (index, model) in std::iter::once((index, model)).chain(snapshot) {
                prop_assert_eq!(index.len(), model.len());
                prop_assert!(index.iter().eq(model.iter()));
                for from in [0, 17, 150, 299, 400] {
                    prop_assert!(index.from(&from).eq(model.range(from..)));
                    prop_assert_eq!(index.get(&from), model.get(&from));
                }
            }
        }

        #[test]
        fn a_table_is_a_map(ops in prop::collection::vec((0u32..400, any::<bool>()), 0..400)) {
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
