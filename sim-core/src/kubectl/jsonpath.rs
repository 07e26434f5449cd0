//! The template language of `-o jsonpath`, `--sort-by` and custom columns. Mirrors `staging/src/k8s.io/client-go/util/jsonpath`, v1.36.
//!
//! Left out: functions other than `range`/`end`, and regular expressions in filters.

use serde_json::Value;

use super::emit::compact_json;

/// A parsed template.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(String),
    Path(Vec<Step>),
    Range(Vec<Step>, Vec<Node>),
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    Wildcard,
    Recursive,
    /// Start, end, step of an array; `[i]` is `i..i+1`.
    Slice(Option<i64>, Option<i64>, i64),
    Index(i64),
    Filter(Operand, Option<(String, Operand)>),
    Union(Vec<Vec<Step>>),
}

#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Path(Vec<Step>),
    Value(Value),
}

impl Template {
    /// Parses text with expressions in braces.
    ///
    /// # Errors
    /// Unclosed actions and quotes, and whatever isn't in the language.
    pub fn parse(text: &str) -> Result<Template, String> {
        let mut stack: Vec<(Vec<Step>, Vec<Node>)> = vec![(Vec::new(), Vec::new())];
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            if open > 0 {
                push(&mut stack, Node::Text(rest[..open].to_owned()));
            }
            let body = &rest[open + 1..];
            let close = closing_brace(body).ok_or("unclosed action")?;
            rest = &body[close + 1..];
            let mut action = body[..close].trim();
            while !action.is_empty() {
                let end = end_of_expression(action);
                let (expression, after) = action.split_at(end);
                action = after.trim_start();
                if let Some(literal) = quoted(expression) {
                    push(&mut stack, Node::Text(literal?));
                } else if expression == "range" {
                    let end = end_of_expression(action);
                    let (path, after) = action.split_at(end);
                    stack.push((steps(path)?, Vec::new()));
                    action = after.trim_start();
                } else if expression == "end" {
                    let (path, nodes) = stack.pop().filter(|_| !stack.is_empty()).ok_or("not in range, nothing to end")?;
                    push(&mut stack, Node::Range(path, nodes));
                } else {
                    push(&mut stack, Node::Path(steps(expression)?));
                }
            }
        }
        if !rest.is_empty() {
            push(&mut stack, Node::Text(rest.to_owned()));
        }
        let (_, nodes) = stack.pop().ok_or("unbalanced range")?;
        if stack.is_empty() { Ok(Template { nodes }) } else { Err("unclosed range".to_owned()) }
    }

    /// Parses a single path, with or without braces, dollar or leading dot: `.metadata.name`, `{.metadata.name}`, `metadata.name`.
    ///
    /// # Errors
    /// When it isn't one path.
    pub fn relaxed(text: &str) -> Result<Template, String> {
        let text = text.trim();
        let inner = match (text.strip_prefix('{'), text.strip_suffix('}')) {
            (Some(_), Some(_)) => &text[1..text.len() - 1],
            (None, None) => text,
            _ => {
                let forms = "'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'";
                return Err(format!("unexpected path string, expected a {forms}"));
            }
        };
        let inner = inner.strip_prefix('$').unwrap_or(inner);
        let inner = inner.strip_prefix('.').unwrap_or(inner);
        Ok(Template { nodes: vec![Node::Path(steps(&format!(".{inner}"))?)] })
    }

    /// The template filled in. Paths that lead nowhere print nothing.
    pub fn execute(&self, root: &Value) -> String {
        let mut out = String::new();
        write(&self.nodes, root, root, &mut out);
        out
    }

    /// The values that the template's first path finds.
    pub fn find<'a>(&self, root: &'a Value) -> Vec<&'a Value> {
        let path = self.nodes.iter().find_map(|n| if let Node::Path(path) = n { Some(path) } else { None });
        path.map_or_else(Vec::new, |path| walk(path, root, root))
    }
}

fn push(stack: &mut [(Vec<Step>, Vec<Node>)], node: Node) {
    stack.last_mut().expect("the outermost level stays").1.push(node);
}

fn closing_brace(text: &str) -> Option<usize> {
    let mut quote = None;
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            (None, '}') => return Some(i),
            _ => {}
        }
    }
    None
}

