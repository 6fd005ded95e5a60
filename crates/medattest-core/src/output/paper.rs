//! What of a measurement may be shown.
//!
//! A count of 1 to `smallest` - 1 people is withheld, and so is every figure from which such a count could be worked
//! out (CMS cell size suppression policy: no cell of 1 to 10, nor a percentage that yields one). Where the rest of a
//! column would give a withheld count away, the next smallest is withheld with it.

use std::fmt;

use medattest_metrics::{
    CalibrationBin, Confusion, Equalised, Estimate, Form, GroupEstimates, LeftOut, Metric, Operating, Pair, RocPoint,
};

use super::{figure, thousands};
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

/// One group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRow {
    /// Label.
    pub label: String,
    /// Rows.
    pub n: Count,
    /// Rows with a positive label.
    pub positives: Count,
    /// Patients or other clusters, where declared.
    pub clusters: Count,
    /// Every figure.
    pub figures: Vec<(Metric, Shown)>,
    /// Rates after partial pooling.
    pub pooled: Vec<(Metric, Shown)>,
    /// Calibration curve, bins with small cells left out.
    pub calibration: Vec<CalibrationBin>,
    /// How many bins were left out of the curve.
    pub calibration_withheld: usize,
    /// ROC curve; empty where it would give counts away.
    pub roc: Vec<RocPoint>,
    /// The group at other thresholds; points that would give counts away are left out.
    pub operating: Vec<OperatingRow>,
}

impl GroupRow {
    /// One figure, where the declared columns allow it.
    pub fn figure(&self, metric: Metric) -> Option<&Shown> {
        self.figures.iter().find(|(m, _)| *m == metric).map(|(_, shown)| shown)
    }
}

/// A group at one threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OperatingRow {
    /// Lowest score that is flagged.
    pub threshold: f64,
    /// Selection rate.
    pub selection_rate: Option<f64>,
    /// Sensitivity.
    pub tpr: Option<f64>,
    /// False positive rate.
    pub fpr: Option<f64>,
    /// Positive predictive value.
    pub ppv: Option<f64>,
    /// Net benefit with its interval.
    pub net_benefit: Option<(f64, f64, f64)>,
}

/// A comparison of the groups.
#[derive(Debug, Clone, PartialEq)]
pub struct DisparityRow {
    /// Permanent id.
    pub id: String,
    /// Name.
    pub title: String,
    /// For a figure over all groups, which figure and in which form.
    pub form: Option<(Metric, Form)>,
    /// Figure.
    pub figure: Shown,
    /// Groups compared.
    pub groups: usize,
    /// Groups left out, with the reason.
    pub left_out: Vec<String>,
    /// Smallest and largest difference that rows of unknown group could make it.
    pub bounds: Option<(f64, f64)>,
}

impl DisparityRow {
    /// Whether it is one of the comparisons that a reader looks for first.
    pub fn is_headline(&self) -> bool {
        match self.form {
            Some((Metric::SelectionRate | Metric::Tpr, Form::Difference | Form::Ratio)) => true,
            Some((Metric::Accuracy | Metric::Auroc | Metric::Mae | Metric::MeanError, Form::Difference)) => true,
            Some((metric, Form::Deviation)) => matches!(metric, Metric::SelectionRate | Metric::Tpr),
            Some(_) => false,
            None => matches!(
                self.id.as_str(),
                "equalized-odds-difference"
                    | "equalized-odds-ratio"
                    | "largest-multiclass-equality-of-opportunity"
                    | "largest-multiclass-statistical-parity"
            ),
        }
    }
}

/// A group against the reference.
#[derive(Debug, Clone, PartialEq)]
pub struct ContrastRow {
    /// Label of the group.
    pub group: String,
    /// The figure.
    pub metric: Metric,
    /// Group minus reference.
    pub difference: Shown,
    /// Group over reference.
    pub ratio: Option<Shown>,
    /// Two-sided p-value.
    pub p: Option<f64>,
    /// Adjusted by Holm over every test of the table.
    pub holm: Option<f64>,
    /// Adjusted by Benjamini and Hochberg.
    pub benjamini_hochberg: Option<f64>,
}

/// A figure of a group and the reference together.
#[derive(Debug, Clone, PartialEq)]
pub struct PairRow {
    /// Label of the group.
    pub group: String,
    /// The figure.
    pub pair: Pair,
    /// Its value.
    pub figure: Shown,
}

/// A group's share of the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareRow {
    /// Label of the group.
    pub group: String,
    /// Share of the rows.
    pub share: Shown,
    /// Share of the declared population.
    pub population: Option<f64>,
    /// One over the other.
    pub ratio: Option<Shown>,
}

/// What thresholds of the groups' own would do.
#[derive(Debug, Clone, PartialEq)]
pub struct EqualisedTable {
    /// The figure that is made equal.
    pub metric: Metric,
    /// Its value for everyone at the threshold in use.
    pub target: f64,
    /// The threshold in use.
    pub threshold: f64,
    /// For each group its label, its own threshold, and the figure before and after.
    pub groups: Vec<(String, Option<OperatingRow>, Option<OperatingRow>)>,
    /// Everyone before and after: figure and value.
    pub cost: Vec<(Metric, f64, f64)>,
}

