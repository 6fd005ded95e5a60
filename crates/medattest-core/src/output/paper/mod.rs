//! What of a measurement may be shown.
//!
//! A count of 1 to `smallest` - 1 people is withheld, and so is every figure from which such a count could be worked
//! out (CMS cell size suppression policy: no cell of 1 to 10, nor a percentage that yields one). Where the rest of a
//! column would give a withheld count away, the next smallest is withheld with it.

mod rows;
mod thresholds;
mod withhold;

use std::fmt;

use medattest_metrics::{Bounds, Estimate, Form, GroupEstimates, LeftOut, Metric, Needs, NotEstimable, Pair};

use super::{figure, thousands};
use withhold::{bins_of_groups, hidden_rates, hidden_thresholds, operatings, shown_bins, slices, withheld_in};

pub use rows::{
    AttributeTable, ContrastRow, DisparityRow, EqualisedTable, GroupRow, OperatingRow, PairRow, ShareRow,
};
pub(crate) use withhold::withheld;

use crate::engine::bias::{AttributeAudit, BiasEvidence, Paired};
use crate::value::is_small_cell;

/// More groups than this are not named one by one.
const MOST_NAMED: usize = 40;

/// Three decimals: with all of them a number could be searched for the counts, or be one patient's.
pub(crate) fn thousandths(x: f64) -> f64 {
    (x * 1000.0).round() / 1000.0
}

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
    /// The figure with as many decimals as tell of no `smallest` people among `n`, neither by its value nor by the
    /// width of its interval, which says how many rows there are; withheld where not even one decimal does.
    fn loosely(self, n: u64, smallest: u64) -> Self {
        let Self::Figure { low, high, .. } = &self else { return self };
        let half = (high - low) / 2.0;
        let tells_nothing = |digits: &usize| {
            let step = 10_f64.powi(-i32::try_from(*digits).unwrap_or(0));
            let rows = n as f64 * step;
            // Nor may the step swallow the interval: what is left would say nothing, and look exact.
            rows >= smallest as f64 && (half <= 0.0 || rows / half >= 2.0 * smallest as f64) && step <= high - low
        };
        match (1..=FULL).rev().find(tells_nothing) {
            Some(digits) => self.rounded(digits),
            None => Self::Withheld,
        }
    }

    /// The figure with this many decimals and no denominator.
    fn rounded(self, digits: usize) -> Self {
        let scale = 10_f64.powi(i32::try_from(digits).unwrap_or(3));
        // Adding nothing turns -0 into 0.
        let round = |x: f64| (x * scale).round() / scale + 0.0;
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
        Err(because) => Shown::NotEstimable(reason(*because, hide_n)),
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
            if hide_n { exact.loosely(estimate.n, smallest) } else { exact }
        }
    }
}

/// Why a figure cannot be given. Of a group of which something is withheld, only that it is too small: a reason that names
/// what there are few of, or none, would tell of it, and by difference of the group next to it.
fn reason(because: NotEstimable, hidden: bool) -> String {
    match because {
        NotEstimable::NoRows
        | NotEstimable::NoPositives
        | NotEstimable::NoNegatives
        | NotEstimable::NoPredictedPositives
        | NotEstimable::NoPredictedNegatives
        | NotEstimable::FewerThan(_)
        | NotEstimable::FewerEventsThan(_)
        | NotEstimable::FewerNonEventsThan(_)
        | NotEstimable::FewerClustersThan(_)
        | NotEstimable::NothingExpected
            if hidden =>
        {
            "too few people".to_owned()
        }
        because => because.to_string(),
    }
}

/// A p-value with two digits: with more, it could be searched for the counts it came from.
pub(crate) fn p_shown(p: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    let scale = 10_f64.powf(1.0 - p.log10().floor());
    (p * scale).round() / scale
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
            Metric::MeanScore | Metric::MeanPrediction | Metric::MeanOutcome => false,
            // A mean of scores and labels, with the mean score, tells how many labels are positive.
            _ if matches!(metric.needs(), Needs::Score | Needs::Probability) => self.positives,
            _ => self.rates || self.positives,
        }
    }
}