/// Where the first expression of an action ends: at a space outside brackets and quotes.
fn end_of_expression(text: &str) -> usize {
    let (mut depth, mut quote) = (0usize, None);
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(q), c) if q == c => {
                quote = None;
                if depth == 0 && text.starts_with(q) {
                    return i + 1;
                }
            }
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth = depth.saturating_sub(1),
            (None, c) if c.is_whitespace() && depth == 0 => return i,
            _ => {}
        }
    }
    text.len()
}

fn quoted(text: &str) -> Option<Result<String, String>> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let Some(inner) = text[1..].strip_suffix(quote) else { return Some(Err("unterminated quoted string".to_owned())) };
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some(c) => out.push(c),
                None => return Some(Err("unterminated quoted string".to_owned())),
            },
            c => out.push(c),
        }
    }
    Some(Ok(out))
}

fn steps(path: &str) -> Result<Vec<Step>, String> {
    let mut out = Vec::new();
    let mut rest = path.strip_prefix(['$', '@']).unwrap_or(path);
    if rest.is_empty() {
        return Ok(out);
    }
    if !rest.starts_with(['.', '[']) {
        return Err(format!("unrecognized identifier {rest}"));
    }
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("..") {
            out.push(Step::Recursive);
            rest = after;
            if !rest.starts_with(['.', '[']) {
                rest = field(rest, &mut out);
            }
        } else if let Some(after) = rest.strip_prefix('.') {
            rest = if after.starts_with('[') { after } else { field(after, &mut out) };
        } else if rest.starts_with('[') {
            let close = closing_bracket(rest).ok_or("unterminated array")?;
            out.push(bracket(rest[1..close].trim())?);
            rest = &rest[close + 1..];
        } else {
            return Err(format!("unrecognized character in action: {rest}"));
        }
    }
    Ok(out)
}

fn field<'a>(text: &'a str, out: &mut Vec<Step>) -> &'a str {
    let mut name = String::new();
    let mut end = text.len();
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        match c {
            '\\' if !escaped => escaped = true,
            '.' | '[' if !escaped => {
                end = i;
                break;
            }
            c => {
                name.push(c);
                escaped = false;
            }
        }
    }
    match name.as_str() {
        "" => {}
        "*" => out.push(Step::Wildcard),
        _ => out.push(Step::Field(name)),
    }
    &text[end..]
}

fn closing_bracket(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0, None);
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            (None, '[') => depth += 1,
            (None, ']') => {
                depth -= 1;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

fn bracket(inner: &str) -> Result<Step, String> {
    if inner == "*" {
        return Ok(Step::Wildcard);
    }
    if let Some(condition) = inner.strip_prefix("?(").and_then(|c| c.strip_suffix(')')) {
        return filter(condition.trim());
    }
    if inner.contains(',') {
        let parts = inner.split(',').map(|part| bracket(part.trim()).map(|step| vec![step]));
        return Ok(Step::Union(parts.collect::<Result<_, _>>()?));
    }
    if let Some(name) = quoted(inner) {
        return Ok(Step::Field(name?));
    }
    let bound = |text: &str| if text.is_empty() { Ok(None) } else { text.parse::<i64>().map(Some).map_err(|_| invalid_index(inner)) };
    let parts: Vec<&str> = inner.split(':').collect();
    match parts.as_slice() {
        [one] => Ok(Step::Index(bound(one)?.ok_or_else(|| invalid_index(inner))?)),
        [from, to] => Ok(Step::Slice(bound(from)?, bound(to)?, 1)),
        [from, to, by] => Ok(Step::Slice(bound(from)?, bound(to)?, bound(by)?.unwrap_or(1))),
        _ => Err(invalid_index(inner)),
    }
}

fn invalid_index(inner: &str) -> String {
    format!("invalid array index {inner}")
}

fn filter(condition: &str) -> Result<Step, String> {
    for operator in ["==", "!=", "<=", ">=", "<", ">"] {
        if let Some((left, right)) = condition.split_once(operator) {
            return Ok(Step::Filter(operand(left.trim())?, Some((operator.to_owned(), operand(right.trim())?))));
        }
    }
    Ok(Step::Filter(operand(condition)?, None))
}

fn operand(text: &str) -> Result<Operand, String> {
    if text.starts_with(['@', '$']) {
        return Ok(Operand::Path(steps(text)?));
    }
    if let Some(literal) = quoted(text) {
        return Ok(Operand::Value(Value::String(literal?)));
    }
    serde_json::from_str(text).map(Operand::Value).map_err(|_| format!("unrecognized identifier {text}"))
}

fn write(nodes: &[Node], root: &Value, here: &Value, out: &mut String) {
    for node in nodes {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Path(path) => {
                let found: Vec<String> = walk(path, here, root).into_iter().map(printed).collect();
                out.push_str(&found.join(" "));
            }
            Node::Range(path, body) => {
                for item in walk(path, here, root) {
                    write(body, root, item, out);
                }
            }
        }
    }
}

