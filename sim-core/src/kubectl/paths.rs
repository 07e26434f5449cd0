//! Which files a command line reads: kubectl opens none itself, its driver does.

/// Flags whose values are paths.
const PATH_FLAGS: [&str; 6] = ["filename", "patch-file", "from-file", "from-env-file", "cert", "key"];

/// The paths that a command line reads, so that the driver can load them. Folders are named as they are; `--from-file` may have a key
/// before the path.
pub fn files_needed(args: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    match args.iter().find(|word| *word != "kubectl" && !word.starts_with('-')).map(String::as_str) {
        // Their -f means something else.
        Some("logs") => return found,
        // A local file has no colon.
        Some("cp") => {
            return args
                .iter()
                .skip_while(|word| *word != "cp")
                .skip(1)
                .find(|word| !word.starts_with('-'))
                .filter(|word| !word.contains(':'))
                .cloned()
                .into_iter()
                .collect();
        }
        _ => {}
    }
    let mut words = args.iter().take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let (flag, value) = match word.strip_prefix("--") {
            Some(long) => match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None if PATH_FLAGS.contains(&long) => (long, words.next().cloned()),
                None => (long, None),
            },
            None if word == "-f" => ("filename", words.next().cloned()),
            None => ("filename", word.strip_prefix("-f").map(|value| value.strip_prefix('=').unwrap_or(value).to_owned())),
        };
        if !PATH_FLAGS.contains(&flag) {
            continue;
        }
        for path in value.iter().flat_map(|value| value.split(',')).filter(|path| !path.is_empty()) {
            let path = path.split_once('=').filter(|_| flag == "from-file").map_or(path, |(_, path)| path);
            if !found.iter().any(|known| known == path) {
                found.push(path.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubectl::split;

    #[test]
    fn files() {
        let words = |line: &str| split(line).expect("a line");
        assert_eq!(files_needed(&words("apply -f a.yaml -fb.yaml --filename=c,d -n x")), ["a.yaml", "b.yaml", "c", "d"]);
        assert!(files_needed(&words("get pods -- -f x")).is_empty());
        assert!(files_needed(&words("kubectl logs -f web")).is_empty());
        assert_eq!(files_needed(&words("cp a.txt web:/tmp/")), ["a.txt"]);
        let secret = words("create secret generic s --from-file=k=a.txt --from-file b.txt,c --from-env-file=d --from-literal=x=y");
        assert_eq!(files_needed(&secret), ["a.txt", "b.txt", "c", "d"]);
        assert_eq!(files_needed(&words("create secret tls t --cert=t.crt --key t.key")), ["t.crt", "t.key"]);
    }
}