/// A group as it may be shown.
fn group_row(label: &str, group: &GroupEstimates, hidden: &[bool], smallest: u64, hide: Hidden) -> GroupRow {
    let figure = |(metric, estimate): &(Metric, Estimate)| {
        let shown = match &estimate.figure {
            Ok(_) if hide.of(*metric) => Shown::Withheld,
            Err(because) => Shown::NotEstimable(reason(*because, hide.anything())),
            Ok(_) => shown(estimate, smallest, hide.n),
        };
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
    // Classes and numbers are neither positive nor negative.
    let labelled = group.estimate(Metric::Prevalence).is_some();
    let calibration = shown_bins(&group.calibration, smallest);
    GroupRow {
        label: label.to_owned(),
        n: (!hide.n).then_some(group.n),
        positives: (labelled && !hide.n && !hide.positives).then_some(positives),
        clusters: group.clusters.filter(|_| !hide.n),
        calibration_withheld: group.calibration.len() - calibration.len(),
        calibration,
        // Its corners were chosen so that no two of them have few people between them.
        roc: if hide.anything() && smallest > 1 { Vec::new() } else { group.roc.clone() },
        operating: operatings(&group.operating, hidden, smallest, hide.anything()),
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
    let hide_positives = hidden(|g| g.positives, |g| g.people_positives);
    let hide_negatives = hidden(|g| g.n - g.positives.min(g.n), |g| g.people_negatives);
    let hide_unlabelled = hidden(|g| g.confusion.unlabelled, |g| g.people.unlabelled);
    let hide_rates = hidden_rates(attribute, smallest, &slices);
    // Labels that are classes or numbers have no positives that could be told.
    let binary = |g: &GroupEstimates| g.confusion.n() > 0;
    let hide_of = |index: usize| {
        let is = |flags: &[bool]| flags.get(index).copied().unwrap_or(true);
        let n = is(&hide_n);
        let rare = attribute.rare.get(index).copied().unwrap_or(false);
        let labels = audit.groups.get(index).is_some_and(binary);
        // A group whose size is withheld shows its figures so loosely that no count can be worked out.
        Hidden {
            n,
            positives: !n && labels && (rare || is(&hide_positives) || is(&hide_negatives)),
            rates: !n && labels && (rare || is(&hide_rates)),
            unlabelled: !n && is(&hide_unlabelled),
        }
    };
    let bins = bins_of_groups(attribute, smallest, &slices);
    let thresholds = hidden_thresholds(attribute, smallest, &slices);
    let mut groups: Vec<GroupRow> = Vec::new();
    for (index, (label, group)) in attribute.labels.iter().zip(&audit.groups).enumerate() {
        let hidden = thresholds.get(index).map(Vec::as_slice).unwrap_or_default();
        let row = group_row(label, group, hidden, smallest, hide_of(index));
        let calibration =
            bins.get(index).filter(|_| row.n.is_some() && row.positives.is_some()).cloned().unwrap_or_default();
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
    let row = group_row("everyone", overall, &[], smallest, hide_overall);
    let overall_row = GroupRow { n: (!is_small_cell(overall.n, smallest)).then_some(overall.n), ..row };
    let label = |at: usize| attribute.labels.get(at).cloned().unwrap_or_default();
    let seen = Seen { groups: &groups, estimates: &audit.groups, smallest };
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
                let p = |p: Option<f64>| p.filter(|_| !hidden).map(p_shown);
                ContrastRow {
                    group: label(c.group),
                    metric: c.metric,
                    ratio: c.ratio.as_ref().map(of),
                    p: p(c.p),
                    holm: p(c.holm),
                    benjamini_hochberg: p(c.benjamini_hochberg),
                    difference,
                }
            })
            .collect(),
        pairs: audit
            .pairs
            .iter()
            .map(|(at, pair, estimate)| {
                let sides = [groups.get(*at), audit.reference.and_then(|r| groups.get(r))];
                let sized =
                    matches!(pair, Pair::ClassImbalance | Pair::CohenD | Pair::ZTestDifference | Pair::ZTestRatio);
                // These are made of the sizes of the groups as well.
                let gone = sized && sides.iter().flatten().any(|row| row.n.is_none());
                let figure = if gone { Shown::Withheld } else { seen.of_two(estimate, &sides, pair.rates()) };
                PairRow { group: label(*at), pair: *pair, figure }
            })
            .collect(),
        shares: shares(attribute, &groups, smallest),
        population_source: attribute.population_source.clone(),
        equalised: audit.equalised.as_ref().map(|e| thresholds::equalised(e, attribute, &groups, smallest)),
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
            _ => shown(&paired.difference, smallest, true),
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
            // Rows that were left out are in the shares, and their number must not follow from the difference.
            let left_out = found.share.n != attribute.audit.overall.n;
            let of = |estimate: &Estimate| if hide { Shown::Withheld } else { shown(estimate, smallest, left_out) };
            ShareRow {
                group: label.clone(),
                share: of(&found.share),
                population: found.population,
                ratio: found.ratio.as_ref().map(of),
            }
        })
        .collect()
}

