//! Which counts must not be shown, and how many more it takes to hide them.

use medattest_metrics::{CalibrationBin, Confusion, Metric, Operating};

use super::{OperatingRow, thousandths};
use crate::engine::bias::AttributeAudit;
use crate::value::is_small_cell;

/// Which of these counts must be withheld: the small ones, and as many more as it takes to hide them in their sum.
pub(crate) fn withheld(counts: &[u64], smallest: u64) -> Vec<bool> {
    complete(counts, vec![false; counts.len()], smallest)
}

pub(super) fn complete(counts: &[u64], already: Vec<bool>, smallest: u64) -> Vec<bool> {
    let mut hidden: Vec<bool> =
        counts.iter().zip(already).map(|(&n, already)| already || is_small_cell(n, smallest)).collect();
    if !hidden.contains(&true) {
        return hidden;
    }
    loop {
        let mine: Vec<u64> = counts.iter().zip(&hidden).filter(|(_, hidden)| **hidden).map(|(n, _)| *n).collect();
        if mine.len() >= 2 && mine.iter().sum::<u64>() >= smallest {
            return hidden;
        }
        let open = counts.iter().zip(&hidden).enumerate().filter(|(_, (n, hidden))| !**hidden && **n > 0);
        let Some(next) = open.min_by_key(|(_, (n, _))| **n).map(|(index, _)| index) else { return hidden };
        if let Some(slot) = hidden.get_mut(next) {
            *slot = true;
        }
    }
}

/// The groups that share a value with others, as the intersection of race and sex does by race and by sex: their sums
/// are shown elsewhere. All groups together for a single column.
pub(super) fn slices(attribute: &AttributeAudit) -> Vec<Vec<usize>> {
    let everyone: Vec<usize> = (0..attribute.labels.len()).collect();
    let parts = &attribute.parts;
    let columns = parts.first().map_or(0, Vec::len);
    if columns < 2 {
        return vec![everyone];
    }
    let mut slices = vec![everyone];
    for column in 0..columns {
        let mut values: Vec<&str> = parts.iter().filter_map(|part| part.get(column).map(String::as_str)).collect();
        values.sort_unstable();
        values.dedup();
        for value in values {
            let sharing = |index: &usize| {
                parts.get(*index).and_then(|part| part.get(column)).map(String::as_str) == Some(value)
            };
            slices.push((0..parts.len()).filter(sharing).collect());
        }
    }
    slices
}

/// [`withheld`] within every slice, until no slice gives anything away. A count of rows is small, too, when few
/// people are behind them.
pub(super) fn withheld_in(counts: &[u64], people: &[u64], smallest: u64, slices: &[Vec<usize>]) -> Vec<bool> {
    let mut hidden: Vec<bool> = people.iter().map(|&n| is_small_cell(n, smallest)).collect();
    loop {
        let before = hidden.clone();
        for slice in slices {
            let of_slice: Vec<u64> = slice.iter().filter_map(|&i| counts.get(i).copied()).collect();
            let already: Vec<bool> = slice.iter().filter_map(|&i| hidden.get(i).copied()).collect();
            for (&index, hide) in slice.iter().zip(complete(&of_slice, already, smallest)) {
                if let Some(slot) = hidden.get_mut(index) {
                    *slot |= hide;
                }
            }
        }
        if hidden == before {
            return hidden;
        }
    }
}

/// Groups whose rates would give a cell of some two-by-two table away: their own, or through sums another's.
pub(super) fn hidden_rates(attribute: &AttributeAudit, smallest: u64, slices: &[Vec<usize>]) -> Vec<bool> {
    let groups = &attribute.audit.groups;
    let cells: [fn(&Confusion) -> u64; 4] = [|c| c.tp, |c| c.fp, |c| c.fn_, |c| c.tn];
    let mut hidden = vec![false; groups.len()];
    for cell in cells {
        let counts: Vec<u64> = groups.iter().map(|g| cell(&g.confusion)).collect();
        let people: Vec<u64> = groups.iter().map(|g| cell(&g.people)).collect();
        for (slot, hide) in hidden.iter_mut().zip(withheld_in(&counts, &people, smallest, slices)) {
            *slot |= hide;
        }
    }
    hidden
}

/// Whether going from one count to another tells of no few people.
pub(super) fn far(a: u64, b: u64, smallest: u64) -> bool {
    !is_small_cell(a.abs_diff(b), smallest)
}

/// A group at one threshold, with three decimals.
pub(super) fn operating(point: &Operating) -> OperatingRow {
    let mass = &point.mass;
    let rate = |metric: Metric| metric.of_counts(mass, mass).map(thousandths);
    OperatingRow {
        threshold: point.threshold,
        selection_rate: rate(Metric::SelectionRate),
        tpr: rate(Metric::Tpr),
        fpr: rate(Metric::Fpr),
        ppv: rate(Metric::Ppv),
        net_benefit: point
            .net_benefit
            .map(|(value, low, high)| (thousandths(value), thousandths(low), thousandths(high))),
    }
}

