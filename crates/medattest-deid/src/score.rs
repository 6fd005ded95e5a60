//! How well detections fit labelled notes. Counts only: intervals are somebody else's.

use std::collections::BTreeMap;

use crate::detection::Detection;
use crate::gold::Note;
use crate::kind::{Kind, Policy};

/// How many spans of a kind were found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Labelled spans.
    pub gold: u64,
    /// Of them, those that some detection overlaps.
    pub overlapped: u64,
    /// Of them, those whose every letter and digit is covered: nothing leaks.
    pub covered: u64,
    /// Of them, those detected with exactly their bounds.
    pub exact: u64,
    /// Of them, those that a detection of the same identifier (A) to (R) overlaps.
    pub typed: u64,
}

/// How many detections of a kind were right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Right {
    /// Detections, without those that touch only what the set leaves open.
    pub detected: u64,
    /// Of them, those that overlap a labelled span.
    pub right: u64,
}

/// The score over a set of notes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Score {
    /// Notes.
    pub notes: u64,
    /// Notes without a labelled span and without an open one.
    pub clean_notes: u64,
    /// Of them, those in which something was detected.
    pub clean_notes_touched: u64,
    /// Recall by kind of the labelled span.
    pub found: BTreeMap<Kind, Found>,
    /// Precision by kind of the detection.
    pub right: BTreeMap<Kind, Right>,
    /// Spans that were missed and detections that were wrong, as note, start, end, kind, whether missed.
    pub faults: Vec<(usize, usize, usize, Kind, bool)>,
}

impl Score {
    /// All kinds together.
    pub fn total(&self) -> (Found, Right) {
        let mut found = Found::default();
        for part in self.found.values() {
            found.gold += part.gold;
            found.overlapped += part.overlapped;
            found.covered += part.covered;
            found.exact += part.exact;
            found.typed += part.typed;
        }
        let mut right = Right::default();
        for part in self.right.values() {
            right.detected += part.detected;
            right.right += part.right;
        }
        (found, right)
    }

    /// Adds one note with what was detected in it. `letter` tells the identifier of a kind.
    pub fn add(&mut self, note: &Note, detections: &[Detection], policy: &Policy, letter: impl Fn(Kind) -> char) {
        let number = self.notes as usize;
        self.notes += 1;
        let detections: Vec<&Detection> = detections.iter().filter(|d| policy.removes(d.kind)).collect();
        let wanted: Vec<_> = note.spans.iter().filter(|s| policy.removes(s.kind)).collect();
        // What the policy keeps may be found or not.
        let open = |start: usize, end: usize| {
            note.neutral.iter().any(|(a, b)| *a < end && start < *b)
                || note.spans.iter().any(|s| !policy.removes(s.kind) && s.start < end && start < s.end)
        };
        if wanted.is_empty() && note.neutral.is_empty() {
            self.clean_notes += 1;
            self.clean_notes_touched += u64::from(!detections.is_empty());
        }
        for span in &wanted {
            let of = self.found.entry(span.kind).or_default();
            of.gold += 1;
            let over: Vec<&&Detection> =
                detections.iter().filter(|d| d.start < span.end && span.start < d.end).collect();
            of.overlapped += u64::from(!over.is_empty());
            of.exact += u64::from(over.iter().any(|d| d.start == span.start && d.end == span.end));
            of.typed += u64::from(over.iter().any(|d| letter(d.kind) == letter(span.kind)));
            let covered = note.text[span.start..span.end].char_indices().all(|(at, c)| {
                let at = at + span.start;
                !c.is_alphanumeric() || over.iter().any(|d| d.start <= at && at < d.end)
            });
            of.covered += u64::from(covered && !over.is_empty());
            if !covered || over.is_empty() {
                self.faults.push((number, span.start, span.end, span.kind, true));
            }
        }
        for detection in detections {
            let hits = wanted.iter().any(|s| s.start < detection.end && detection.start < s.end);
            if !hits && open(detection.start, detection.end) {
                continue;
            }
            let of = self.right.entry(detection.kind).or_default();
            of.detected += 1;
            of.right += u64::from(hits);
            if !hits {
                self.faults.push((number, detection.start, detection.end, detection.kind, false));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Score;
    use crate::detection::{Detection, Grounds};
    use crate::gold::{GoldSpan, Note};
    use crate::kind::{Kind, Policy};

    #[test]
    fn tells_found_from_covered_and_open_from_wrong() {
        let policy = Policy {
            id: String::new(),
            title: String::new(),
            basis: String::new(),
            citation: String::new(),
            remove: Kind::ALL.to_vec(),
        };
        let note = Note {
            id: String::new(),
            text: "Jane Roe saw Ann in Rome".to_owned(),
            spans: vec![
                GoldSpan { start: 0, end: 8, kind: Kind::Name },
                GoldSpan { start: 13, end: 16, kind: Kind::Name },
            ],
            neutral: vec![(20, 24)],
        };
        let detection =
            |start, end, kind| Detection { start, end, kind, score: 1.0, by: Grounds::Tagger, also: 0, called: None };
        let detections = [detection(0, 4, Kind::Name), detection(9, 12, Kind::Date), detection(20, 24, Kind::Place)];
        let mut score = Score::default();
        score.add(&note, &detections, &policy, |_| 'A');
        let (found, right) = score.total();
        assert_eq!((found.gold, found.overlapped, found.covered, found.exact), (2, 1, 0, 0));
        assert_eq!((right.detected, right.right), (2, 1));
        assert_eq!((score.clean_notes, score.faults.len()), (0, 3));
    }
}
