//! What of a measurement may be shown.
//!
//! A count of 1 to `smallest` - 1 people is withheld, and so is every figure from which such a count could be worked
//! out (CMS cell size suppression policy: no cell of 1 to 10, nor a percentage that yields one). Where the rest of a
//! column would give a withheld count away, the next smallest is withheld with it.

mod rows;
mod withhold;

use std::fmt;

use medattest_metrics::{Confusion, Equalised, Estimate, Form, GroupEstimates, LeftOut, Metric, Operating};

use super::{figure, thousands};
use withhold::{bins_of_groups, far, hidden_rates, operating, operatings, shown_bins, slices, withheld, withheld_in};

pub use rows::{
    AttributeTable, ContrastRow, DisparityRow, EqualisedTable, GroupRow, OperatingRow, PairRow, ShareRow,
};

use crate::engine::bias::{AttributeAudit, BiasEvidence, Paired};
use crate::value::is_small_cell;

/// Decimals of a figure that tells of no count.
const FULL: usize = 3;

/// A count, or nothing where it is withheld.
pub type Count = Option<u64>;

/// A figure as it may be shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// Value with its interval.
    Figure {
        /// Point estimate.
        value: f64,
        /// Lower end of the interval.
        low: f64,
        /// Upper end of the interval.
        high: f64,
        /// Denominator; withheld where it would give a count away.
        n: Count,
        /// How the interval was made.
        method: String,
        /// Error that the score grid can have caused.
        error_bound: f64,
        /// Decimals that may be shown.
        digits: usize,
    },
    /// There is none.
    NotEstimable(String),
    /// It would show a small cell.
    Withheld,
}

impl Shown {
    /// Value and ends of the interval as a reader sees them.
    pub fn texts(&self) -> Option<[String; 3]> {
        match self {
            Self::Figure { value, low, high, digits, .. } => Some([value, low, high].map(|x| match *digits {
                FULL.. => figure(*x),
                few => format!("{x:.few$}"),
            })),
            _ => None,
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.texts()) {
            (_, Some([value, low, high])) => write!(f, "{value} [{low}, {high}]"),
            (Self::NotEstimable(because), _) => write!(f, "– ({because})"),
            _ => f.write_str("withheld"),
        }
    }
}

/// A count for a reader; a small one only as what it is under.
pub fn few(count: u64, smallest: u64) -> String {
    if is_small_cell(count, smallest) { format!("under {smallest}") } else { thousands(count) }
}

/// A count for a reader.
pub fn count(count: Count) -> String {
    count.map_or_else(|| "withheld".to_owned(), thousands)
}

impl Shown {
    /// The figure with this many decimals and no denominator.
    fn rounded(self, digits: usize) -> Self {
        let scale = 10_f64.powi(i32::try_from(digits).unwrap_or(3));
        let round = |x: f64| (x * scale).round() / scale;
        match self {
            Self::Figure { value, low, high, method, error_bound, .. } => Self::Figure {
                value: round(value),
                low: round(low),
                high: round(high),
                n: None,
                method,
                error_bound,
                digits,
            },
            other => other,
        }
    }
}

fn shown(estimate: &Estimate, smallest: u64, hide_n: bool) -> Shown {
    match &estimate.figure {
        Err(because) => Shown::NotEstimable(because.to_string()),
        Ok(figure) => {
            let cells = [estimate.n, estimate.events, estimate.n.saturating_sub(estimate.events)];
            if cells.into_iter().any(|cell| is_small_cell(cell, smallest)) {
                return Shown::Withheld;
            }
            let exact = Shown::Figure {
                value: figure.value,
                low: figure.low,
                high: figure.high,
                n: Some(estimate.n),
                method: figure.method.to_string(),
                error_bound: figure.error_bound,
                digits: FULL,
            };
            // A share with all its digits tells the numbers it is made of.
            if hide_n { exact.rounded(3) } else { exact }
        }
    }
}

/// What of a group is withheld.
#[derive(Clone, Copy)]
struct Hidden {
    n: bool,
    positives: bool,
    rates: bool,
    unlabelled: bool,
}

impl Hidden {
    fn anything(self) -> bool {
        self.n || self.positives || self.rates
    }

