//! Reads recordings: one JSON value per line, gzipped or plain.

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// All lines of a file.
///
/// # Errors
/// When the file cannot be read or a line is not JSON.
pub(crate) fn read_lines(path: &Path) -> io::Result<Vec<Value>> {
    let mut text = String::new();
    if path.extension().is_some_and(|e| e == "gz") {
        MultiGzDecoder::new(fs::File::open(path)?).read_to_string(&mut text)?;
    } else {
        text = fs::read_to_string(path)?;
    }
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| serde_json::from_str(line).map_err(io::Error::from)).collect()
}

/// The recording's name: `quantity` of `quantity.jsonl.gz`. `None` for other files.
pub(crate) fn name(path: &Path) -> Option<&str> {
    let file = path.file_name()?.to_str()?;
    file.strip_suffix(".jsonl.gz").or_else(|| file.strip_suffix(".jsonl"))
}
