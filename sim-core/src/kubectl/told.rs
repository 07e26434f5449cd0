//! Command lines as stories and `why` tell them: what they put into a Secret is covered, as `kubectl diff` covers it.

/// `KEY=value`.
const LITERAL: &str = "--from-literal";
/// Flags of `create secret` whose value, or what follows a key in it, is a secret.
const SECRET_FLAGS: [&str; 2] = [LITERAL, "--docker-password"];
/// Flags of `patch` that hold the patch.
const PATCH_FLAGS: [&str; 2] = ["--patch", "-p"];

const COVER: &str = "***";

/// The arguments of a command about Secrets, with what it says of their contents covered; none if there is nothing to cover.
pub fn covered(args: &[String]) -> Option<String> {
    let mut words = args.iter().map(String::as_str).filter(|word| !word.starts_with('-'));
    let (verb, what) = (words.next()?, words.next()?);
    if !matches!(what.split('/').next(), Some("secret" | "secrets")) {
        return None;
    }
    let flags: &[&str] = match verb {
        "create" => &SECRET_FLAGS,
        "patch" => &PATCH_FLAGS,
        _ => return None,
    };
    let mut told: Vec<String> = Vec::new();
    for word in args {
        let after_flag = told.last().is_some_and(|before| flags.contains(&before.as_str()));
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) if flags.contains(&flag) => (format!("{flag}="), value),
            _ if after_flag => (String::new(), word.as_str()),
            _ => {
                told.push(word.clone());
                continue;
            }
        };
        // A literal's key may be known; a password that has an equals sign in it has none.
        let is_literal = flag.starts_with(LITERAL) || flag.is_empty() && told.last().is_some_and(|before| before == LITERAL);
        let key = value.split_once('=').filter(|_| is_literal).map_or_else(String::new, |(key, _)| format!("{key}="));
        told.push(format!("{flag}{key}{COVER}"));
    }
    let told = told.join(" ");
    (told != args.join(" ")).then_some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_covered() {
        let check = |line: &str, expected: Option<&str>| {
            let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(covered(&args).as_deref(), expected, "{line}");
        };
        check(
            "create secret generic login --from-literal=USER=a=b --from-literal PASSWORD=x -n shop",
            Some("create secret generic login --from-literal=USER=*** --from-literal PASSWORD=*** -n shop"),
        );
        check(
            "create secret docker-registry r --docker-username=me --docker-password=x=y",
            Some("create secret docker-registry r --docker-username=me --docker-password=***"),
        );
        check("patch secret login -p {\"data\":{}}", Some("patch secret login -p ***"));
        check("patch secrets/login --patch={\"a\":\"b=c\"}", Some("patch secrets/login --patch=***"));
        check("create secret generic login --from-file=key.pem", None);
        check("create configmap c --from-literal=A=1", None);
        check("get secret login -o yaml", None);
        check("version", None);
    }
}
