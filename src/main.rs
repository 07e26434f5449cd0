//! Podarium's command line.
fn main() {}
