//! What names, label keys, ports and the like may look like, with the API server's sentences: mirrors
//! `apimachinery/pkg/util/validation/validation.go` and `pkg/api/validate/content`, v1.36.
//!
//! Each function returns the complaints about a text; none means valid. Upstream writes these rules as regular expressions and
//! quotes them in its messages; here they are a few lines of matching each.

const LABEL_FORMAT: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN_FORMAT: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const KEY_FORMAT: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

/// A rule about a text: its complaints.
pub type TextRule = fn(&str) -> Vec<String>;

fn regex_error(message: &str, format: &str, examples: &[&str]) -> String {
    if examples.is_empty() {
        return format!("{message} (regex used for validation is '{format}')");
    }
    // Upstream puts a comma after each example and " or " between: hence the doubled blanks.
    let examples: Vec<String> = examples.iter().map(|e| format!("'{e}', ")).collect();
    format!("{message} (e.g. {}regex used for validation is '{format}')", examples.join(" or "))
}

/// `must be between 1 and 65535, inclusive`
pub fn range_error(low: i64, high: i64) -> String {
    format!("must be between {low} and {high}, inclusive")
}

fn max_characters(max: usize) -> String {
    format!("must be no more than {max} characters")
}

fn max_bytes(max: usize) -> String {
    format!("must be no more than {max} bytes")
}

/// Whether a text starts and ends with an alphanumeric and has only those and `inner` between.
fn framed(text: &str, edge: fn(u8) -> bool, inner: fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(&first), Some(&last)) => edge(first) && edge(last) && bytes.iter().all(|&b| edge(b) || inner(b)),
        _ => false,
    }
}

fn lower_or_digit(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

fn is_label(text: &str) -> bool {
    framed(text, lower_or_digit, |b| b == b'-')
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn is_key_name(text: &str) -> bool {
    framed(text, |b| b.is_ascii_alphanumeric(), |b| matches!(b, b'-' | b'_' | b'.'))
}

/// RFC 1123 label: containers, volumes, namespaces.
pub fn dns_label(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 63 {
        wrong.push(max_characters(63));
    }
    if !is_label(text) {
        wrong.push(if is_subdomain(text) {
            "must not contain dots".to_owned()
        } else {
            let message = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with \
                           an alphanumeric character";
            regex_error(message, LABEL_FORMAT, &["my-name", "123-abc"])
        });
    }
    wrong
}

fn subdomain(text: &str, too_long: fn(usize) -> String) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 253 {
        wrong.push(too_long(253));
    }
    if !is_subdomain(text) {
        let message = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end \
                       with an alphanumeric character";
        wrong.push(regex_error(message, SUBDOMAIN_FORMAT, &["example.com"]));
    }
    wrong
}

/// RFC 1123 subdomain: the names of most objects.
pub fn dns_subdomain(text: &str) -> Vec<String> {
    subdomain(text, max_characters)
}

/// `*.example.com`: the host of an Ingress rule.
pub fn wildcard_dns_subdomain(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 253 {
        wrong.push(max_characters(253));
    }
    if !text.strip_prefix("*.").is_some_and(is_subdomain) {
        let message = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower \
                       case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
        wrong.push(regex_error(message, &format!(r"\*\.{SUBDOMAIN_FORMAT}"), &["*.example.com"]));
    }
    wrong
}

/// What fits between two slashes of a URL: the names of roles, and kinds and names in references.
pub fn path_segment(text: &str) -> Vec<String> {
    if matches!(text, "." | "..") {
        return vec![format!("may not be '{text}'")];
    }
    ["/", "%"].into_iter().filter(|part| text.contains(part)).map(|part| format!("may not contain '{part}'")).collect()
}

/// A path's characters after RFC 3986, as errors quote them.
const HTTP_PATH_FORMAT: &str = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+";

/// The second half of `acme.io/foo`.
pub fn http_path(text: &str) -> Vec<String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b);
    if !text.is_empty() && text.bytes().all(allowed) { Vec::new() } else { vec![regex_error("Invalid path", HTTP_PATH_FORMAT, &[])] }
}

/// As [`dns_subdomain`], with underscores: DNS search paths.
pub fn dns_subdomain_with_underscore(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 253 {
        wrong.push(max_characters(253));
    }
    let label = |part: &str| {
        let rest = part.strip_prefix('_').unwrap_or(part);
        framed(rest, lower_or_digit, |b| matches!(b, b'-' | b'_'))
    };
    if !text.split('.').all(label) {
        let message = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and \
                       end with an alphanumeric character";
        let format = r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*";
        wrong.push(regex_error(message, format, &["example.com"]));
    }
    wrong
}

/// A label key: a name with an optional DNS prefix. Also finalizers, condition types, scheduling gates.
pub fn qualified_name(text: &str) -> Vec<String> {
    let rule = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    let rule = regex_error(rule, KEY_FORMAT, &["MyName", "my.name", "123-abc"]);
    let parts: Vec<&str> = text.split('/').collect();
    let mut wrong = Vec::new();
    let name = match parts.as_slice() {
        [name] => name,
        ["", name] => {
            wrong.push("prefix part must be non-empty".to_owned());
            name
        }
        [prefix, name] => {
            wrong.extend(subdomain(prefix, max_bytes).into_iter().map(|w| format!("prefix part {w}")));
            name
        }
        _ => return vec![format!("a valid label key {rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')")],
    };
    if name.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        wrong.push(format!("name part {}", max_bytes(63)));
    }
    if !is_key_name(name) {
        wrong.push(format!("name part {rule}"));
    }
    wrong
}

