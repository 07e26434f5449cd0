//! `--sort-by`, ties included: Go's `sort.Sort` isn't stable, so its pattern-defeating quicksort is followed step by step.
//!
//! Mirrors `staging/src/k8s.io/kubectl/pkg/cmd/get/sorter.go`, v1.36, and Go's `sort/zsortinterface.go`.

use std::cmp::Ordering;

use serde_json::Value;

use super::jsonpath::Template;
use crate::api::quantity::Quantity;

/// The order in which objects come when sorted by a path: indices into `objects`.
///
/// # Errors
/// A bad path, or one that no object has.
pub fn order(objects: &[&Value], path: &str) -> Result<Vec<usize>, String> {
    let template = Template::relaxed(path)?;
    let keys: Vec<Option<&Value>> = objects.iter().map(|object| template.find(object).first().copied()).collect();
    if !objects.is_empty() && keys.iter().all(Option::is_none) {
        return Err(format!("couldn't find any field with path {:?} in the list of objects", braced(path)));
    }
    let mut sort = GoSort { order: (0..objects.len()).collect(), less: &|a, b| less(keys[a], keys[b]) };
    sort.run();
    Ok(sort.order)
}

/// The order of Go's `sort.Sort` for `count` things under a comparison of their indices.
pub fn go_sort(count: usize, less: &dyn Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut sort = GoSort { order: (0..count).collect(), less };
    sort.run();
    sort.order
}

fn braced(path: &str) -> String {
    let path = path.trim_matches(['{', '}']);
    format!("{{.{}}}", path.strip_prefix('.').unwrap_or(path))
}

fn less(a: Option<&Value>, b: Option<&Value>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return a.is_none() };
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()) == Some(Ordering::Less),
        (Value::String(a), Value::String(b)) => match (Quantity::parse(a), Quantity::parse(b)) {
            (Ok(a), Ok(b)) => a < b,
            _ => a < b,
        },
        _ => false,
    }
}

struct GoSort<'a> {
    order: Vec<usize>,
    less: &'a dyn Fn(usize, usize) -> bool,
}

#[derive(PartialEq, Clone, Copy)]
enum Hint {
    Unknown,
    Increasing,
    Decreasing,
}

