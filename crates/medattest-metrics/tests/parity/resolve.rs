//! From the address of a case to our figure.

use std::collections::BTreeMap;

use medattest_metrics::{
    Asked, Association, Composite, Confusion, Contrast, Estimate, Form, GroupEstimates, Item, Metric, Pair,
    PairedItem, RateInterval, Representation, Scores, association, benjamini_hochberg, clopper_pearson, holm,
    paired_auroc, representation, wilson,
};
use serde_json::Value;

use crate::cohort::{Answer, Audits, FOLDER, Key, THRESHOLD};

/// Nothing is refused.
const ASKED: Asked = Asked { level: 0.95, events: 0, non_events: 0, rows: 1 };

/// The two-sided 95% quantile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Our numbers by the key of the case that they belong to; `None` where we say that there is none.
pub(crate) type Parts = Vec<(&'static str, Option<f64>)>;

/// One case of a reference file.
pub(crate) struct Case {
    pub(crate) package: &'static str,
    json: Value,
}

impl Case {
    /// Every case of a package.
    pub(crate) fn all(package: &'static str) -> Vec<Self> {
        let text = std::fs::read_to_string(format!("{FOLDER}/{package}.json")).expect("a reference file");
        let mut file: Value = serde_json::from_str(&text).expect("JSON");
        let Value::Array(cases) = file["cases"].take() else { panic!("{package} has no cases") };
        cases.into_iter().map(|json| Self { package, json }).collect()
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.json[key].as_str()
    }

    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        self.json[key].as_f64()
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        self.json[key].as_bool().unwrap_or(false)
    }

    /// The numbers of a value that is a list, however deep, `None` where one is undefined.
    pub(crate) fn listed(&self) -> Option<Vec<Option<f64>>> {
        fn flatten(value: &Value, into: &mut Vec<Option<f64>>) {
            match value {
                Value::Array(inner) => inner.iter().for_each(|value| flatten(value, into)),
                _ => into.push(value.as_f64()),
            }
        }
        let mut numbers = Vec::new();
        self.json["value"].is_array().then(|| flatten(&self.json["value"], &mut numbers))?;
        Some(numbers)
    }

    /// The value as it is in the file.
    pub(crate) fn shown(&self, key: &str) -> String {
        self.json[key].to_string()
    }

    /// Whether the package answered with nothing.
    pub(crate) fn is_null(&self) -> bool {
        self.json["value"].is_null()
    }

    /// The address alone.
    pub(crate) fn ours(&self) -> &str {
        self.text("ours").expect("an address")
    }

    /// The address with the arguments that make another figure of it.
    pub(crate) fn address(&self) -> String {
        let mut address = self.ours().to_owned();
        for argument in ["form", "alpha", "concentration", "target", "q"] {
            let value = &self.json[argument];
            if !value.is_null() {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                address = format!("{address}@{argument}={value}");
            }
        }
        address
    }

    /// The audit that the case is about.
    pub(crate) fn key(&self) -> Key {
        let owned = |key: &str| self.text(key).map(str::to_owned);
        Key {
            rows: owned("rows").expect("a row filter"),
            attribute: owned("attribute"),
            reference: owned("reference"),
            rest: self.text("group") == Some("rest"),
            missing_as: owned("missing_as"),
            weighted: self.flag("weighted"),
            clustered: false,
            second: self.text("score") == Some("score2"),
        }
    }

    /// The rows of the cohort that the case is about.
    fn members(&self, audits: &Audits) -> Vec<usize> {
        let rows = self.text("rows").expect("a row filter");
        audits.cohort.members(rows, self.text("attribute"), self.text("group"))
    }
}

/// Our numbers for a case, or `None` where the address leads nowhere.
pub(crate) fn resolve(case: &Case, audits: &mut Audits) -> Option<Parts> {
    let address: Vec<&str> = case.ours().split('/').collect();
    match address.as_slice() {
        ["count", what] => count(case, what, audits.of(&case.key())),
        ["counts", method] => counts(case, method),
        ["group", name] => group(case, name, audits),
        ["group", name, method] => interval(case, name, method, audits),
        ["contrast", name, what] => contrast(case, Metric::of_id(name)?, what, audits.of(&case.key())),
        ["spread", name, form] => spread(Metric::of_id(name)?, form, audits.of(&case.key())),
        ["pair", name] => pair(case, name, audits.of(&case.key())),
        ["composite", name] => composite(case, name, audits),
        ["composite", name, "to-overall"] => to_overall(name, audits.of(&case.key())),
        ["index", name] => composite(case, name, audits),
        _ => None,
    }
}

/// An estimate, with its interval where the case has one.
pub(crate) fn whole(case: &Case, estimate: &Estimate) -> Parts {
    let figure = estimate.figure.as_ref().ok();
    let mut parts = vec![("value", figure.map(|f| f.value))];
    if case.number("low").is_some() {
        parts.extend([("low", figure.map(|f| f.low)), ("high", figure.map(|f| f.high))]);
    }
    parts
}

