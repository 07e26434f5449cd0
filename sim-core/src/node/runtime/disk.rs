//! Files as containers see them: of images, of volumes, and what their processes wrote.

use crate::api::meta::Str;
use std::collections::BTreeMap;

/// A file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    /// What it says. Of a file that was only filled up, nothing.
    pub data: Str,
    /// How much room it takes, in bytes.
    pub size: u64,
    /// Permissions: `0o644`.
    pub mode: u32,
}

impl File {
    /// A file with this text.
    pub fn new(data: impl Into<Str>, mode: u32) -> File {
        let data = data.into();
        File { size: data.len() as u64, data, mode }
    }
}

/// Files by path. Of a volume, the paths begin below its root, without a slash; of a container, they are absolute.
pub type Files = BTreeMap<Str, File>;
