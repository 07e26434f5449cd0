//! How large the browser's module is on the wire, and how large it may be.

use crate::command::{Outcome, skip, target_dir};
use crate::test::Tally;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::path::Path;

/// A file of the module, and how many bytes of it may go over the wire, gzipped.
const FIRST: (&str, usize) = ("podarium_bg.wasm", 900_000);
const REST: (&str, usize) = ("podarium_rest.wasm", 1_150_000);

/// Prints how large the parts are.
pub(crate) fn show() -> Outcome {
    let web = target_dir()?.join("wasm-web");
    for (name, _) in [FIRST, REST] {
        let (plain, gzipped) = sizes(&web.join(name))?;
        println!("{name}: {} kB, {} kB gzipped", plain / 1000, gzipped / 1000);
    }
    Ok(())
}

/// Holds the parts against their budgets.
///
/// # Errors
/// They can't be read; in CI, also if they weren't built.
pub(crate) fn within_budget() -> Outcome<Tally> {
    let web = target_dir()?.join("wasm-web");
    let mut tally = Tally::default();
    if !web.is_dir() {
        skip("the size of the module, which was not built")?;
        tally.skipped += 1;
        return Ok(tally);
    }
    for (name, budget) in [FIRST, REST] {
        let (_, gzipped) = sizes(&web.join(name))?;
        let fits = gzipped <= budget;
        tally.count(fits);
        println!("{}: {name}: {} kB gzipped of {} kB", if fits { "fits" } else { "FAILED" }, gzipped / 1000, budget / 1000);
    }
    Ok(tally)
}

/// Bytes, and bytes gzipped as a web server does.
fn sizes(file: &Path) -> Outcome<(usize, usize)> {
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&bytes)?;
    Ok((bytes.len(), gzip.finish()?.len()))
}
