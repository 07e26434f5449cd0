//! Links: a run in the fragment of an address, `#v1.` and the [`Link`] as JSON, deflated, in the URL alphabet of base64 (RFC 4648, section 5)
//! without padding.
//!
//! What a fragment holds never leaves the browser: it isn't sent to whoever serves the page.

use crate::frame::session::{Link, Problem};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder};
use std::io::Read;

/// What every link of this version begins with.
const PREFIX: &str = "v1.";
/// The version that stands in a [`Link`].
pub const VERSION: u32 = 1;
/// No run is larger: a text of kilobytes can inflate to gigabytes.
const INFLATED_MAX: u64 = 16 << 20;

/// The fragment for a run, without `#`.
pub fn encode(link: &Link) -> String {
    let json = serde_json::to_vec(link).expect("a link is plain data");
    let mut deflated = Vec::new();
    DeflateEncoder::new(json.as_slice(), Compression::best()).read_to_end(&mut deflated).expect("memory can be read");
    let text = URL_SAFE_NO_PAD.encode(deflated);
    format!("{PREFIX}{text}")
}

/// The run that a fragment holds, with or without `#`.
///
/// # Errors
/// It isn't one, is damaged, or is of a version that isn't known.
pub fn decode(fragment: &str) -> Result<Link, Problem> {
    let problem =
        |message: &str, help: &str| Problem { message: message.to_owned(), help: help.to_owned(), file: String::new(), line: 0, column: 0 };
    let damaged = || problem("this link is damaged", "it may have been cut off on its way; ask for it once more");
    let fragment = fragment.trim().trim_start_matches('#');
    let text = fragment
        .strip_prefix(PREFIX)
        .ok_or_else(|| problem("this is no link of a kind that is known", "a link's fragment begins with #v1."))?;
    let deflated = URL_SAFE_NO_PAD.decode(text).map_err(|_| damaged())?;
    let mut json = Vec::new();
    DeflateDecoder::new(deflated.as_slice()).take(INFLATED_MAX + 1).read_to_end(&mut json).map_err(|_| damaged())?;
    if json.len() as u64 > INFLATED_MAX {
        return Err(problem("this link holds more than a run can", "16 MiB is the most"));
    }
    let link: Link = serde_json::from_slice(&json).map_err(|_| damaged())?;
    if link.version == VERSION {
        Ok(link)
    } else {
        Err(problem("this link is of a newer version of Podarium", "reload the page, or update"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::session::TypedLine;

    fn link() -> Link {
        let line = TypedLine { at: 1_500_000_000, terminal: 1, line: "kubectl scale deploy web --replicas=5".to_owned(), files: [].into() };
        Link {
            version: VERSION,
            scenario: "steps: []\n# 终端".to_owned(),
            seed: Some(7),
            lines: vec![line],
            at: Some(9),
            ..Link::default()
        }
    }

    #[test]
    fn a_link_comes_back_as_it_went() {
        let text = encode(&link());
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)), "{text}");
        assert_eq!(decode(&text), Ok(link()));
        assert_eq!(decode(&format!("#{text}")), Ok(link()));
        assert!(text.len() < 220, "{} bytes", text.len());
    }

    #[track_caller]
    fn refused(fragment: &str, why: &str) {
        let problem = decode(fragment).expect_err("such a link is refused");
        assert!(problem.message.contains(why), "{problem:?}");
        assert!(!problem.help.is_empty());
    }

    #[test]
    fn what_is_no_link_is_refused_in_words() {
        refused("", "no link");
        refused("v2.AAAA", "no link");
        refused("v1.%%%", "damaged");
        refused("v1.AAAA", "damaged");
        let text = encode(&link());
        refused(&text[..text.len() - 10], "damaged");
        refused(&encode(&Link { version: 2, ..link() }), "newer");
    }

    #[test]
    fn a_bomb_is_not_inflated() {
        let scenario = " ".repeat(INFLATED_MAX as usize + 1);
        refused(&encode(&Link { scenario, ..link() }), "more than");
    }
}