/// Rows of a group by label and prediction, weighted where the case is. The weighted table is that of the threshold
/// that the predictions were made with.
fn table(case: &Case, group: &GroupEstimates) -> Option<Confusion<f64>> {
    if case.flag("weighted") {
        Some(group.operating.iter().find(|o| o.threshold == THRESHOLD)?.mass)
    } else {
        Some(group.confusion.as_mass())
    }
}

fn count(case: &Case, what: &str, answer: &Answer) -> Option<Parts> {
    let group = answer.group(case.text("group"))?;
    let (mine, all) = (table(case, group)?, table(case, &answer.audit.overall)?);
    // So many rows, of which each counts for the mean of its scores.
    let scored = |metric: Metric, rows: f64| {
        if rows > 0.0 { group.estimate(metric)?.value().map(|v| v * rows) } else { Some(0.0) }
    };
    let value = match what {
        "tp" => mine.tp,
        "fp" => mine.fp,
        "fn" => mine.fn_,
        "tn" => mine.tn,
        "rows" => mine.n(),
        "positives" => mine.positives(),
        "negatives" => mine.negatives(),
        "predicted-positives" => mine.flagged(),
        "predicted-negatives" => mine.unflagged(),
        "all-rows" => all.n(),
        "all-predicted-positives" => all.flagged(),
        "generalized-tp" => scored(Metric::GeneralizedTpr, mine.positives())?,
        "generalized-fn" => scored(Metric::GeneralizedFnr, mine.positives())?,
        "generalized-fp" => scored(Metric::GeneralizedFpr, mine.negatives())?,
        "generalized-tn" => scored(Metric::GeneralizedTnr, mine.negatives())?,
        _ => return None,
    };
    Some(vec![("value", Some(value))])
}

fn counts(case: &Case, method: &str) -> Option<Parts> {
    let (k, n) = (case.number("numerator")?, case.number("denominator")?);
    let (low, high) = match method {
        "wilson" => wilson(k, n, 0.95),
        "clopper-pearson" => clopper_pearson(k as u64, n as u64, 0.95),
        _ => return None,
    };
    Some(vec![("low", Some(low)), ("high", Some(high))])
}

fn group(case: &Case, name: &str, audits: &mut Audits) -> Option<Parts> {
    let answer = audits.of(&case.key());
    let group = answer.group(case.text("group"))?;
    let metric = match name {
        "net-benefit" | "net-benefit-of-all" => {
            let threshold = case.number("threshold")?;
            let here = group.operating.iter().find(|o| o.threshold == threshold)?;
            let value = if name == "net-benefit" {
                here.net_benefit.map(|n| n.0)
            } else {
                let odds = threshold / (1.0 - threshold);
                Some((here.mass.positives() - odds * here.mass.negatives()) / here.mass.n())
            };
            return Some(vec![("value", value)]);
        }
        "maximum-calibration-error" => {
            let largest =
                group.calibration.iter().map(|bin| (bin.observed - bin.predicted).abs()).fold(0.0, f64::max);
            return Some(vec![("value", Some(largest))]);
        }
        "representation-ratio" => {
            let ratio = represented(case, answer).shares[answer.place(case.text("group")?)?].ratio.clone()?;
            return Some(vec![("value", ratio.value())]);
        }
        "calibration-in-the-large" => Metric::CalibrationIntercept,
        "expected-calibration-error" => Metric::Ece,
        _ => Metric::of_id(name)?,
    };
    Some(whole(case, group.estimate(metric)?))
}

fn interval(case: &Case, name: &str, method: &str, audits: &mut Audits) -> Option<Parts> {
    match method {
        "linearised" | "cluster-robust" => return mean_of_rows(case, name, method, audits),
        "delong-paired" => return paired(case, audits),
        _ => {}
    }
    let metric = Metric::of_id(name)?;
    let key = Key { clustered: method == "obuchowski", ..case.key() };
    let estimate = audits.of(&key).group(case.text("group"))?.estimate(metric)?;
    let mut parts = whole(case, estimate);
    match method {
        "delong" | "obuchowski" | "exact-poisson" => {}
        "wilson" | "clopper-pearson" => {
            parts.extend([("numerator", Some(estimate.events as f64)), ("denominator", Some(estimate.n as f64))]);
            if method == "clopper-pearson" {
                let (low, high) = clopper_pearson(estimate.events, estimate.n, 0.95);
                parts.retain(|(key, _)| *key != "low" && *key != "high");
                parts.extend([("low", Some(low)), ("high", Some(high))]);
            }
        }
        _ => return None,
    }
    Some(parts)
}