/// One attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeTable {
    /// Column or columns, with the class where one class is audited against the rest.
    pub attribute: String,
    /// What it stands for.
    pub stands_for: String,
    /// Whether it is one class against the rest.
    pub of_class: bool,
    /// Groups in order.
    pub groups: Vec<GroupRow>,
    /// Everyone.
    pub overall: GroupRow,
    /// Label of the group that others are compared with.
    pub reference: Option<String>,
    /// Comparisons over all groups; those with a name of their own first.
    pub disparities: Vec<DisparityRow>,
    /// Each group against the reference.
    pub contrasts: Vec<ContrastRow>,
    /// Figures of a group and the reference together.
    pub pairs: Vec<PairRow>,
    /// Who is in the table.
    pub shares: Vec<ShareRow>,
    /// Where the shares of the population come from.
    pub population_source: Option<String>,
    /// What thresholds of the groups' own would do.
    pub equalised: Option<EqualisedTable>,
}

impl AttributeTable {
    /// The comparison of this id.
    pub fn disparity(&self, id: &str) -> Option<&DisparityRow> {
        self.disparities.iter().find(|row| row.id == id)
    }
}

/// Which of these counts must be withheld: the small ones, and as many more as it takes to hide them in their sum.
pub fn withheld(counts: &[u64], smallest: u64) -> Vec<bool> {
    complete(counts, vec![false; counts.len()], smallest)
}

fn complete(counts: &[u64], already: Vec<bool>, smallest: u64) -> Vec<bool> {
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
fn slices(attribute: &AttributeAudit) -> Vec<Vec<usize>> {
    let everyone: Vec<usize> = (0..attribute.labels.len()).collect();
    let columns = attribute.attribute.split(" x ").count();
    let parts: Vec<Vec<&str>> = attribute.labels.iter().map(|label| label.split(" x ").collect()).collect();
    if columns < 2 || parts.iter().any(|part| part.len() != columns) {
        return vec![everyone];
    }
    let mut slices = vec![everyone];
    for column in 0..columns {
        let mut values: Vec<&str> = parts.iter().filter_map(|part| part.get(column).copied()).collect();
        values.sort_unstable();
        values.dedup();
        for value in values {
            let sharing = |index: &usize| parts.get(*index).and_then(|part| part.get(column)) == Some(&value);
            slices.push((0..parts.len()).filter(sharing).collect());
        }
    }
    slices
}

/// [`withheld`] within every slice, until no slice gives anything away. A count of rows is small, too, when few
/// people are behind them.
fn withheld_in(counts: &[u64], people: &[u64], smallest: u64, slices: &[Vec<usize>]) -> Vec<bool> {
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
fn hidden_rates(attribute: &AttributeAudit, smallest: u64, slices: &[Vec<usize>]) -> Vec<bool> {
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

/// Whether going from one count to another tells of no few people.
fn far(a: u64, b: u64, smallest: u64) -> bool {
    !is_small_cell(a.abs_diff(b), smallest)
}

/// A group at one threshold, with three decimals.
fn operating(point: &Operating) -> OperatingRow {
    let rounded = |x: f64| (x * 1000.0).round() / 1000.0;
    let mass = &point.mass;
    let rate = |metric: Metric| metric.of_counts(mass, mass).map(rounded);
    OperatingRow {
        threshold: point.threshold,
        selection_rate: rate(Metric::SelectionRate),
        tpr: rate(Metric::Tpr),
        fpr: rate(Metric::Fpr),
        ppv: rate(Metric::Ppv),
        net_benefit: point.net_benefit.map(|(value, low, high)| (rounded(value), rounded(low), rounded(high))),
    }
}

/// The thresholds that may be shown: none whose table has a small cell, nor two between which few people lie.
fn operatings(points: &[Operating], smallest: u64, hide: bool) -> Vec<OperatingRow> {
    let mut shown: Vec<&Operating> = Vec::new();
    for point in points.iter().filter(|_| !hide || smallest <= 1) {
        let c = &point.counts;
        let small = [c.tp, c.fp, c.fn_, c.tn].into_iter().any(|cell| is_small_cell(cell, smallest));
        let apart = shown
            .last()
            .is_none_or(|last| far(last.counts.tp, c.tp, smallest) && far(last.counts.fp, c.fp, smallest));
        if !small && apart {
            shown.push(point);
        }
    }
    shown.into_iter().map(operating).collect()
}

/// The bins of a calibration curve that may be shown.
fn shown_bins(bins: &[CalibrationBin], smallest: u64) -> Vec<CalibrationBin> {
    let of = |count: fn(&CalibrationBin) -> u64| withheld(&bins.iter().map(count).collect::<Vec<_>>(), smallest);
    let hidden = [of(|b| b.n), of(|b| b.events), of(|b| b.n.saturating_sub(b.events))];
    let shown = |index: usize| hidden.iter().all(|hidden| hidden.get(index) == Some(&false));
    bins.iter().enumerate().filter(|(index, _)| shown(*index)).map(|(_, bin)| *bin).collect()
}

/// The bins of every group's calibration curve that may be shown: small ones are not, nor as many more as it takes to
/// hide them in the sums over the bins of a group and over the groups of a bin.
fn bins_of_groups(attribute: &AttributeAudit, smallest: u64, slices: &[Vec<usize>]) -> Vec<Vec<CalibrationBin>> {
    const BINS: usize = 10;
    let groups = &attribute.audit.groups;
    let place = |bin: &CalibrationBin| ((bin.predicted * BINS as f64) as usize).min(BINS - 1);
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
