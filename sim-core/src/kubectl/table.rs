//! Columns of text: the elastic tab stops of Go's `text/tabwriter`, as kubectl v1.36 sets them up for tables and for descriptions.

/// The columns of `kubectl get`: at least 6 wide, 3 apart; later rows keep the widths of earlier ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    widths: Vec<usize>,
}

impl Table {
    /// Lays out rows. The last cell of a row is never padded. Widths are remembered for the next call, as `get -w` needs.
    pub fn lay_out(&mut self, rows: &[Vec<String>]) -> String {
        let lines: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
        let mut layout = Layout { minimum: 6, padding: 3, remembered: Some(&mut self.widths), lines: &lines, out: String::new() };
        layout.run();
        layout.out
    }
}

/// Aligns text whose cells end in tabs, as `describe` and `rollout history` do: columns 2 apart, each as wide as the lines around it need.
pub fn elastic(text: &str) -> String {
    let lines: Vec<Vec<&str>> = text.split('\n').map(|line| line.split('\t').collect()).collect();
    let mut layout = Layout { minimum: 0, padding: 2, remembered: None, lines: &lines, out: String::new() };
    layout.run();
    // The split left an empty line after the last newline; it gained one more.
    layout.out.pop();
    layout.out
}

struct Layout<'a> {
    minimum: usize,
    padding: usize,
    remembered: Option<&'a mut Vec<usize>>,
    lines: &'a [Vec<&'a str>],
    out: String,
}

impl Layout<'_> {
    fn run(&mut self) {
        let mut widths = Vec::new();
        self.block(0, self.lines.len(), &mut widths);
    }

    /// Lays out lines `from..to`, which share the columns in `widths`. A column goes on as long as consecutive lines have a cell in it
    /// that is not their last.
    fn block(&mut self, from: usize, to: usize, widths: &mut Vec<usize>) {
        let column = widths.len();
        let (mut start, mut line) = (from, from);
        while line < to {
            if column + 1 >= self.lines[line].len() {
                line += 1;
                continue;
            }
            self.write(start, line, widths);
            let begin = line;
            let mut width = self.minimum;
            while line < to && column + 1 < self.lines[line].len() {
                width = width.max(self.lines[line][column].chars().count() + self.padding);
                line += 1;
            }
            if let Some(remembered) = self.remembered.as_deref_mut() {
                if remembered.len() <= column {
                    remembered.resize(column + 1, 0);
                }
                width = width.max(remembered[column]);
                remembered[column] = width;
            }
            widths.push(width);
            self.block(begin, line, widths);
            widths.pop();
            start = line;
        }
        self.write(start, to, widths);
    }

    fn write(&mut self, from: usize, to: usize, widths: &[usize]) {
        for cells in &self.lines[from..to] {
            for (i, cell) in cells.iter().enumerate() {
                self.out.push_str(cell);
                if let Some(width) = widths.get(i) {
                    let room = width.saturating_sub(cell.chars().count());
                    self.out.extend(std::iter::repeat_n(' ', room));
                }
            }
            self.out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(elastic(text), expected);
    }

    #[test]
    fn elastic_columns() {
        check("", "");
        check("a:\tb\nccc:\td\n", "a:    b\nccc:  d\n");
        check("Name:\tx\nPods:\n  long name:\ty\n", "Name:  x\nPods:\n  long name:  y\n");
        check("a\tb\tc\naa\tbbb\n", "a   b  c\naa  bbb\n");
    }

    #[test]
    fn tables_remember_their_widths() {
        let row = |cells: &[&str]| cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
        let mut table = Table::default();
        assert_eq!(table.lay_out(&[row(&["NAME", "AGE"]), row(&["a-long-name", "3s"])]), "NAME          AGE\na-long-name   3s\n");
        assert_eq!(table.lay_out(&[row(&["b", "4s"])]), "b             4s\n");
    }
}