/// A rate as the mean of a column of 0 and 1, with the linearised variance that scores have.
fn mean_of_rows(case: &Case, name: &str, method: &str, audits: &Audits) -> Option<Parts> {
    let rows = case.members(audits);
    let cohort = &audits.cohort;
    let (label, flagged) = (cohort.flags("label", &rows), cohort.flags("prediction", &rows));
    // What is averaged, and what says over which rows.
    let (of, over, side) = match name {
        "tpr" => (&flagged, &label, Some(true)),
        "fpr" => (&flagged, &label, Some(false)),
        "ppv" => (&label, &flagged, Some(true)),
        "selection-rate" => (&flagged, &label, None),
        "prevalence" => (&label, &label, None),
        _ => return None,
    };
    let weight = if case.flag("weighted") { cohort.numbers("weight", &rows) } else { vec![1.0; rows.len()] };
    let patients = cohort.patients(&rows);
    let clusters = (method == "cluster-robust").then(|| patients.iter().map(|p| *p as usize + 1).max().unwrap_or(0));
    let items = (0..rows.len())
        .map(|row| Item {
            score: f64::from(u8::from(of[row])),
            cluster: if clusters.is_some() { patients[row] } else { 0 },
            weight: weight[row],
            pos: u64::from(over[row]),
            neg: u64::from(!over[row]),
        })
        .collect();
    let scores = Scores::new(items, clusters, 0.0);
    let estimate = match side {
        Some(label) => scores.generalized(&ASKED, label, false),
        None => scores.mean_score(&ASKED),
    };
    let figure = estimate.figure.ok()?;
    let mut se = (figure.high - figure.low) / (2.0 * Z);
    if method == "linearised" {
        // Theirs has no n/(n - 1).
        let n = match side {
            Some(label) => over.iter().filter(|o| **o == label).count(),
            None => rows.len(),
        } as f64;
        se *= ((n - 1.0) / n).sqrt();
    }
    let (low, high) = (figure.value - Z * se, figure.value + Z * se);
    Some(vec![("value", Some(figure.value)), ("se", Some(se)), ("low", Some(low)), ("high", Some(high))])
}

/// The AUROC of `score` less that of `score2`, of the same rows.
fn paired(case: &Case, audits: &Audits) -> Option<Parts> {
    let rows = case.members(audits);
    let cohort = &audits.cohort;
    let (first, second) = (cohort.numbers("score", &rows), cohort.numbers("score2", &rows));
    let label = cohort.flags("label", &rows);
    let items: Vec<PairedItem> = (0..rows.len())
        .map(|row| PairedItem { scores: (first[row], second[row]), cluster: 0, label: label[row], count: 1 })
        .collect();
    let (estimate, p) = paired_auroc(&items, false, (0.0, 0.0), &ASKED);
    let mut parts = whole(case, &estimate);
    parts.push(("p", p));
    Some(parts)
}

/// A figure of the group that the case names against its reference.
fn found<'a>(case: &Case, metric: Metric, answer: &'a Answer) -> Option<&'a Contrast> {
    let group = answer.place(case.text("group")?)?;
    answer.audit.contrasts.iter().find(|c| c.group == group && c.metric == metric)
}

pub(crate) fn contrast(case: &Case, metric: Metric, what: &str, answer: &Answer) -> Option<Parts> {
    if what == "ratio" && case.text("group") == case.text("reference") {
        // A group is not compared with itself; where its figure is there and not 0, the ratio is 1.
        let own = answer.group(case.text("group"))?.estimate(metric)?.value();
        return Some(vec![("value", own.filter(|v| *v > 0.0).map(|_| 1.0))]);
    }
    let contrast = found(case, metric, answer)?;
    match what {
        "difference" | "newcombe" => Some(whole(case, &contrast.difference)),
        "ratio" | "log-ratio" => Some(whole(case, contrast.ratio.as_ref()?)),
        "delong" => {
            let mut parts = whole(case, &contrast.difference);
            parts.push(("p", contrast.p));
            Some(parts)
        }
        "score-test" => {
            let mut parts = vec![("p", contrast.p)];
            if metric == Metric::SelectionRate {
                // The statistic itself is one of our pairs.
                parts.extend(pair(case, "z-test-difference", answer)?);
            }
            Some(parts)
        }
        "holm" | "benjamini-hochberg" => {
            // Their family is the selection rate and the TPR of every group.
            let family: Vec<&Contrast> = answer
                .audit
                .contrasts
                .iter()
                .filter(|c| matches!(c.metric, Metric::SelectionRate | Metric::Tpr))
                .collect();
            let p: Vec<f64> = family.iter().filter_map(|c| c.p).collect();
            if Some(p.len() as f64) != case.number("family") {
                return None;
            }
            let adjusted = if what == "holm" { holm(&p) } else { benjamini_hochberg(&p) };
            let at = family.iter().position(|c| c.group == contrast.group && c.metric == metric)?;
            Some(vec![("p", contrast.p), ("value", Some(adjusted[at]))])
        }
        _ => None,
    }
}

