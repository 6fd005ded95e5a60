//! From everything that was found to spans without overlap: nothing that any ground covers is uncovered again.

use crate::check::is_year;
use crate::detection::{Detection, Grounds, ListRule};
use crate::kind::Kind;
use crate::scan::{FORMED, LONGEST_VALUE, THRESHOLD};

/// Puts together detections of one text from several sources, as the scanner does with those of its own layers.
pub fn merge(text: &str, detections: &mut Vec<Detection>) {
    detections.retain(|d| d.start < d.end && text.get(d.start..d.end).is_some());
    resolve(text, detections);
}

/// Takes the other half of a name with a hyphen to it: `WEI` of `WEI-LIN`.
fn take_halves(bytes: &[u8], found: &mut [Detection]) {
    let capital = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_uppercase);
    for name in found.iter_mut().filter(|d| d.kind.is_person() && capital(d.start)) {
        while bytes.get(name.end) == Some(&b'-') && capital(name.end + 1) {
            let letters = bytes[name.end + 1..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
            name.end += 1 + letters;
        }
        while name.start > 1 && bytes[name.start - 1] == b'-' {
            let letters = bytes[..name.start - 1].iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
            let start = name.start - 1 - letters;
            if letters < 2 || !capital(start) {
                break;
            }
            name.start = start;
        }
    }
}

/// A guess that reaches over white space into what has a form of its own, and is of another sort, ends before it or
/// begins behind it: `316.555.0140  www.example.com` is two, and so is `Dr. Ann Roe Dec. 7`.
fn give_way(bytes: &[u8], found: &mut [Detection]) {
    let guess = |d: &Detection| d.by == Grounds::Tagger && (d.kind.is_person() || d.kind.is_number());
    if !found.iter().any(guess) {
        return;
    }
    let mut formed: Vec<Detection> = found.iter().filter(|d| has_form(d)).copied().collect();
    formed.sort_unstable_by_key(|d| (d.start, d.end));
    let space = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_whitespace);
    for wide in found.iter_mut().filter(|d| guess(d)) {
        let until = formed.partition_point(|form| form.start < wide.end);
        let start = wide.start;
        let near = formed[..until].iter().rev().take_while(|form| form.start + LONGEST_VALUE > start);
        for form in near.filter(|form| form.kind != wide.kind && !(form.kind.is_person() && wide.kind.is_person())) {
            let before = wide.start < form.start && form.end >= wide.end && space(form.start - 1);
            let behind = wide.start >= form.start && wide.start < form.end && form.end < wide.end;
            let rest = if before {
                wide.start..bytes[..form.start].trim_ascii_end().len()
            } else if behind {
                let gap = marks(&bytes[form.end..wide.end]);
                if (form.end..form.end + gap).any(space) { form.end + gap..wide.end } else { continue }
            } else {
                continue;
            };
            if is_one(wide.kind, &bytes[rest.start.min(rest.end)..rest.end]) {
                (wide.start, wide.end) = (rest.start, rest.end);
            }
        }
    }
}

/// How many marks and blanks a text begins with.
pub(crate) fn marks(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric()).count()
}

/// Whether what is left of a guess can be of its kind by itself: the letters before a number are part of that.
fn is_one(kind: Kind, rest: &[u8]) -> bool {
    let count = |is: fn(&u8) -> bool| rest.iter().filter(|byte| is(byte)).count();
    if kind.is_number() {
        count(u8::is_ascii_digit) > 2 && !is_year(rest)
    } else {
        count(u8::is_ascii_alphabetic) > 1
    }
}

/// Whether it was found by a pattern or a rule that tells what it is, and where it ends.
fn has_form(detection: &Detection) -> bool {
    use ListRule::{CityState, Facility, Postcode, Street};
    let rule =
        matches!(detection.by, Grounds::Pattern { .. } | Grounds::List(Facility | Street | CityState | Postcode));
    rule && detection.score >= FORMED
}