impl GoSort<'_> {
    fn run(&mut self) {
        let n = self.order.len();
        let limit = usize::BITS - n.leading_zeros();
        self.quick(0, n, limit);
    }

    fn less(&self, i: usize, j: usize) -> bool {
        (self.less)(self.order[i], self.order[j])
    }

    fn swap(&mut self, i: usize, j: usize) {
        self.order.swap(i, j);
    }

    fn insertion(&mut self, a: usize, b: usize) {
        for i in a + 1..b {
            let mut j = i;
            while j > a && self.less(j, j - 1) {
                self.swap(j, j - 1);
                j -= 1;
            }
        }
    }

    fn heap(&mut self, first: usize, last: usize) {
        let n = last - first;
        for i in (0..n.div_ceil(2)).rev() {
            self.sift_down(i, n, first);
        }
        for i in (0..n).rev() {
            self.swap(first, first + i);
            self.sift_down(0, i, first);
        }
    }

    fn sift_down(&mut self, low: usize, high: usize, first: usize) {
        let mut root = low;
        loop {
            let mut child = 2 * root + 1;
            if child >= high {
                return;
            }
            if child + 1 < high && self.less(first + child, first + child + 1) {
                child += 1;
            }
            if !self.less(first + root, first + child) {
                return;
            }
            self.swap(first + root, first + child);
            root = child;
        }
    }

    fn quick(&mut self, mut a: usize, mut b: usize, mut limit: u32) {
        let (mut was_balanced, mut was_partitioned) = (true, true);
        loop {
            let length = b - a;
            if length <= 12 {
                self.insertion(a, b);
                return;
            }
            if limit == 0 {
                self.heap(a, b);
                return;
            }
            if !was_balanced {
                self.break_patterns(a, b);
                limit -= 1;
            }
            let (mut pivot, mut hint) = self.choose_pivot(a, b);
            if hint == Hint::Decreasing {
                self.order[a..b].reverse();
                pivot = (b - 1) - (pivot - a);
                hint = Hint::Increasing;
            }
            if was_balanced && was_partitioned && hint == Hint::Increasing && self.partial_insertion(a, b) {
                return;
            }
            if a > 0 && !self.less(a - 1, pivot) {
                a = self.partition_equal(a, b, pivot);
                continue;
            }
            let (mid, already) = self.partition(a, b, pivot);
            was_partitioned = already;
            let (left, right) = (mid - a, b - mid);
            let threshold = length / 8;
            if left < right {
                was_balanced = left >= threshold;
                self.quick(a, mid, limit);
                a = mid + 1;
            } else {
                was_balanced = right >= threshold;
                self.quick(mid + 1, b, limit);
                b = mid;
            }
        }
    }

    fn partition(&mut self, a: usize, b: usize, pivot: usize) -> (usize, bool) {
        self.swap(a, pivot);
        let (mut i, mut j) = (a + 1, b - 1);
        while i <= j && self.less(i, a) {
            i += 1;
        }
        while i <= j && !self.less(j, a) {
            j -= 1;
        }
        if i > j {
            self.swap(j, a);
            return (j, true);
        }
        self.swap(i, j);
        i += 1;
        j -= 1;
        loop {
            while i <= j && self.less(i, a) {
                i += 1;
            }
            while i <= j && !self.less(j, a) {
                j -= 1;
            }
            if i > j {
                break;
            }
            self.swap(i, j);
            i += 1;
            j -= 1;
        }
        self.swap(j, a);
        (j, false)
    }

    fn partition_equal(&mut self, a: usize, b: usize, pivot: usize) -> usize {
        self.swap(a, pivot);
        let (mut i, mut j) = (a + 1, b - 1);
        loop {
            while i <= j && !self.less(a, i) {
                i += 1;
            }
            while i <= j && self.less(a, j) {
                j -= 1;
            }
            if i > j {
                return i;
            }
            self.swap(i, j);
            i += 1;
            j -= 1;
        }
    }

    fn partial_insertion(&mut self, a: usize, b: usize) -> bool {
        let mut i = a + 1;
        for _ in 0..5 {
            while i < b && !self.less(i, i - 1) {
                i += 1;
            }
            if i == b {
                return true;
            }
            if b - a < 50 {
                return false;
            }
            self.swap(i, i - 1);
            if i - a >= 2 {
                for j in (1..i).rev() {
                    if !self.less(j, j - 1) {
                        break;
                    }
                    self.swap(j, j - 1);
                }
            }
            if b - i >= 2 {
                for j in i + 1..b {
                    if !self.less(j, j - 1) {
                        break;
                    }
                    self.swap(j, j - 1);
                }
            }
        }
        false
    }

    fn break_patterns(&mut self, a: usize, b: usize) {
        let length = b - a;
        if length < 8 {
            return;
        }
        let mut random = length as u64;
        let modulus = 1usize << (usize::BITS - length.leading_zeros());
        let at = a + (length / 4) * 2 - 1;
        for i in 0..3 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let mut other = random as usize & (modulus - 1);
            if other >= length {
                other -= length;
            }
            self.swap(at + i, a + other);
        }
    }

    fn choose_pivot(&self, a: usize, b: usize) -> (usize, Hint) {
        let length = b - a;
        let mut swaps = 0;
        let (mut i, mut j, mut k) = (a + length / 4, a + length / 4 * 2, a + length / 4 * 3);
        if length >= 8 {
            if length >= 50 {
                i = self.median(i - 1, i, i + 1, &mut swaps);
                j = self.median(j - 1, j, j + 1, &mut swaps);
                k = self.median(k - 1, k, k + 1, &mut swaps);
            }
            j = self.median(i, j, k, &mut swaps);
        }
        match swaps {
            0 => (j, Hint::Increasing),
            12 => (j, Hint::Decreasing),
            _ => (j, Hint::Unknown),
        }
    }

    fn median(&self, a: usize, b: usize, c: usize, swaps: &mut u32) -> usize {
        let mut ordered = |a: usize, b: usize| {
            if self.less(b, a) {
                *swaps += 1;
                (b, a)
            } else {
                (a, b)
            }
        };
        let (a, b) = ordered(a, b);
        let (b, _) = ordered(b, c);
        ordered(a, b).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sorts_by_path() {
        let objects = [json!({"n": "b"}), json!({"n": "a"}), json!({})];
        let borrowed: Vec<&Value> = objects.iter().collect();
        assert_eq!(order(&borrowed, ".n"), Ok(vec![2, 1, 0]));
        assert!(order(&borrowed, "{.x}").is_err());
    }

    #[test]
    fn long_inputs_come_out_sorted() {
        for count in [0usize, 1, 13, 50, 51, 200, 1000] {
            let key = |i: usize| (i * 7919) % 101;
            let sorted = go_sort(count, &|a, b| key(a) < key(b));
            assert!(sorted.windows(2).all(|w| key(w[0]) <= key(w[1])), "{count}");
        }
    }
}