    fn of(self, metric: Metric) -> bool {
        match metric {
            Metric::Prevalence => self.positives,
            Metric::MissingLabelRate => self.unlabelled,
            _ => self.rates || self.positives,
        }
    }
}

/// A group as it may be shown.
fn group_row(label: &str, group: &GroupEstimates, smallest: u64, hide: Hidden) -> GroupRow {
    let figure = |(metric, estimate): &(Metric, Estimate)| {
        let counted = estimate.figure.is_ok() && metric.is_count();
        let shown = if counted && hide.of(*metric) { Shown::Withheld } else { shown(estimate, smallest, hide.n) };
        (*metric, shown)
    };
    let figures: Vec<(Metric, Shown)> = group.estimates.iter().map(figure).collect();
    let pooled = group
        .pooled
        .iter()
        .filter(|(metric, _)| !hide.of(*metric) && !hide.n)
        .map(|(metric, pooled)| {
            let shown = Shown::Figure {
                value: pooled.value,
                low: pooled.low,
                high: pooled.high,
                n: None,
                method: "empirical Bayes, beta-binomial".to_owned(),
                error_bound: 0.0,
                digits: FULL,
            };
            (*metric, shown.rounded(3))
        })
        .collect();
    let positives = group.positives;
    let calibration = shown_bins(&group.calibration, smallest);
    GroupRow {
        label: label.to_owned(),
        n: (!hide.n).then_some(group.n),
        positives: (!hide.n && !hide.positives).then_some(positives),
        clusters: group.clusters.filter(|_| !hide.n),
        calibration_withheld: group.calibration.len() - calibration.len(),
        calibration,
        // Its corners were chosen so that no two of them have few people between them.
        roc: if hide.anything() && smallest > 1 { Vec::new() } else { group.roc.clone() },
        operating: operatings(&group.operating, smallest, hide.anything()),
        figures,
        pooled,
    }
}

/// An attribute as it may be shown.
pub fn on_paper(attribute: &AttributeAudit, smallest: u64) -> AttributeTable {
    let audit = &attribute.audit;
    let slices = slices(attribute);
    let hidden = |rows: fn(&GroupEstimates) -> u64, people: fn(&GroupEstimates) -> u64| {
        let rows: Vec<u64> = audit.groups.iter().map(rows).collect();
        let people: Vec<u64> = audit.groups.iter().map(people).collect();
        withheld_in(&rows, &people, smallest, &slices)
    };
    let hide_n = hidden(|g| g.n, |g| g.clusters.unwrap_or(g.n));
    let hide_positives = hidden(|g| g.positives, |g| g.positives);
    let hide_negatives = hidden(|g| g.n - g.positives.min(g.n), |g| g.n - g.positives.min(g.n));
    let hide_unlabelled = hidden(|g| g.confusion.unlabelled, |g| g.people.unlabelled);
    let hide_rates = hidden_rates(attribute, smallest, &slices);
    // Labels that are classes or numbers have no positives that could be told.
    let binary = |g: &GroupEstimates| g.confusion.n() > 0;
    let hide_of = |index: usize| {
        let is = |flags: &[bool]| flags.get(index).copied().unwrap_or(true);
        let n = is(&hide_n);
        let labels = audit.groups.get(index).is_some_and(binary);
        // A group whose size is withheld shows rounded figures, from which no count can be worked out.
        Hidden {
            n,
            positives: !n && labels && (is(&hide_positives) || is(&hide_negatives)),
            rates: !n && labels && is(&hide_rates),
            unlabelled: !n && is(&hide_unlabelled),
        }
    };
    let bins = bins_of_groups(attribute, smallest, &slices);
    let mut groups: Vec<GroupRow> = Vec::new();
    for (index, (label, group)) in attribute.labels.iter().zip(&audit.groups).enumerate() {
        let row = group_row(label, group, smallest, hide_of(index));
        let calibration = bins.get(index).filter(|_| row.n.is_some()).cloned().unwrap_or_default();
        let calibration_withheld = group.calibration.len() - calibration.len();
        groups.push(GroupRow { calibration, calibration_withheld, ..row });
    }
    let overall = &audit.overall;
    let small = |n: u64| binary(overall) && is_small_cell(n, smallest);
    let c = &overall.confusion;
    let hide_overall = Hidden {
        n: false,
        positives: small(overall.positives) || small(overall.n - overall.positives.min(overall.n)),
        rates: [c.tp, c.fp, c.fn_, c.tn].into_iter().any(small),
        unlabelled: is_small_cell(c.unlabelled, smallest),
    };
    let row = group_row("everyone", overall, smallest, hide_overall);
    let overall_row = GroupRow { n: (!is_small_cell(overall.n, smallest)).then_some(overall.n), ..row };
    let label = |at: usize| attribute.labels.get(at).cloned().unwrap_or_default();
    let seen = Seen { groups: &groups, smallest };
    AttributeTable {
        attribute: attribute.name(),
        stands_for: attribute.stands_for.clone(),
        of_class: attribute.class.is_some(),
        reference: audit.reference.map(label),
        disparities: disparities(attribute, &seen),
        contrasts: audit
            .contrasts
            .iter()
            .map(|c| {
                let side = |at: usize| groups.get(at);
                let sides = [side(c.group), audit.reference.and_then(side)];
                let of = |estimate: &Estimate| seen.of_two(estimate, &sides, &[c.metric]);
                let difference = of(&c.difference);
                let hidden = difference == Shown::Withheld;
                ContrastRow {
                    group: label(c.group),
                    metric: c.metric,
                    ratio: c.ratio.as_ref().map(of),
                    p: c.p.filter(|_| !hidden),
                    holm: c.holm.filter(|_| !hidden),
                    benjamini_hochberg: c.benjamini_hochberg.filter(|_| !hidden),
                    difference,
                }
            })
            .collect(),
        pairs: audit
            .pairs
            .iter()
            .map(|(at, pair, estimate)| {
                let sides = [groups.get(*at), audit.reference.and_then(|r| groups.get(r))];
                PairRow { group: label(*at), pair: *pair, figure: seen.of_two(estimate, &sides, pair.rates()) }
            })
            .collect(),
        shares: shares(attribute, &groups, smallest),
        population_source: attribute.population_source.clone(),
        equalised: audit.equalised.as_ref().map(|e| equalised(e, attribute, &groups, smallest)),
        groups,
        overall: overall_row,
    }
}

