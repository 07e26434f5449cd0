//! Where the entries of a ConfigMap or a Secret come from: `--from-file`, `--from-literal`, `--from-env-file`. Mirrors
//! `staging/src/k8s.io/kubectl/pkg/util/util.go` and the `handle…Sources` functions of `pkg/cmd/create/create_{configmap,secret}.go`, v1.36.
//!
//! Left out: files that aren't text.

use crate::kubectl::failure::{Answer, Failure};
use crate::kubectl::{Call, environment};

/// An entry: its key and its content.
pub type Entry = (String, String);

/// The entries of `--from-literal`.
pub fn literals(call: &Call<'_>) -> Answer<Vec<Entry>> {
    let literal = |source: &String| match source.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(Failure::Plain(format!("invalid literal source {source}, expected key=value"))),
    };
    call.flags.all("from-literal").iter().map(literal).collect()
}

/// The entries of file sources such as `path`, `key=path` or a folder, whose files are named by themselves.
pub fn files(call: &Call<'_>, sources: &[String]) -> Answer<Vec<Entry>> {
    let mut found = Vec::new();
    for source in sources {
        let (key, path) = file_source(source)?;
        if let Some(content) = call.files.get(path) {
            found.push((key.to_owned(), content.clone()));
            continue;
        }
        let inside = in_folder(call, path);
        if inside.is_empty() {
            return Err(missing(path));
        }
        if source.contains('=') {
            return Err(Failure::plain("cannot give a key name for a directory path"));
        }
        found.extend(inside);
    }
    Ok(found)
}

/// The entries of `--from-env-file`. `kind` is how kubectl calls what they are for.
pub fn env_files(call: &Call<'_>, kind: &str) -> Answer<Vec<Entry>> {
    let mut found = Vec::new();
    for path in call.flags.list("from-env-file") {
        match call.files.get(&path) {
            Some(content) => found.extend(environment::file_entries(content)?),
            None if in_folder(call, &path).is_empty() => return Err(missing(&path)),
            None => return Err(Failure::Plain(format!("env {kind} file cannot be a directory"))),
        }
    }
    Ok(found)
}

/// `--from-env-file` goes with nothing else.
pub fn check_alone(call: &Call<'_>) -> Answer<()> {
    if call.flags.has("from-env-file") && (call.flags.has("from-file") || call.flags.has("from-literal")) {
        return Err(Failure::plain("from-env-file cannot be combined with from-file or from-literal"));
    }
    Ok(())
}

/// The key and the path of a source.
fn file_source(source: &str) -> Answer<(&str, &str)> {
    match source.split_once('=') {
        None => Ok((source.trim_end_matches('/').rsplit('/').next().unwrap_or(source), source)),
        Some((_, rest)) if rest.contains('=') => Err(Failure::plain("key names or file paths cannot contain '='")),
        Some(("", path)) => Err(Failure::Plain(format!("key name for file path {path} missing"))),
        Some((key, "")) => Err(Failure::Plain(format!("file path for key name {key} missing"))),
        Some((key, path)) => Ok((key, path)),
    }
}

/// The files that lie directly in a folder, in order of their names.
fn in_folder(call: &Call<'_>, path: &str) -> Vec<Entry> {
    let folder = format!("{}/", path.trim_end_matches('/'));
    let inside = call.files.iter().filter_map(|(file, content)| {
        let name = file.strip_prefix(&folder).filter(|name| !name.contains('/'))?;
        Some((name.to_owned(), content.clone()))
    });
    inside.collect()
}

fn missing(path: &str) -> Failure {
    Failure::Plain(format!("error reading {path}: no such file or directory"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: Result<(&str, &str), &str>) {
        assert_eq!(file_source(source).map_err(|failure| failure.message()), expected.map_err(str::to_owned), "{source}");
    }

    #[test]
    fn file_sources() {
        check("a/b.txt", Ok(("b.txt", "a/b.txt")));
        check("k=a/b.txt", Ok(("k", "a/b.txt")));
        check("dir/", Ok(("dir", "dir/")));
        check("=x", Err("key name for file path x missing"));
        check("x=", Err("file path for key name x missing"));
        check("a=b=c", Err("key names or file paths cannot contain '='"));
    }
}
