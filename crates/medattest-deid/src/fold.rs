//! Text as it is read by recognizers: plain letters and digits, whatever they were dressed up as.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Folded text with the way back. Holds patients' text, so it has no `Debug`.
#[derive(Default)]
pub(crate) struct Folded {
    text: String,
    /// For each byte of `text`, the byte of the original where its character began; one more for the end.
    starts: Vec<u32>,
    /// For each byte of `text`, the byte of the original where its character ended.
    ends: Vec<u32>,
}

impl Folded {
    /// Folds text: compatibility forms become plain, accents go, characters of no width go, letters of other
    /// scripts that look Latin become Latin where they stand among Latin ones.
    pub(crate) fn fold(&mut self, original: &str) {
        self.text.clear();
        self.starts.clear();
        self.ends.clear();
        let mut previous_latin = false;
        let mut rest = 0;
        while rest < original.len() {
            // What is plain already, at once.
            let bytes = original.as_bytes();
            let run = bytes[rest..].iter().position(|b| !b.is_ascii()).map_or(bytes.len(), |n| rest + n);
            if run > rest {
                self.text.push_str(&original[rest..run]);
                self.starts.extend(rest as u32..run as u32);
                self.ends.extend(rest as u32 + 1..run as u32 + 1);
                previous_latin = bytes[run - 1].is_ascii_alphanumeric();
            }
            let Some(character) = original[run..].chars().next() else { break };
            let (at, end) = (run, run + character.len_utf8());
            rest = end;
            if is_invisible(character) || is_combining_mark(character) {
                // The character before reaches to here, so that redaction leaves no remnant.
                if let Some(last) = self.ends.last_mut() {
                    *last = end as u32;
                }
                continue;
            }
            let next_latin = bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
            if let Some(latin) = look_alike(character).filter(|_| previous_latin || next_latin) {
                self.push(latin, at, end);
                previous_latin = true;
                continue;
            }
            if let Some(digit) = digit(character) {
                self.push(digit, at, end);
                previous_latin = true;
                continue;
            }
            if let Some(plain) = plain(character) {
                for (i, c) in plain.chars().enumerate() {
                    let from = if i == 0 { at } else { end };
                    self.push(c, from, end);
                }
                previous_latin = true;
                continue;
            }
            let mut any = false;
            for c in std::iter::once(character).nfkd().filter(|c| !is_combining_mark(*c)) {
                self.push(c, at, end);
                any = true;
                previous_latin = c.is_ascii_alphanumeric();
            }
            if !any && let Some(last) = self.ends.last_mut() {
                *last = end as u32;
            }
        }
    }

    fn push(&mut self, character: char, start: usize, end: usize) {
        self.text.push(character);
        for _ in 0..character.len_utf8() {
            self.starts.push(start as u32);
            self.ends.push(end as u32);
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The span of the original that a span of the folded text came from.
    pub(crate) fn back(&self, start: usize, end: usize) -> (usize, usize) {
        let from = self.starts.get(start).copied().unwrap_or_default() as usize;
        let to = end.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or_default() as usize;
        (from, to.max(from))
    }
}

/// Characters that are not seen: joiners, marks of direction, soft hyphen, byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{180e}' | '\u{fe00}'..='\u{fe0f}')
}

/// Digits of other scripts; each run of ten begins at one of these.
fn digit(c: char) -> Option<char> {
    const ZEROS: [u32; 14] =
        [0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0];
    let zero = ZEROS.into_iter().find(|zero| (*zero..*zero + 10).contains(&(c as u32)))?;
    char::from_digit(c as u32 - zero, 10)
}

/// Cyrillic and Greek letters that look Latin.
fn look_alike(c: char) -> Option<char> {
    Some(match c {
        'а' | 'α' => 'a',
        'е' => 'e',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'с' => 'c',
        'у' => 'y',
        'х' | 'χ' => 'x',
        'і' | 'ι' => 'i',
        'ј' => 'j',
        'ѕ' => 's',
        'ԁ' => 'd',
        'ɡ' => 'g',
        'ν' => 'v',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'т' | 'τ' => 't',
        'н' => 'h',
        'в' => 'b',
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'Е' | 'Ε' => 'E',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'Н' | 'Η' => 'H',
        'О' | 'Ο' => 'O',
        'Р' | 'Ρ' => 'P',
        'С' => 'C',
        'Т' | 'Τ' => 'T',
        'Х' | 'Χ' => 'X',
        'У' | 'Υ' => 'Y',
        'І' | 'Ι' => 'I',
        'Ј' => 'J',
        'Ѕ' => 'S',
        'Ζ' => 'Z',
        'Ν' => 'N',
        _ => return None,
    })
}

/// Letters that have no decomposition, and punctuation of typesetters.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ł' => "l",
        'Ł' => "L",
        'ø' => "o",
        'Ø' => "O",
        'đ' | 'ð' => "d",
        'Đ' | 'Ð' => "D",
        'ß' => "ss",
        'æ' => "ae",
        'Æ' => "Ae",
        'œ' => "oe",
        'Œ' => "Oe",
        'þ' => "th",
        'Þ' => "Th",
        'ı' => "i",
        'ħ' => "h",
        'ŋ' => "n",
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2032}' | '\u{02bc}' | '`' | '\u{b4}' => "'",
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{2033}' => "\"",
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "-",
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => " ",
        '\u{2028}' | '\u{2029}' | '\u{85}' => "\n",
        '\u{3001}' | '\u{60c}' => ",",
        '\u{3002}' | '\u{6d4}' | '\u{964}' => ".",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::Folded;

    fn fold(text: &str) -> (String, Vec<(usize, usize)>) {
        let mut folded = Folded::default();
        folded.fold(text);
        let spans = (0..folded.text().len()).map(|i| folded.back(i, i + 1)).collect();
        (folded.text().to_owned(), spans)
    }

    #[test]
    fn hides_nothing_behind_dress() {
        assert_eq!(fold("4111\u{200d}1111").0, "41111111");
        assert_eq!(fold("jan\u{435}.x@example.com").0, "jane.x@example.com");
        assert_eq!(fold("４１１１").0, "4111");
        assert_eq!(fold("Szöllösy Łukasz Straße").0, "Szollosy Lukasz Strasse");
        assert_eq!(fold("jane\u{301}.p").0, "jane.p");
        assert_eq!(fold("١٤/٠٣، १२。").0, "14/03, 12.");
    }

    #[test]
    fn leads_back_to_whole_characters() {
        let text = "Zoë e\u{301}";
        let (folded, spans) = fold(text);
        assert_eq!(folded, "Zoe e");
        for (start, end) in spans {
            assert!(text.is_char_boundary(start) && text.is_char_boundary(end));
        }
        let mut whole = Folded::default();
        whole.fold(text);
        assert_eq!(whole.back(0, 5), (0, text.len()));
    }
}