/// The thresholds that may be shown: none that is `hidden`, whose table has a small cell, nor two between which few
/// people lie.
pub(super) fn operatings(points: &[Operating], hidden: &[bool], smallest: u64, hide: bool) -> Vec<OperatingRow> {
    let mut shown: Vec<&Operating> = Vec::new();
    for (at, point) in points.iter().enumerate().filter(|_| !hide || smallest <= 1) {
        let c = &point.counts;
        let small = [c.tp, c.fp, c.fn_, c.tn].into_iter().any(|cell| is_small_cell(cell, smallest));
        let apart = shown
            .last()
            .is_none_or(|last| far(last.counts.tp, c.tp, smallest) && far(last.counts.fp, c.fp, smallest));
        if !small && apart && !hidden.get(at).copied().unwrap_or(false) {
            shown.push(point);
        }
    }
    shown.into_iter().map(operating).collect()
}

/// For every group the thresholds whose table would, with those of the other groups and of everyone, tell of few.
pub(super) fn hidden_thresholds(attribute: &AttributeAudit, smallest: u64, slices: &[Vec<usize>]) -> Vec<Vec<bool>> {
    let groups = &attribute.audit.groups;
    let length = groups.first().map_or(0, |g| g.operating.len());
    let cells: [fn(&Confusion) -> u64; 4] = [|c| c.tp, |c| c.fp, |c| c.fn_, |c| c.tn];
    let mut hidden = vec![vec![false; length]; groups.len()];
    let places = 0..length;
    for at in places {
        for cell in cells {
            let counts: Vec<u64> =
                groups.iter().map(|g| g.operating.get(at).map_or(0, |o| cell(&o.counts))).collect();
            for (group, hide) in withheld_in(&counts, &counts, smallest, slices).into_iter().enumerate() {
                hidden[group][at] |= hide;
            }
        }
    }
    hidden
}

/// The bins of a calibration curve that may be shown.
pub(super) fn shown_bins(bins: &[CalibrationBin], smallest: u64) -> Vec<CalibrationBin> {
    let of = |count: fn(&CalibrationBin) -> u64| withheld(&bins.iter().map(count).collect::<Vec<_>>(), smallest);
    let hidden = [of(|b| b.n), of(|b| b.events), of(|b| b.n.saturating_sub(b.events))];
    let shown = |index: usize| hidden.iter().all(|hidden| hidden.get(index) == Some(&false));
    bins.iter().enumerate().filter(|(index, _)| shown(*index)).map(|(_, bin)| *bin).collect()
}

/// The bins of every group's calibration curve that may be shown: small ones are not, nor as many more as it takes to
/// hide them in the sums over the bins of a group and over the groups of a bin.
pub(super) fn bins_of_groups(
    attribute: &AttributeAudit,
    smallest: u64,
    slices: &[Vec<usize>],
) -> Vec<Vec<CalibrationBin>> {
    const BINS: usize = 10;
    let groups = &attribute.audit.groups;
    let place = |bin: &CalibrationBin| bin.bin.min(BINS - 1);
    let find = |group: usize, at: usize| groups[group].calibration.iter().find(|bin| place(bin) == at);
    let kinds: [fn(&CalibrationBin) -> u64; 3] = [|b| b.n, |b| b.events, |b| b.n.saturating_sub(b.events)];
    let places = 0..BINS;
    let mut hidden = vec![vec![false; BINS]; groups.len()];
    loop {
        let before = hidden.clone();
        for kind in kinds {
            let count = |group: usize, at: usize| find(group, at).map_or(0, kind);
            for at in places.clone() {
                for slice in slices {
                    let counts: Vec<u64> = slice.iter().map(|&g| count(g, at)).collect();
                    let already: Vec<bool> = slice.iter().map(|&g| hidden[g][at]).collect();
                    for (&group, hide) in slice.iter().zip(complete(&counts, already, smallest)) {
                        hidden[group][at] |= hide;
                    }
                }
            }
            for (group, hidden) in hidden.iter_mut().enumerate() {
                let counts: Vec<u64> = (0..BINS).map(|at| count(group, at)).collect();
                *hidden = complete(&counts, hidden.clone(), smallest);
            }
        }
        if hidden == before {
            break;
        }
    }
    let shown = |(group, hidden): (usize, &Vec<bool>)| -> Vec<CalibrationBin> {
        groups[group].calibration.iter().filter(|bin| !hidden[place(bin)]).copied().collect()
    };
    hidden.iter().enumerate().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_small_count_takes_the_next_smallest_with_it() {
        assert_eq!(withheld(&[27_304, 23_577, 2], 11), [false, true, true]);
    }

    #[test]
    fn small_counts_whose_sum_is_small_take_another() {
        assert_eq!(withheld(&[500, 2, 3, 90], 11), [false, true, true, true]);
    }

    #[test]
    fn small_counts_that_hide_each_other_suffice() {
        assert_eq!(withheld(&[500, 8, 9, 90], 11), [false, true, true, false]);
    }

    #[test]
    fn nobody_and_enough_are_shown() {
        assert_eq!(withheld(&[0, 11, 500], 11), [false, false, false]);
    }
}
