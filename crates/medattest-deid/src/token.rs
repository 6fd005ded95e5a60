//! Words, numbers, punctuation and line ends, in one pass.

/// A capital letter occurs in the token.
pub(crate) const UPPER: u8 = 1;
/// A small letter occurs.
pub(crate) const LOWER: u8 = 2;
/// A digit occurs.
pub(crate) const DIGIT: u8 = 4;
/// A letter of a script that does not fold to Latin occurs.
pub(crate) const OTHER: u8 = 8;
/// A single mark of punctuation.
pub(crate) const PUNCT: u8 = 16;
/// One or more line ends.
pub(crate) const NEWLINE: u8 = 32;
/// The token begins with a capital letter.
pub(crate) const CAPITAL: u8 = 64;
/// White space, or the start of the text, stands before the token.
pub(crate) const SPACED: u8 = 128;

const SPACE_CLASS: u8 = 0;

/// What each byte is.
static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [PUNCT; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        if b.is_ascii_uppercase() {
            table[byte] = UPPER;
        } else if b.is_ascii_lowercase() {
            table[byte] = LOWER;
        } else if b.is_ascii_digit() {
            table[byte] = DIGIT;
        } else if b >= 0x80 {
            table[byte] = OTHER;
        } else if b == b'\n' || b == b'\r' || b == 0x0b || b == 0x0c {
            table[byte] = NEWLINE;
        } else if b == b' ' || b == b'\t' || b < 0x20 || b == 0x7f {
            table[byte] = SPACE_CLASS;
        }
        byte += 1;
    }
    table
}

/// A token: where it stands, what it looks like, what the lexica say of it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Token {
    /// First byte.
    pub(crate) start: u32,
    /// Byte after the last.
    pub(crate) end: u32,
    /// Hash of the lower-case word; the mark itself for punctuation.
    pub(crate) hash: u64,
    /// What the lexica say; see [`crate::lexicon`].
    pub(crate) lexical: u32,
    /// What it looks like.
    pub(crate) shape: u8,
}

impl Token {
    pub(crate) fn is(&self, shape: u8) -> bool {
        self.shape & shape != 0
    }

    /// Letters only.
    pub(crate) fn is_word(&self) -> bool {
        self.shape & (DIGIT | PUNCT | NEWLINE) == 0
    }

    /// Digits only.
    pub(crate) fn is_number(&self) -> bool {
        self.shape & (UPPER | LOWER | DIGIT | OTHER | PUNCT | NEWLINE) == DIGIT
    }

    /// Whether it begins with a capital and has small letters, as `Smith` and `McKay`.
    pub(crate) fn is_title(&self) -> bool {
        self.shape & (CAPITAL | LOWER) == CAPITAL | LOWER
    }

    /// Whether all letters are capital.
    pub(crate) fn is_upper(&self) -> bool {
        self.shape & (UPPER | LOWER) == UPPER
    }

    pub(crate) fn is_lower(&self) -> bool {
        self.shape & (UPPER | LOWER) == LOWER
    }

    /// Whether it is this mark of punctuation.
    pub(crate) fn mark(&self, mark: u8) -> bool {
        self.is(PUNCT) && self.hash == u64::from(mark)
    }

    pub(crate) fn len(&self) -> usize {
        (self.end - self.start) as usize
    }
}

/// The hash by which a word is known, whatever its case.
pub(crate) fn word_hash(word: &str) -> u64 {
    hash_of(word.as_bytes())
}