/// A label's value: empty or at most 63 bytes.
pub fn label_value(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 63 {
        wrong.push(max_bytes(63));
    }
    if !text.is_empty() && !is_key_name(text) {
        let message = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end \
                       with an alphanumeric character";
        wrong.push(regex_error(message, &format!("({KEY_FORMAT})?"), &["MyValue", "my_value", "12345"]));
    }
    wrong
}

/// The name of a port.
pub fn port_name(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 15 {
        wrong.push(max_characters(15));
    }
    if text.is_empty() || !text.bytes().all(|b| lower_or_digit(b) || b == b'-') {
        wrong.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !text.bytes().any(|b| b.is_ascii_lowercase()) {
        wrong.push("must contain at least one letter (a-z)".to_owned());
    }
    if text.contains("--") {
        wrong.push("must not contain consecutive hyphens".to_owned());
    }
    if text.starts_with('-') || text.ends_with('-') {
        wrong.push("must not begin or end with a hyphen".to_owned());
    }
    wrong
}

/// `25%`
pub fn percent(text: &str) -> Vec<String> {
    match text.strip_suffix('%') {
        Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => Vec::new(),
        _ => vec![regex_error("a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%", &["1%", "93%"])],
    }
}

/// A key of a ConfigMap or Secret.
pub fn config_key(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 253 {
        wrong.push(max_characters(253));
    }
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        let message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
        wrong.push(regex_error(message, "[-._a-zA-Z0-9]+", &["key.name", "KEY_NAME", "key-name"]));
    }
    match text {
        "." => wrong.push("must not be '.'".to_owned()),
        ".." => wrong.push("must not be '..'".to_owned()),
        _ if text.starts_with("..") => wrong.push("must not start with '..'".to_owned()),
        _ => {}
    }
    wrong
}

/// The name of an environment variable, under the relaxed rule that is on since v1.34.
pub fn env_name(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.is_empty() {
        wrong.push("environment variable name must be non-empty".to_owned());
    }
    if !text.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'=') {
        wrong.push("a valid environment variable name must consist only of printable ASCII characters other than '='".to_owned());
    }
    wrong
}

/// The name of an HTTP header.
pub fn http_header_name(text: &str) -> Vec<String> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Vec::new();
    }
    vec![regex_error("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", &["X-Header-Name"])]
}

/// The pattern that sysctl names must match, as errors quote it.
pub const SYSCTL_FORMAT: &str = r"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

/// Whether a text can be the name of a kernel parameter.
pub fn is_sysctl_name(text: &str) -> bool {
    text.len() <= 253 && text.split(['.', '/']).all(|part| framed(part, lower_or_digit, |b| matches!(b, b'-' | b'_')))
}

/// A `generateName` is judged as though a letter followed.
pub fn mask_trailing_dash(text: &str) -> String {
    // As upstream: the dash and the character before it give way to one letter.
    match text.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => {
            let mut kept: String = rest.to_owned();
            kept.pop();
            kept.push('a');
            kept
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: TextRule, text: &str, want: &[&str]) {
        let got = rule(text);
        assert_eq!(got.len(), want.len(), "{text}: {got:?}");
        for (got, want) in got.iter().zip(want) {
            assert!(got.starts_with(want), "{text}: {got}");
        }
    }

    #[test]
    fn rules() {
        check(dns_label, "a-1", &[]);
        check(dns_label, "a.b", &["must not contain dots"]);
        check(dns_label, "C1", &["a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'"]);
        check(dns_subdomain, "a.b-c", &[]);
        check(dns_subdomain, ".web", &["a lowercase RFC 1123 subdomain"]);
        check(qualified_name, "example.com/a_b", &[]);
        check(qualified_name, "a b", &["name part must consist of"]);
        check(qualified_name, "/a", &["prefix part must be non-empty"]);
        check(qualified_name, "a/b/c", &["a valid label key must consist"]);
        check(label_value, "", &[]);
        check(label_value, "my app!", &["a valid label must be an empty string"]);
        check(port_name, "a--b", &["must not contain consecutive hyphens"]);
        check(port_name, "80", &["must contain at least one letter"]);
        check(percent, "25%", &[]);
        check(percent, "25", &["a valid percent string"]);
        check(config_key, "..", &["must not be '..'"]);
        check(wildcard_dns_subdomain, "*.example.com", &[]);
        check(wildcard_dns_subdomain, "*.*.com", &["a wildcard DNS-1123 subdomain must start with '*.'"]);
        check(path_segment, "system:node", &[]);
        check(path_segment, "a/b%c", &["may not contain '/'", "may not contain '%'"]);
        check(path_segment, "..", &["may not be '..'"]);
        check(http_path, "a b", &["Invalid path (regex used for validation is '"]);
        check(env_name, "A B", &[]);
        check(env_name, "A=B", &["a valid environment variable name"]);
        assert!(is_sysctl_name("net.core.somaxconn") && !is_sysctl_name("a..b"));
    }
}