/// Merges detections that overlap or that name one thing in pieces.
pub(crate) fn resolve(text: &str, found: &mut Vec<Detection>) {
    let bytes = text.as_bytes();
    take_halves(bytes, found);
    give_way(bytes, found);
    // Of two that are equal the one whose context is nearer, else the one that was found first.
    let by_place = |a: &Detection, b: &Detection| a.start.cmp(&b.start).then(b.end.cmp(&a.end));
    found.sort_by(|a, b| by_place(a, b).then(b.score.total_cmp(&a.score)).then(away(a).cmp(&away(b))));
    let mut kept = 0;
    for at in 0..found.len() {
        let next = found[at];
        if kept > 0 {
            let last = &mut found[kept - 1];
            let overlaps = next.start < last.end;
            if overlaps || joins(bytes, last, &next) {
                let also = last.also.saturating_add(1 + next.also);
                let best = if weight(&next) > weight(last) { next } else { *last };
                *last = Detection { start: last.start, end: last.end.max(next.end), also, ..best };
                continue;
            }
        }
        found[kept] = next;
        kept += 1;
    }
    found.truncate(kept);
}

/// Identifiers come together: a record of a person has a date, a number or a title beside a name. Where nothing is sure,
/// what the tagger guessed has to be surer than elsewhere, and the more so the longer the text.
pub(crate) fn drop_doubtful(found: &mut Vec<Detection>, tokens: usize) {
    /// A guess that is as sure as this speaks for the others, in a few words and in a text of so many tokens or more, where
    /// it may also stand alone.
    const SURE: [f32; 2] = [0.95, 0.98];
    const LONG: f32 = 80.0;
    /// Patterns and rules speak for the others from here.
    const TOLD: f32 = 0.8;
    let guessed = |d: &Detection| d.by == Grounds::Tagger;
    let length = (tokens as f32 / LONG).min(1.0);
    let sure = SURE[0] + (SURE[1] - SURE[0]) * length;
    if !found.iter().any(|d| d.score >= if guessed(d) { sure } else { TOLD }) {
        let least = THRESHOLD + (sure - THRESHOLD) * length;
        found.retain(|d| !guessed(d) || d.score >= least);
    }
}

/// How far away the context is that spoke for a detection.
fn away(detection: &Detection) -> u8 {
    if let Grounds::Pattern { away, .. } = detection.by { away } else { 0 }
}

/// Which of two overlapping detections says what the span is: verified numbers first, then patterns whose context was
/// seen, then by score; of equals the longer.
fn weight(detection: &Detection) -> (u8, f32, usize) {
    let rank = match detection.by {
        Grounds::Column | Grounds::RowValue => 4,
        Grounds::Pattern { checked: true, .. } => 3,
        Grounds::Pattern { context: Some(_), .. } if detection.score >= FORMED => 2,
        // A form that nothing else has, such as that of an e-mail address.
        Grounds::Pattern { .. } if detection.score >= 0.9 => 2,
        // A number that the tagger saw is told better by its form, if that tells anything.
        Grounds::Tagger if detection.kind.is_number() => 0,
        Grounds::Pattern { .. } if detection.kind.is_number() && detection.score < FORMED => 0,
        Grounds::Pattern { .. } | Grounds::List(_) | Grounds::Tagger | Grounds::Transformer => 1,
        Grounds::Echo => 0,
    };
    (rank, detection.score, detection.end - detection.start)
}