/// The hash of a word: eight bytes at a time, the last eight whole. Values below 256 are kept for punctuation.
#[inline]
fn hash_of(word: &[u8]) -> u64 {
    let add = |hash: u64, part: u64| {
        let mixed = (hash ^ in_small_letters(part)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ mixed >> 29
    };
    let four = |four: &[u8; 4]| u64::from(u32::from_le_bytes(*four));
    let mut hash = (word.len() as u64).wrapping_mul(0x0000_0100_0000_01b3);
    if let Some(last) = word.last_chunk::<8>() {
        for part in word[..word.len() - 1].chunks_exact(8) {
            hash = add(hash, part.iter().rev().fold(0, |part, byte| part << 8 | u64::from(*byte)));
        }
        hash = add(hash, u64::from_le_bytes(*last));
    } else if let (Some(first), Some(last)) = (word.first_chunk(), word.last_chunk()) {
        hash = add(hash, four(first) | four(last) << 32);
    } else if let (Some(first), Some(last)) = (word.first(), word.last()) {
        hash = add(hash, u64::from(*first) | u64::from(word[word.len() / 2]) << 8 | u64::from(*last) << 16);
    }
    hash.wrapping_mul(0xbf58_476d_1ce4_e5b9) | 1 << 63
}

/// Eight bytes with the bit that tells small letters from capitals; bytes beyond ASCII stay.
#[inline]
fn in_small_letters(bytes: u64) -> u64 {
    bytes | 0x2020_2020_2020_2020 & !(bytes >> 2)
}

/// Splits folded text; `tokens` is emptied first. An apostrophe belongs to a word if a letter follows that is not the
/// last `s`; hyphens and underscores are marks.
pub(crate) fn tokenize(text: &str, tokens: &mut Vec<Token>) {
    tokens.clear();
    let bytes = text.as_bytes();
    let class = |at: usize| bytes.get(at).map_or(SPACE_CLASS, |b| CLASS[*b as usize]);
    let mut at = 0;
    let mut spaced = SPACED;
    while let Some(&byte) = bytes.get(at) {
        let kind = CLASS[byte as usize];
        match kind {
            SPACE_CLASS => {
                at += 1;
                spaced = SPACED;
            }
            NEWLINE => {
                let start = at;
                at += 1;
                while matches!(class(at), NEWLINE | SPACE_CLASS) && at < bytes.len() {
                    at += 1;
                }
                tokens.push(Token {
                    start: start as u32,
                    end: at as u32,
                    hash: u64::from(b'\n'),
                    lexical: 0,
                    shape: NEWLINE,
                });
                spaced = SPACED;
            }
            PUNCT => {
                tokens.push(Token {
                    start: at as u32,
                    end: at as u32 + 1,
                    hash: u64::from(byte),
                    lexical: 0,
                    shape: PUNCT | spaced,
                });
                at += 1;
                spaced = 0;
            }
            _ => {
                let start = at;
                let mut shape = spaced | if kind == UPPER { CAPITAL } else { 0 };
                // Scripts that write without spaces set numbers and Latin words between their own.
                let own = if kind == OTHER { OTHER } else { UPPER | LOWER | DIGIT };
                loop {
                    let kind = class(at);
                    if kind & own != 0 {
                        shape |= kind;
                    } else if !(kind == PUNCT && shape & DIGIT == 0 && is_inner_apostrophe(bytes, at)) {
                        break;
                    }
                    at += 1;
                }
                tokens.push(Token {
                    start: start as u32,
                    end: at as u32,
                    hash: hash_of(&bytes[start..at]),
                    lexical: 0,
                    shape,
                });
                spaced = 0;
            }
        }
    }
}

/// Whether an apostrophe stands here that belongs to the word: one before a letter that is not the last `s`.
fn is_inner_apostrophe(bytes: &[u8], at: usize) -> bool {
    let class = |at: usize| bytes.get(at).map_or(SPACE_CLASS, |b| CLASS[*b as usize]);
    bytes[at] == b'\''
        && class(at + 1) & (UPPER | LOWER) != 0
        && !(matches!(bytes.get(at + 1), Some(b's' | b'S')) && class(at + 2) & (UPPER | LOWER | DIGIT | OTHER) == 0)
}

#[cfg(test)]
mod tests {
    use super::{CAPITAL, DIGIT, LOWER, NEWLINE, PUNCT, UPPER, tokenize, word_hash};

    fn words(text: &str) -> Vec<String> {
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        tokens.iter().map(|t| text[t.start as usize..t.end as usize].to_owned()).collect()
    }

    #[test]
    fn splits_where_names_and_numbers_end() {
        assert_eq!(words("O'Brien's B12, x-ray"), ["O'Brien", "'", "s", "B12", ",", "x", "-", "ray"]);
        assert_eq!(words("a\r\n \n b"), ["a", "\r\n \n ", "b"]);
    }

    #[test]
    fn shape_and_hash() {
        let mut tokens = Vec::new();
        tokenize("McKay 12 b2\n.", &mut tokens);
        let shapes: Vec<u8> = tokens.iter().map(|t| t.shape & !super::SPACED).collect();
        assert_eq!(shapes, [UPPER | LOWER | CAPITAL, DIGIT, LOWER | DIGIT, NEWLINE, PUNCT]);
        assert_eq!(tokens[0].hash, word_hash("mckay"));
    }

    #[test]
    fn words_that_differ_in_more_than_case_have_hashes_of_their_own() {
        let words = [
            "a",
            "ab",
            "ba",
            "aab",
            "abb",
            "abcd",
            "abcde",
            "abdce",
            "abcdefgh",
            "abcdefghi",
            "abcdefghabcdefgh",
            "é",
            "è",
        ];
        let hashes: std::collections::BTreeSet<u64> = words.iter().map(|word| word_hash(word)).collect();
        assert_eq!(hashes.len(), words.len());
        assert!(words.iter().all(|word| word_hash(word) == word_hash(&word.to_ascii_uppercase())));
    }
}
