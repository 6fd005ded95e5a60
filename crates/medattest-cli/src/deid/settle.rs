//! Cleaning until nothing is left: what the tagger thinks of a word rests on its neighbours, and once those are replaced it
//! may think otherwise.

use std::collections::BTreeMap;
use std::ops::Range;

use medattest_deid::{Cleaner, Detection, Kind, Replaced};

use super::work::Work;

/// What cleaning did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Replacements {
    /// How often each operator replaced each kind.
    pub(crate) done: BTreeMap<(Kind, &'static str), u64>,
    /// What a last search of the result still found, outside of what was put there.
    pub(crate) left: u64,
}

impl Replacements {
    pub(super) fn add(&mut self, replaced: &[Replaced]) {
        for one in replaced {
            *self.done.entry((one.kind, one.operator.id())).or_default() += 1;
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (key, n) in other.done {
            *self.done.entry(key).or_default() += n;
        }
        self.left += other.left;
    }
}

/// A text is cleaned at most so often.
const MOST: usize = 4;

impl Work {
    /// A text without what was found in it, nor what new searches of the result find outside of what was put there.
    pub(super) fn settled(
        &self,
        cleaner: &Cleaner,
        (value, found): (&str, &mut Vec<Detection>),
        patient: &str,
        done: &mut Replacements,
        search: &mut dyn FnMut(&str, &mut Vec<Detection>),
    ) -> String {
        let mut text: Option<String> = None;
        let mut put: Vec<Range<usize>> = Vec::new();
        found.retain(|d| self.policy.removes(d.kind));
        for _ in 0..MOST {
            if found.is_empty() {
                break;
            }
            let before = text.as_deref().unwrap_or(value);
            let mut cleaned = String::with_capacity(before.len());
            let replaced = cleaner.clean(before, found, patient, &mut cleaned);
            done.add(&replaced);
            move_on(&mut put, found, &replaced);
            search(&cleaned, found);
            found.retain(|d| self.policy.removes(d.kind));
            // A hash, a surrogate or a moved date can be found like what it stands for.
            if !cleaner.leaves_nothing_to_find() {
                *found = found.iter().flat_map(|d| outside(&cleaned, d, &put)).collect();
            }
            text = Some(cleaned);
        }
        done.left += found.len() as u64;
        text.unwrap_or_else(|| value.to_owned())
    }
}

/// The parts of a detection outside of what was put there, where they are more than marks.
fn outside(text: &str, detection: &Detection, put: &[Range<usize>]) -> Vec<Detection> {
    let mut parts = Vec::new();
    let mut keep = |start: usize, end: usize| {
        let part = text.get(start..end).unwrap_or_default();
        let own = part.trim_matches(|c: char| !c.is_alphanumeric());
        if own.chars().count() > 1 {
            let start = start + part.find(own).unwrap_or_default();
            parts.push(Detection { start, end: start + own.len(), ..*detection });
        }
    };
    let from = put.partition_point(|put| put.end <= detection.start);
    let mut at = detection.start;
    for put in put[from..].iter().take_while(|put| put.start < detection.end) {
        keep(at, put.start.max(at));
        at = put.end;
    }
    if at == detection.start {
        return vec![*detection];
    }
    keep(at, detection.end.max(at));
    parts
}

/// Moves what was put there to where it stands now that more was replaced, and adds that.
fn move_on(put: &mut Vec<Range<usize>>, removed: &[Detection], replaced: &[Replaced]) {
    for old in put.iter_mut() {
        // What lies between the last replacement before it and itself did not change.
        let before = removed.partition_point(|d| d.end <= old.start).checked_sub(1);
        let before = before.and_then(|at| removed.get(at).zip(replaced.get(at)));
        let now = before.map_or(old.start, |(d, r)| r.end + (old.start - d.end));
        *old = now..now + (old.end - old.start);
    }
    put.extend(replaced.iter().map(|r| r.start..r.end));
    put.sort_unstable_by_key(|put| put.start);
}

#[cfg(test)]
mod tests {
    use super::{move_on, outside};
    use medattest_deid::{Detection, Grounds, Kind, Operator, Replaced};

    fn detection(start: usize, end: usize) -> Detection {
        Detection { start, end, kind: Kind::Name, score: 1.0, by: Grounds::Tagger, also: 0, called: None }
    }

    #[test]
    fn what_was_put_there_is_not_found_again_but_what_stands_beside_it_is() {
        let text = "Ann Lee Roe, 2031-01-02 and Moe";
        let parts = |start, end| {
            let parts = outside(text, &detection(start, end), &[4..7, 13..23]);
            parts.iter().map(|d| &text[d.start..d.end]).collect::<Vec<_>>()
        };
        assert_eq!(parts(0, 11), ["Ann", "Roe"]);
        assert_eq!(parts(4, 7), Vec::<&str>::new());
        assert_eq!(parts(12, 24), Vec::<&str>::new());
        assert_eq!(parts(28, 31), ["Moe"]);
    }

    #[test]
    fn what_was_put_there_moves_with_the_text() {
        let mut put = vec![0..3, 10..14];
        let replaced = |start, end| Replaced { start, end, kind: Kind::Name, operator: Operator::Surrogate };
        // Four bytes at 5 become seven, three at 20 become one.
        move_on(&mut put, &[detection(5, 9), detection(20, 23)], &[replaced(5, 12), replaced(23, 24)]);
        assert_eq!(put, [0..3, 5..12, 13..17, 23..24]);
    }
}