/// Our form of a spread.
pub(crate) fn form_of(name: &str) -> Option<Form> {
    Some(match name {
        "difference" => Form::Difference,
        "ratio" => Form::Ratio,
        "min" => Form::Lowest,
        "max" => Form::Highest,
        "to-overall-difference" => Form::ToOverallDifference,
        "to-overall-ratio" => Form::ToOverallRatio,
        "between-group-variance-unbiased" => Form::Deviation,
        _ => return None,
    })
}

pub(crate) fn spread(metric: Metric, name: &str, answer: &Answer) -> Option<Parts> {
    let form = form_of(name)?;
    let value = answer.audit.spread(metric)?.form(form)?.value();
    // Ours is the standard deviation, theirs the variance.
    Some(vec![("value", if form == Form::Deviation { value.map(|v| v * v) } else { value })])
}

pub(crate) fn pair(case: &Case, name: &str, answer: &Answer) -> Option<Parts> {
    match name {
        "disparate-impact" => return contrast(case, Metric::SelectionRate, "ratio", answer),
        "auroc-difference" => return contrast(case, Metric::Auroc, "difference", answer),
        _ => {}
    }
    let id = if name == "equalized-odds-difference" { "pair-equalized-odds-difference" } else { name };
    let which = Pair::ALL.into_iter().find(|pair| pair.definition().id == id)?;
    let group = answer.place(case.text("group")?)?;
    let (_, _, estimate) = answer.audit.pairs.iter().find(|(g, pair, _)| *g == group && *pair == which)?;
    Some(whole(case, estimate))
}

fn composite(case: &Case, name: &str, audits: &mut Audits) -> Option<Parts> {
    if matches!(name, "mutual-information" | "entropy") {
        let found = associated(case, audits)?;
        return Some(vec![("value", Some(if name == "entropy" { found.entropy } else { found.information }))]);
    }
    // AIF360 does not use weights in the indices between groups.
    let key = Key { weighted: case.flag("weighted") && !name.starts_with("between-groups"), ..case.key() };
    let answer = audits.of(&key);
    if name == "representation-chi-square" {
        return Some(vec![("p", represented(case, answer).p)]);
    }
    // With alpha = 1 the generalized entropy index is Theil's.
    let id = match (name, case.number("alpha"), case.text("target")) {
        ("generalized-entropy-index", Some(1.0), _) => "theil-index",
        ("between-groups-generalized-entropy", Some(1.0), _) => "between-groups-theil",
        ("conditional-demographic-disparity", _, Some("prediction")) => {
            "conditional-demographic-disparity-of-predictions"
        }
        _ => name,
    };
    let which = Composite::ALL.into_iter().find(|composite| composite.definition().id == id)?;
    Some(whole(case, answer.audit.composite(which)?))
}

/// Equalized odds against everyone, from the spreads of its two rates.
fn to_overall(name: &str, answer: &Answer) -> Option<Parts> {
    let form = if name.ends_with("ratio") { Form::ToOverallRatio } else { Form::ToOverallDifference };
    let of = |metric: Metric| answer.audit.spread(metric)?.form(form)?.value();
    let (tpr, fpr) = (of(Metric::Tpr), of(Metric::Fpr));
    let joined = tpr.zip(fpr).map(|(t, f)| match name {
        "equalized-odds-difference" => t.max(f),
        "equalized-odds-ratio" => t.min(f),
        _ => (t + f) / 2.0,
    });
    Some(vec![("value", joined)])
}

/// What a feature tells of the attribute.
fn associated(case: &Case, audits: &Audits) -> Option<Association> {
    let cohort = &audits.cohort;
    let rows = cohort.kept(case.text("rows")?);
    let (_, groups) = cohort.levels(case.text("attribute")?, &rows, "");
    let (_, values) = cohort.levels(case.text("feature").unwrap_or("x1"), &rows, "");
    let mut cells: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    for (group, value) in groups.into_iter().zip(values) {
        *cells.entry((group, value)).or_default() += 1;
    }
    let cells: Vec<(usize, usize, u64)> = cells.into_iter().map(|((g, v), n)| (g as usize, v as usize, n)).collect();
    association(&cells)
}

/// The groups against the shares that the case declares.
fn represented(case: &Case, answer: &Answer) -> Representation {
    let counts: Vec<u64> = answer.audit.groups.iter().map(|g| g.n).collect();
    let population: Vec<Option<f64>> = answer.names.iter().map(|name| case.json["shares"][name].as_f64()).collect();
    representation(&counts, &population, 1, RateInterval::Wilson, 0.95)
}
