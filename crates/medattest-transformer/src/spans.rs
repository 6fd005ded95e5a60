//! From labelled tokens to spans.

use std::collections::BTreeSet;
use std::fmt;

/// A span that the model tagged.
#[derive(Debug, Clone, PartialEq)]
pub struct Tagged {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// The model's label without `B-` or `I-`.
    pub label: String,
    /// Mean probability of the label over the tokens of the span.
    pub score: f32,
}

/// A token with the number of its label.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) label: usize,
    pub(crate) score: f32,
}

/// What a label says: nothing (`O`), or something, which may begin anew.
#[derive(PartialEq)]
enum Says {
    Nothing,
    Something { begins: bool, plain: String },
}

/// The labels of a model, each with what it says.
pub(crate) struct Scheme(Vec<Says>);

impl fmt::Debug for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scheme of {} labels", self.0.len())
    }
}

impl Scheme {
    /// Reads the marks of the labels. `B` and `I` are marks always; `E`, `L`, `S` and `U` (BIOES, BILOU) are where
    /// another label says the same with `B` or `I`, so that an `E-MAIL` stays one.
    pub(crate) fn new(labels: &[String]) -> Self {
        let split =
            |label: &str| label.split_once(['-', '_']).map(|(mark, plain)| (mark.to_owned(), plain.to_owned()));
        let inner: BTreeSet<String> = labels
            .iter()
            .filter_map(|label| split(label))
            .filter(|(mark, _)| mark == "B" || mark == "I")
            .map(|(_, plain)| plain)
            .collect();
        let says = |label: &String| {
            if label == "O" {
                return Says::Nothing;
            }
            match split(label) {
                Some((mark, plain)) if mark == "B" || mark == "I" => Says::Something { begins: mark == "B", plain },
                Some((mark, plain)) if inner.contains(&plain) && ["E", "L", "S", "U"].contains(&mark.as_str()) => {
                    Says::Something { begins: mark == "S" || mark == "U", plain }
                }
                _ => Says::Something { begins: false, plain: label.clone() },
            }
        };
        Self(labels.iter().map(says).collect())
    }
}

/// Spans of tokens in order that say the same. Pieces of one word always belong together; words do if nothing but a
/// space or a joint lies between and the later does not begin anew.
pub(crate) fn spans(text: &str, tokens: impl IntoIterator<Item = Told>, scheme: &Scheme) -> Vec<Tagged> {
    let mut spans: Vec<(Tagged, f32)> = Vec::new();
    for token in tokens {
        let Some(Says::Something { begins, plain }) = scheme.0.get(token.label) else { continue };
        // Tokens may begin or end with the space beside their word.
        let value = text.get(token.start..token.end).unwrap_or_default();
        let start = token.start + (value.len() - value.trim_start().len());
        let end = start + value.trim().len();
        if start >= end {
            continue;
        }
        let score = token.score;
        match spans.last_mut() {
            Some((last, tokens)) if last.label == *plain && joined(text, last.end, start, *begins) => {
                last.end = last.end.max(end);
                last.score = (last.score * *tokens + score) / (*tokens + 1.0);
                *tokens += 1.0;
            }
            last => {
                // The bytes of one character may be told apart; they are the span's that has them first.
                let start = last.map_or(start, |(last, _)| start.max(last.end));
                if start < end {
                    spans.push((Tagged { start, end, label: plain.clone(), score }, 1.0));
                }
            }
        }
    }
    spans.into_iter().map(|(span, _)| span).collect()
}

fn joined(text: &str, end: usize, start: usize, begins: bool) -> bool {
    // Several tokens may share the bytes of one character.
    if start <= end {
        return true;
    }
    !begins && text.get(end..start).is_some_and(|between| matches!(between, " " | "-" | "'" | "." | ", "))
}

#[cfg(test)]
mod tests {
    use super::{Scheme, Tagged, Told, spans};