/// Parts of one name or one address, with nothing but a joint between.
fn joins(bytes: &[u8], last: &Detection, next: &Detection) -> bool {
    let between = &bytes[last.end..next.start];
    match (last.kind, next.kind) {
        (a, b) if a.is_person() && b.is_person() => matches!(between, b" " | b"-" | b"." | b", " | b"'"),
        (Kind::StreetAddress, Kind::StreetAddress) => {
            between.len() <= 3 && between.iter().all(|b| b" ,.\n#".contains(b))
        }
        (Kind::Place, Kind::Place) | (Kind::Facility, Kind::Facility) => matches!(between, b" " | b"-"),
        (Kind::Date, Kind::Date) => matches!(between, b" " | b", " | b"/"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{drop_doubtful, resolve};
    use crate::detection::{Detection, Grounds, ListRule};
    use crate::kind::Kind;

    fn detection(start: usize, end: usize, kind: Kind, score: f32) -> Detection {
        Detection { start, end, kind, score, by: Grounds::List(ListRule::Key), also: 0, called: None }
    }

    #[test]
    fn covers_all_that_was_found() {
        let mut found = vec![
            detection(5, 9, Kind::Name, 0.6),
            detection(0, 7, Kind::Place, 0.9),
            detection(8, 12, Kind::Date, 0.5),
            detection(20, 22, Kind::Date, 0.5),
        ];
        resolve(&"x".repeat(30), &mut found);
        let spans: Vec<(usize, usize, Kind, u8)> = found.iter().map(|d| (d.start, d.end, d.kind, d.also)).collect();
        assert_eq!(spans, [(0, 12, Kind::Place, 2), (20, 22, Kind::Date, 0)]);
    }

    #[test]
    fn joins_names_but_not_sentences() {
        let text = "Jane Roe. Ann";
        let mut found = [(0, 4), (5, 8), (10, 13)].map(|(a, b)| detection(a, b, Kind::Name, 0.9)).to_vec();
        resolve(text, &mut found);
        assert_eq!((found.len(), found[0].end), (2, 8));
    }

    #[test]
    fn a_name_has_both_its_halves() {
        let text = "seen: HUANG, WEI-LIN; non-Smith-Jones x-Roe";
        let at = |word: &str| text.find(word).map_or(0..0, |start| start..start + word.len());
        let mut found = ["WEI", "Jones", "Roe"].map(|w| detection(at(w).start, at(w).end, Kind::Name, 0.9)).to_vec();
        resolve(text, &mut found);
        let values: Vec<&str> = found.iter().map(|d| &text[d.start..d.end]).collect();
        assert_eq!(values, ["WEI-LIN", "Smith-Jones", "Roe"]);
    }

    #[test]
    fn a_lone_guess_must_be_surer_the_longer_the_text() {
        let guess = |score| Detection { by: Grounds::Tagger, ..detection(0, 4, Kind::Name, score) };
        let kept = |mut found: Vec<Detection>, tokens| {
            drop_doubtful(&mut found, tokens);
            found.len()
        };
        assert_eq!((kept(vec![guess(0.6)], 4), kept(vec![guess(0.6)], 400)), (1, 0));
        assert_eq!((kept(vec![guess(0.99)], 400), kept(vec![guess(0.96)], 400)), (1, 0));
        assert_eq!(kept(vec![guess(0.4), guess(0.99)], 400), 2);
        assert_eq!((kept(vec![guess(0.4), guess(0.96)], 4), kept(vec![guess(0.4), guess(0.9)], 4)), (2, 1));
        assert_eq!(kept(vec![guess(0.4), detection(9, 12, Kind::Date, 0.85)], 400), 2);
        // A weak pattern is no witness, but stays.
        assert_eq!(kept(vec![guess(0.6), detection(9, 12, Kind::Date, 0.6)], 400), 1);
    }

    #[test]
    fn a_guess_ends_before_what_has_a_form() {
        let text = "Dr. Ann Roe Dec. 7, 316.555.0140  www.example.com, CTL 268755-0391";
        let at = |word: &str| text.find(word).map_or(0..0, |start| start..start + word.len());
        let spans = |guess: &str, kind, form: &str, of| {
            let by = Grounds::Pattern { recognizer: 0, pattern: 0, context: None, checked: false, away: 0 };
            let (wide, own) = (at(guess), at(form));
            let mut found = vec![
                Detection { by: Grounds::Tagger, ..detection(wide.start, wide.end, kind, 1.0) },
                Detection { by, ..detection(own.start, own.end, of, 0.9) },
            ];
            resolve(text, &mut found);
            found.iter().map(|d| (&text[d.start..d.end], d.kind)).collect::<Vec<_>>()
        };
        let name = spans("Ann Roe Dec. 7", Kind::Name, "Dec. 7", Kind::Date);
        assert_eq!(name, [("Ann Roe", Kind::Name), ("Dec. 7", Kind::Date)]);
        let phone = spans("316.555.0140  www.example.com", Kind::Phone, "www.example.com", Kind::Url);
        assert_eq!(phone, [("316.555.0140", Kind::Phone), ("www.example.com", Kind::Url)]);
        // The letters before a number are part of it.
        let whole = spans("CTL 268755-0391", Kind::OtherId, "268755-0391", Kind::Account);
        assert_eq!(whole, [("CTL 268755-0391", Kind::Account)]);
    }
}