/// Comparisons of two scores, those of groups left out whose size or labels are withheld.
pub fn paired(evidence: &BiasEvidence, smallest: u64) -> Vec<(Paired, Shown)> {
    let tables: Vec<AttributeTable> = evidence
        .attributes
        .iter()
        .filter(|a| evidence.paired.iter().any(|p| p.attribute == a.attribute) && a.class.is_none())
        .map(|a| on_paper(a, smallest))
        .collect();
    let of = |paired: &Paired| {
        let table = tables.iter().find(|t| t.attribute == paired.attribute);
        let row = table.and_then(|t| t.groups.iter().find(|row| row.label == paired.group));
        match row {
            Some(row) if row.n.is_none() || row.positives.is_none() => Shown::Withheld,
            _ => shown(&paired.difference, smallest, false),
        }
    };
    evidence.paired.iter().map(|paired| (paired.clone(), of(paired))).collect()
}

fn shares(attribute: &AttributeAudit, groups: &[GroupRow], smallest: u64) -> Vec<ShareRow> {
    let Some(representation) = &attribute.representation else { return Vec::new() };
    let small: Vec<u64> = representation.shares.iter().map(|s| s.share.events).collect();
    let hidden = withheld(&small, smallest);
    representation
        .shares
        .iter()
        .zip(&attribute.labels)
        .zip(hidden)
        .enumerate()
        .map(|(at, ((found, label), hide))| {
            let hide = hide || groups.get(at).is_some_and(|row| row.n.is_none());
            let of = |estimate: &Estimate| if hide { Shown::Withheld } else { shown(estimate, smallest, false) };
            ShareRow {
                group: label.clone(),
                share: of(&found.share),
                population: found.population,
                ratio: found.ratio.as_ref().map(of),
            }
        })
        .collect()
}

