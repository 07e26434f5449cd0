//! Generated names: the five letters behind `generateName`, and the encoding that keeps hashes free of bad words.
//!
//! Mirrors `staging/src/k8s.io/apimachinery/pkg/util/rand/rand.go` and `staging/src/k8s.io/apiserver/pkg/storage/names/generate.go` of
//! Kubernetes v1.36. Differs: the random bits come from the caller.

/// The characters of a generated suffix: no vowels, so no words, and nothing that looks like another.
pub const SUFFIX_ALPHABET: &str = "bcdfghjklmnpqrstvwxz2456789";
/// How many characters a generated suffix has.
pub const SUFFIX_LENGTH: usize = 5;
/// How many bytes of `generateName` are kept: a name has 63 at most.
pub const GENERATE_NAME_MAX: usize = 63 - SUFFIX_LENGTH;

/// `rand.SafeEncodeString`: each character as one of [`SUFFIX_ALPHABET`].
pub fn safe_encode(text: &str) -> String {
    let alphabet = SUFFIX_ALPHABET.as_bytes();
    let mut encoded: String = text.chars().map(|c| char::from(alphabet[c as usize % alphabet.len()])).collect();
    // Go makes as many bytes as the text has, and fills one for each character.
    encoded.extend(std::iter::repeat_n('\0', text.len() - encoded.len()));
    encoded
}

/// `base`, cut to [`GENERATE_NAME_MAX`] bytes, and the suffix behind it.
pub fn generate_name(base: &str, suffix: &str) -> String {
    let mut end = base.len().min(GENERATE_NAME_MAX);
    while !base.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{suffix}", &base[..end])
}

/// A suffix of [`SUFFIX_LENGTH`] characters out of random bits, five at a time, as `rand.String` takes them.
pub fn suffix(mut bits: impl FnMut() -> u64) -> String {
    let alphabet = SUFFIX_ALPHABET.as_bytes();
    let mut suffix = String::with_capacity(SUFFIX_LENGTH);
    while suffix.len() < SUFFIX_LENGTH {
        let mut word = bits();
        for _ in 0..12 {
            // Five bits count to 31; what is beyond the alphabet is thrown away, so that all characters are as likely.
            if let Some(letter) = alphabet.get((word & 31) as usize).filter(|_| suffix.len() < SUFFIX_LENGTH) {
                suffix.push(char::from(*letter));
            }
            word >>= 5;
        }
    }
    suffix
}

/// The 32-bit FNV-1a hash (Go's `fnv.New32a`).
pub fn fnv1a_32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: &str, name: &str) {
        assert_eq!(generate_name(base, "x2n7d"), name);
    }

    #[test]
    fn long_bases_are_cut() {
        check("web-", "web-x2n7d");
        check(&"a".repeat(70), &format!("{}x2n7d", "a".repeat(58)));
        check(&"é".repeat(40), &format!("{}x2n7d", "é".repeat(29)));
    }

    #[test]
    fn hashes_and_suffixes_use_the_alphabet() {
        assert_eq!(safe_encode("936327063"), "f7b76c4b7");
        assert_eq!(safe_encode("é").len(), 2);
        assert_eq!((fnv1a_32(b""), fnv1a_32(b"a")), (0x811c_9dc5, 0xe40c_292c));
        let mut word = 0x0123_4567_89ab_cdefu64;
        let made = suffix(|| {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            word
        });
        assert!(made.len() == SUFFIX_LENGTH && made.chars().all(|c| SUFFIX_ALPHABET.contains(c)), "{made}");
    }
}