    fn tag(text: &str, labels: &[&str], tokens: &[(usize, usize, usize, f32)]) -> Vec<Tagged> {
        let scheme = Scheme::new(&labels.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>());
        let told = tokens.iter().map(|(start, end, label, score)| Told {
            start: *start,
            end: *end,
            label: *label,
            score: *score,
        });
        spans(text, told, &scheme)
    }

    fn short(spans: &[Tagged]) -> Vec<(usize, usize, &str)> {
        spans.iter().map(|span| (span.start, span.end, span.label.as_str())).collect()
    }

    const BIO: [&str; 5] = ["O", "B-NAME", "I-NAME", "B-DATE", "I-DATE"];

    #[test]
    fn pieces_and_words_of_one_label_are_one_span() {
        // Jane Roe, saw
        let found = tag("Jane Roe saw", &BIO, &[(0, 2, 1, 1.0), (2, 4, 2, 0.5), (5, 8, 2, 0.6), (9, 12, 0, 0.9)]);
        assert_eq!(short(&found), [(0, 8, "NAME")]);
        assert!((found[0].score - 0.7).abs() < 1e-6);
    }

    #[test]
    fn what_begins_anew_is_apart_unless_it_is_the_same_word() {
        assert_eq!(
            short(&tag("Jane Roe", &BIO, &[(0, 4, 1, 1.0), (5, 8, 1, 1.0)])),
            [(0, 4, "NAME"), (5, 8, "NAME")]
        );
        assert_eq!(short(&tag("JaneRoe", &BIO, &[(0, 4, 1, 1.0), (4, 7, 1, 1.0)])), [(0, 7, "NAME")]);
        assert_eq!(
            short(&tag("Jane May", &BIO, &[(0, 4, 1, 1.0), (5, 8, 4, 1.0)])),
            [(0, 4, "NAME"), (5, 8, "DATE")]
        );
        assert_eq!(
            short(&tag("Jane\nRoe", &BIO, &[(0, 4, 1, 1.0), (5, 8, 2, 1.0)])),
            [(0, 4, "NAME"), (5, 8, "NAME")]
        );
    }

    #[test]
    fn the_space_of_a_token_is_neither_tagged_nor_a_reason_to_join() {
        // Tokens of sentence pieces and bytes begin with the space before them.
        let found = tag(" Jane Roe ", &BIO, &[(0, 5, 1, 1.0), (5, 10, 1, 1.0)]);
        assert_eq!(short(&found), [(1, 5, "NAME"), (6, 9, "NAME")]);
        assert_eq!(tag("  ", &BIO, &[(0, 2, 1, 1.0)]), []);
    }

    #[test]
    fn tokens_of_one_character_are_one_span() {
        let found = tag("é", &BIO, &[(0, 2, 1, 1.0), (0, 2, 1, 0.5)]);
        assert_eq!(short(&found), [(0, 2, "NAME")]);
        assert!((found[0].score - 0.75).abs() < 1e-6);
        let found = tag("éa", &BIO, &[(0, 2, 1, 1.0), (0, 2, 3, 0.5), (0, 3, 3, 0.5)]);
        assert_eq!(short(&found), [(0, 2, "NAME"), (2, 3, "DATE")]);
    }

    #[test]
    fn marks_are_those_that_the_labels_use() {
        let two = |labels: &[&str]| {
            let found = tag("ab cd", labels, &[(0, 2, 0, 1.0), (3, 5, 1, 1.0)]);
            found.iter().map(|span| span.label.clone()).collect::<Vec<_>>()
        };
        assert_eq!(two(&["NAME", "NAME"]), ["NAME"]);
        assert_eq!(two(&["B_NAME", "L_NAME"]), ["NAME"]);
        assert_eq!(two(&["B-NAME", "E-NAME"]), ["NAME"]);
        assert_eq!(two(&["I-NAME", "U-NAME"]), ["NAME", "NAME"]);
        assert_eq!(two(&["I-NAME", "E-MAIL"]), ["NAME", "E-MAIL"]);
        assert_eq!(two(&["I-ID-NUM", "I-ID-NUM"]), ["ID-NUM"]);
    }
}