fn equalised(
    equalised: &Equalised,
    attribute: &AttributeAudit,
    groups: &[GroupRow],
    smallest: u64,
) -> EqualisedTable {
    let before = |at: usize| {
        let points = attribute.audit.groups.get(at).map(|g| g.operating.as_slice()).unwrap_or_default();
        points.iter().find(|o| o.threshold == equalised.threshold)
    };
    let row = |at: usize, label: &String| {
        let hide = groups.get(at).is_none_or(|row| {
            row.n.is_none() || row.positives.is_none() || row.figure(Metric::Tpr) == Some(&Shown::Withheld)
        });
        let (now, then) = (before(at), equalised.groups.get(at).and_then(Option::as_ref));
        let change = now
            .zip(then)
            .is_none_or(|(a, b)| far(a.counts.tp, b.counts.tp, smallest) && far(a.counts.fp, b.counts.fp, smallest));
        let bare = |o: &Operating| OperatingRow {
            threshold: o.threshold,
            selection_rate: None,
            tpr: None,
            fpr: None,
            ppv: None,
            net_benefit: None,
        };
        let then = then.filter(|_| !hide).map(|o| if change { operating(o) } else { bare(o) });
        (label.clone(), now.filter(|_| !hide).map(operating), then)
    };
    let rounded = |x: f64| (x * 1000.0).round() / 1000.0;
    let cost = [Metric::SelectionRate, Metric::Tpr, Metric::Fpr, Metric::Ppv, Metric::Npv, Metric::Accuracy]
        .into_iter()
        .filter_map(|metric| {
            let of = |mass: &Confusion<f64>| metric.of_counts(mass, mass).map(rounded);
            Some((metric, of(&equalised.before.mass)?, of(&equalised.after)?))
        })
        .collect();
    EqualisedTable {
        metric: equalised.metric,
        target: rounded(equalised.target),
        threshold: equalised.threshold,
        groups: attribute.labels.iter().enumerate().map(|(at, label)| row(at, label)).collect(),
        cost,
    }
}

/// What of the groups is shown, on which depends what may be shown of their comparison.
struct Seen<'a> {
    groups: &'a [GroupRow],
    smallest: u64,
}

impl Seen<'_> {
    /// A comparison of all groups. The rows compared would tell the size of a small group that was left out, and the
    /// exact difference to a rate that is shown would tell one that is withheld; so either is then given less exactly.
    fn of_all(&self, estimate: &Estimate, rates: &[Metric], left_out: bool) -> Shown {
        let gone = |row: &GroupRow| rates.iter().any(|rate| row.figure(*rate) == Some(&Shown::Withheld));
        let masked = left_out || self.groups.iter().any(|row| row.n.is_none());
        let figure = shown(estimate, self.smallest, masked);
        match figure {
            Shown::Figure { value, .. } if self.groups.iter().any(gone) => {
                figure.rounded(if value.abs() < 0.1 { 2 } else { 1 })
            }
            figure => figure,
        }
    }

    /// A comparison of two groups: nothing where a rate of either is withheld, less exactly where a size is.
    fn of_two(&self, estimate: &Estimate, sides: &[Option<&GroupRow>], rates: &[Metric]) -> Shown {
        if estimate.figure.is_err() {
            return shown(estimate, self.smallest, true);
        }
        let gone =
            |row: &GroupRow| rates.iter().any(|rate| matches!(row.figure(*rate), None | Some(Shown::Withheld)));
        if sides.iter().any(|side| side.is_none_or(gone)) {
            return Shown::Withheld;
        }
        shown(estimate, self.smallest, sides.iter().flatten().any(|row| row.n.is_none()))
    }
}

fn disparities(attribute: &AttributeAudit, seen: &Seen<'_>) -> Vec<DisparityRow> {
    let audit = &attribute.audit;
    let why = |l: &LeftOut| {
        let label = attribute.labels.get(l.group).map_or("?", String::as_str);
        format!("{label} ({}: {})", l.metric.title(), l.because)
    };
    let composites = audit.composites.iter().map(|(which, estimate)| {
        let odds = which.rates().contains(&Metric::Tpr);
        let left_out: Vec<String> = if odds { audit.odds_left_out.iter().map(why).collect() } else { Vec::new() };
        let groups = if odds {
            (0..audit.groups.len()).filter(|&g| !audit.odds_left_out.iter().any(|l| l.group == g)).count()
        } else {
            audit.groups.len()
        };
        DisparityRow {
            id: which.definition().id.to_owned(),
            title: which.definition().title.to_owned(),
            form: None,
            figure: seen.of_all(estimate, which.rates(), !left_out.is_empty()),
            groups,
            left_out,
            bounds: None,
        }
    });
    let spreads = audit.spreads.iter().flat_map(|spread| {
        let left_out: Vec<String> = spread.left_out.iter().map(why).collect();
        spread.forms.iter().map(move |(form, estimate)| DisparityRow {
            id: form.of(spread.metric),
            title: form.title_of(spread.metric),
            form: Some((spread.metric, *form)),
            figure: seen.of_all(estimate, &[spread.metric], !left_out.is_empty()),
            groups: spread.groups,
            left_out: left_out.clone(),
            bounds: spread
                .bounds
                .filter(|b| *form == Form::Difference && !is_small_cell(b.rows, seen.smallest))
                .map(|b| ((b.best * 1000.0).round() / 1000.0, (b.worst * 1000.0).round() / 1000.0)),
        })
    });
    composites.chain(spreads).collect()
}

