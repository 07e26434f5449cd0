//! The shell's arithmetic: `$((i + 1))`.

/// Deeper nesting is refused.
const DEPTH_MAX: u32 = 50;

/// The value of an expression. What it assigns is put into `set`.
///
/// # Errors
/// The shell's words.
pub fn evaluate(text: &str, variable: &dyn Fn(&str) -> String, set: &mut Vec<(String, i64)>) -> Result<i64, String> {
    let mut reader = Reader { text: text.trim().chars().collect(), at: 0, depth: 0, variable, set };
    if reader.text.is_empty() {
        return Ok(0);
    }
    let value = reader.choice()?;
    if reader.at < reader.text.len() { Err("syntax error".to_owned()) } else { Ok(value) }
}

struct Reader<'a> {
    text: Vec<char>,
    at: usize,
    depth: u32,
    variable: &'a dyn Fn(&str) -> String,
    set: &'a mut Vec<(String, i64)>,
}

/// Operators of two sides, from the weakest to the strongest; a longer one before one that it begins with.
const LEVELS: &[&[&str]] =
    &[&["||"], &["&&"], &["|"], &["^"], &["&"], &["==", "!="], &["<=", ">=", "<", ">"], &["<<", ">>"], &["+", "-"], &["*", "/", "%"]];

impl Reader<'_> {
    fn blanks(&mut self) {
        while self.text.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
    }

    fn take(&mut self, what: &str) -> bool {
        self.blanks();
        let sees = what.chars().enumerate().all(|(i, c)| self.text.get(self.at + i) == Some(&c));
        if sees {
            self.at += what.len();
        }
        sees
    }

    fn choice(&mut self) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("syntax error".to_owned());
        }
        let value = self.level(0)?;
        self.blanks();
        let value = if self.take("?") {
            let yes = self.choice()?;
            if !self.take(":") {
                return Err("syntax error".to_owned());
            }
            let no = self.choice()?;
            if value != 0 { yes } else { no }
        } else {
            value
        };
        self.depth -= 1;
        Ok(value)
    }

    fn level(&mut self, level: usize) -> Result<i64, String> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.level(level + 1)?;
        'next: loop {
            self.blanks();
            for operator in *operators {
                // A single & isn't the beginning of &&, nor < of <<.
                let doubled = operator.len() == 1
                    && "&|<>".contains(operator)
                    && self.text.get(self.at + 1).map(char::to_string).as_deref() == Some(operator);
                if !doubled && self.take(operator) {
                    let right = self.level(level + 1)?;
                    left = apply(operator, left, right)?;
                    continue 'next;
                }
            }
            return Ok(left);
        }
    }

    fn unary(&mut self) -> Result<i64, String> {
        for step in [1, -1] {
            if self.take(if step == 1 { "++" } else { "--" }) {
                let name = self.name();
                let value = self.value_of(&name) + step;
                self.set.push((name, value));
                return Ok(value);
            }
        }
        self.blanks();
        match self.text.get(self.at) {
            Some('-') => {
                self.at += 1;
                Ok(self.unary()?.wrapping_neg())
            }
            Some('+') => {
                self.at += 1;
                self.unary()
            }
            Some('!') => {
                self.at += 1;
                Ok(i64::from(self.unary()? == 0))
            }
            Some('~') => {
                self.at += 1;
                Ok(!self.unary()?)
            }
            Some('(') => {
                self.at += 1;
                let value = self.choice()?;
                if self.take(")") { Ok(value) } else { Err("syntax error".to_owned()) }
            }
            Some(c) if c.is_ascii_digit() => {
                let digits: String = self.text[self.at..].iter().take_while(|c| c.is_ascii_alphanumeric()).collect();
                self.at += digits.len();
                number(&digits).ok_or_else(|| "syntax error".to_owned())
            }
            Some(c) if c.is_ascii_alphabetic() || matches!(c, '_' | '$') => self.named(),
            _ => Err("syntax error".to_owned()),
        }
    }

    fn name(&mut self) -> String {
        self.take("$");
        self.blanks();
        let name: String = self.text[self.at..].iter().take_while(|c| c.is_ascii_alphanumeric() || **c == '_').collect();
        self.at += name.len();
        name
    }

    fn value_of(&self, name: &str) -> i64 {
        if let Some((_, value)) = self.set.iter().rev().find(|(known, _)| known == name) {
            return *value;
        }
        number((self.variable)(name).trim()).unwrap_or(0)
    }

    /// A variable, and what is done with it: `i`, `i++`, `i = 3`, `i += 2`.
    fn named(&mut self) -> Result<i64, String> {
        let name = self.name();
        let old = self.value_of(&name);
        for (operator, step) in [("++", 1), ("--", -1)] {
            if self.take(operator) {
                self.set.push((name, old + step));
                return Ok(old);
            }
        }
        for operator in ["+=", "-=", "*=", "/=", "%="] {
            if self.take(operator) {
                let right = self.choice()?;
                let value = apply(&operator[..1], old, right)?;
                self.set.push((name, value));
                return Ok(value);
            }
        }
        self.blanks();
        if self.text.get(self.at) == Some(&'=') && self.text.get(self.at + 1) != Some(&'=') {
            self.at += 1;
            let value = self.choice()?;
            self.set.push((name, value));
            return Ok(value);
        }
        Ok(old)
    }
}

fn number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => i64::from_str_radix(text, 8).ok(),
        None => text.parse().ok(),
    }
}

fn apply(operator: &str, a: i64, b: i64) -> Result<i64, String> {
    Ok(match operator {
        "||" => i64::from(a != 0 || b != 0),
        "&&" => i64::from(a != 0 && b != 0),
        "|" => a | b,
        "^" => a ^ b,
        "&" => a & b,
        "==" => i64::from(a == b),
        "!=" => i64::from(a != b),
        "<=" => i64::from(a <= b),
        ">=" => i64::from(a >= b),
        "<" => i64::from(a < b),
        ">" => i64::from(a > b),
        "<<" => a.wrapping_shl(b as u32),
        ">>" => a.wrapping_shr(b as u32),
        "+" => a.wrapping_add(b),
        "-" => a.wrapping_sub(b),
        "*" => a.wrapping_mul(b),
        "/" | "%" if b == 0 => return Err("divide by zero".to_owned()),
        "/" => a.wrapping_div(b),
        _ => a.wrapping_rem(b),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<i64, &str>) {
        let seen = evaluate(text, &|name| if name == "i" { "7".to_owned() } else { String::new() }, &mut Vec::new());
        assert_eq!(seen, expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn expressions() {
        check("1 + 2 * 3", Ok(7));
        check("(1+2)*3 % 5", Ok(4));
        check("i++ + i", Ok(15));
        check("i - -1", Ok(8));
        check("$i > 3 && i < 10 ? 1 : 2", Ok(1));
        check("x = i << 2, ", Err("syntax error"));
        check("5 / 0", Err("divide by zero"));
        check("", Ok(0));
        check("010 + 0x10", Ok(24));
    }
}