/// What of the groups is shown, on which depends what may be shown of their comparison.
struct Seen<'a> {
    groups: &'a [GroupRow],
    estimates: &'a [GroupEstimates],
    smallest: u64,
}

impl Seen<'_> {
    /// A comparison of all groups. The rows compared would tell the size of a small group that was left out, so it is
    /// then shown loosely. And it would tell a rate that is withheld, if that is an extreme or can be told from the
    /// others; so it is rounded to a step that is `smallest` people of every such group, or withheld.
    fn of_all(&self, estimate: &Estimate, rates: &[Metric], left_out: bool) -> Shown {
        let gone = |row: &&GroupRow| rates.iter().any(|rate| row.figure(*rate) == Some(&Shown::Withheld));
        let masked = left_out || self.groups.iter().any(|row| row.n.is_none());
        let figure = shown(estimate, self.smallest, masked);
        let hidden = self.groups.iter().zip(self.estimates).filter(|(row, _)| gone(row));
        let least =
            hidden.flat_map(|(_, group)| rates.iter().filter_map(|rate| group.estimate(*rate))).map(|e| e.n).min();
        match (figure, least) {
            (figure, None) => figure,
            (figure, Some(n)) => {
                let enough = |digits: &usize| n as f64 * 10_f64.powi(-(*digits as i32)) >= self.smallest as f64;
                match [2, 1].iter().find(|digits| enough(digits)) {
                    Some(digits) => figure.rounded(*digits),
                    None if figure == Shown::Withheld || matches!(figure, Shown::NotEstimable(_)) => figure,
                    None => Shown::Withheld,
                }
            }
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

/// Whether the bounds that rows of unknown group set to a difference tell of no few of them.
pub(crate) fn tells_nothing(bounds: &Bounds, smallest: u64) -> bool {
    let cells = [bounds.rows, bounds.events, bounds.rows - bounds.events];
    !cells.into_iter().any(|cell| is_small_cell(cell, smallest))
}

fn disparities(attribute: &AttributeAudit, seen: &Seen<'_>) -> Vec<DisparityRow> {
    let audit = &attribute.audit;
    let why = |l: &LeftOut| {
        let label = attribute.labels.get(l.group).map_or("?", String::as_str);
        // As it is said of the figure itself.
        let said = match seen.groups.get(l.group).and_then(|row| row.figure(l.metric)) {
            Some(Shown::NotEstimable(said)) => said.clone(),
            _ => reason(l.because, true),
        };
        format!("{label} ({}: {said})", l.metric.title())
    };
    let composites = audit.composites.iter().map(|(which, estimate)| {
        let odds = which.rates().contains(&Metric::Tpr);
        let left_out: Vec<String> = if odds { audit.odds_left_out.iter().map(why).collect() } else { Vec::new() };
        let takes_part = |group: &&GroupEstimates| {
            let known = |rate: &Metric| group.estimate(*rate).is_some_and(|estimate| estimate.figure.is_ok());
            if which.compares() { which.rates().iter().all(known) } else { group.n > 0 }
        };
        let groups = audit.groups.iter().filter(takes_part).count();
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
        let mut left_out: Vec<String> = spread.left_out.iter().take(MOST_NAMED).map(why).collect();
        if spread.left_out.len() > MOST_NAMED {
            left_out.push(format!("and {} others", spread.left_out.len() - MOST_NAMED));
        }
        spread.forms.iter().map(move |(form, estimate)| DisparityRow {
            id: form.of(spread.metric),
            title: form.title_of(spread.metric),
            form: Some((spread.metric, *form)),
            figure: seen.of_all(estimate, &[spread.metric], !left_out.is_empty()),
            groups: spread.groups,
            left_out: left_out.clone(),
            bounds: spread
                .bounds
                .filter(|b| *form == Form::Difference && tells_nothing(b, seen.smallest))
                .map(|b| (thousandths(b.best), thousandths(b.worst))),
        })
    });
    composites.chain(spreads).collect()
}

#[cfg(test)]
mod tests {
    use medattest_metrics::{Grouping, Options, Rows, audit};

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
            audit: audit(&rows, &[grouping], &options).pop().unwrap_or_default(),
            representation: None,
            population_source: None,
            parts: groups.iter().map(|(label, _)| label.split(" x ").map(str::to_owned).collect()).collect(),
            rare: Vec::new(),
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
        assert_eq!(odds.figure, Shown::Withheld, "twelve positives are too few for any step");
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