/// A found value as text: strings bare, maps and lists as JSON.
pub fn printed(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Null => String::new(),
        other => compact_json(other),
    }
}

fn walk<'a>(path: &[Step], here: &'a Value, root: &'a Value) -> Vec<&'a Value> {
    let mut found = vec![here];
    for step in path {
        found = found.into_iter().flat_map(|value| take(step, value, root)).collect();
    }
    found
}

fn take<'a>(step: &Step, value: &'a Value, root: &'a Value) -> Vec<&'a Value> {
    match step {
        Step::Field(name) => value.get(name).into_iter().collect(),
        Step::Wildcard => children(value),
        Step::Recursive => descendants(value),
        Step::Union(paths) => paths.iter().flat_map(|path| walk(path, value, root)).collect(),
        Step::Index(i) => {
            let Some(list) = value.as_array() else { return Vec::new() };
            let at = if *i < 0 { list.len() as i64 + i } else { *i };
            usize::try_from(at).ok().and_then(|at| list.get(at)).into_iter().collect()
        }
        Step::Slice(from, to, by) => {
            let Some(list) = value.as_array() else { return Vec::new() };
            let len = list.len() as i64;
            let place = |at: i64| (if at < 0 { at + len } else { at }).clamp(0, len) as usize;
            let (from, to) = (place(from.unwrap_or(0)), place(to.unwrap_or(len)));
            let by = usize::try_from(*by).unwrap_or(1).max(1);
            list.get(from..to.max(from)).into_iter().flatten().step_by(by).collect()
        }
        Step::Filter(left, test) => children(value).into_iter().filter(|item| passes(left, test.as_ref(), item, root)).collect(),
    }
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    }
}

fn descendants(value: &Value) -> Vec<&Value> {
    let mut all = vec![value];
    for child in children(value) {
        all.extend(descendants(child));
    }
    all
}

fn passes(left: &Operand, test: Option<&(String, Operand)>, item: &Value, root: &Value) -> bool {
    let value = |operand: &Operand| match operand {
        Operand::Path(path) => walk(path, item, root).first().map(|v| (*v).clone()),
        Operand::Value(v) => Some(v.clone()),
    };
    let Some((operator, right)) = test else { return value(left).is_some() };
    let (Some(left), Some(right)) = (value(left), value(right)) else { return false };
    let order = match (&left, &right) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    };
    match operator.as_str() {
        "==" => left == right,
        "!=" => left != right,
        "<" => order.is_some_and(|o| o.is_lt()),
        ">" => order.is_some_and(|o| o.is_gt()),
        "<=" => order.is_some_and(|o| o.is_le()),
        _ => order.is_some_and(|o| o.is_ge()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(template: &str, expected: &str) {
        let root = json!({"items": [{"n": "a", "p": 1, "l": {"x.y": "z"}}, {"n": "b", "p": 2}], "m": {"k": "v"}});
        let seen = Template::parse(template).map_or_else(|e| e, |t| t.execute(&root));
        assert_eq!(seen, expected, "{template}");
    }

    #[test]
    fn templates() {
        check("{.items[*].n}", "a b");
        check("{range .items[*]}{.n}{\"\\t\"}{.p}{\"\\n\"}{end}", "a\t1\nb\t2\n");
        check("{.items[?(@.p==2)].n}", "b");
        check("{.items[?(@.n==\"a\")].p}", "1");
        check("{.items[-1:].n}", "b");
        check("{.items[-1].n}", "b");
        check("{.items[0].l.x\\.y}", "z");
        check("{.items[0].l['x.y']}", "z");
        check("{.m}", "{\"k\":\"v\"}");
        check("{.nope}", "");
        check("x{.m.k}y", "xvy");
        check("{..n}", "a b");
        check("{.m.k", "unclosed action");
        check("{range .items[*]}", "unclosed range");
    }
}