#[cfg(test)]
mod tests {
    use medattest_metrics::{Audit, Grouping, Options, Rows, audit};

    use super::*;

    /// (tp, fn, fp, tn) of each group.
    fn attribute(name: &str, groups: &[(&str, [u64; 4])]) -> AttributeAudit {
        let mut rows = Rows { predicted: Some(Vec::new()), ..Rows::default() };
        let mut codes = Vec::new();
        for (group, (_, counts)) in (0u32..).zip(groups) {
            let kinds = [(true, true), (true, false), (false, true), (false, false)];
            for ((label, predicted), count) in kinds.into_iter().zip(counts).filter(|(_, count)| **count > 0) {
                rows.label.push(Some(label));
                rows.predicted.get_or_insert_default().push(predicted);
                rows.count.push(*count);
                codes.push(group);
            }
        }
        let grouping =
            Grouping { codes, groups: groups.len(), missing: vec![false; groups.len()], reference: Some(1) };
        let options = Options { draws: 100, events: 1, ..Options::default() };
        AttributeAudit {
            attribute: name.into(),
            stands_for: "other".into(),
            class: None,
            labels: groups.iter().map(|(label, _)| (*label).to_owned()).collect(),
            audit: audit(&rows, &[grouping], &options).pop().unwrap_or_else(Audit::default),
            representation: None,
            population_source: None,
        }
    }

    fn rate(row: &GroupRow, metric: Metric) -> &Shown {
        row.figures.iter().find(|(m, _)| *m == metric).map(|(_, shown)| shown).expect("every metric is there")
    }

    #[test]
    fn rates_of_a_row_do_not_give_its_smallest_cell_away() {
        let table = on_paper(
            &attribute("sex", &[("A", [5, 7, 32, 143]), ("B", [60, 60, 300, 900]), ("C", [80, 70, 200, 700])]),
            11,
        );
        let [a, b, c] = table.groups.as_slice() else { panic!("three groups") };
        for metric in [Metric::SelectionRate, Metric::Tpr, Metric::Fpr, Metric::Ppv, Metric::Npv, Metric::Accuracy] {
            assert_eq!(rate(a, metric), &Shown::Withheld, "{metric:?}: four rates and n make five true positives");
            assert_eq!(rate(b, metric), &Shown::Withheld, "{metric:?}: everyone less B and C would be A");
            assert!(matches!(rate(c, metric), Shown::Figure { .. }));
        }
        assert_eq!(a.n, Some(187));
        let odds = table.disparities.iter().find(|d| d.id == "equalized-odds-difference").expect("reported");
        let Shown::Figure { value, n: None, .. } = odds.figure else { panic!("shown without n: {odds:?}") };
        assert!((value * 10.0 - (value * 10.0).round()).abs() < 1e-9 || value < 0.1, "{value} is rounded");
    }

    #[test]
    fn an_intersection_does_not_give_a_small_group_away_to_its_margins() {
        let many = [300, 300, 300, 300];
        let table = on_paper(
            &attribute(
                "race x sex",
                &[("P x F", many), ("P x M", many), ("Q x F", many), ("Q x M", many), ("Q x U", [1, 0, 1, 0])],
            ),
            11,
        );
        let hidden: Vec<bool> = table.groups.iter().map(|g| g.n.is_none()).collect();
        let (of_q, with_u) = (hidden[2] || hidden[3], hidden[4]);
        assert!(with_u && of_q, "Q less its two other groups would be the small one: {hidden:?}");
    }
}
