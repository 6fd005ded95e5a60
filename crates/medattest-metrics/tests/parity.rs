//! Our figures beside those of other packages on one fixed cohort, and beside closed forms of statistics libraries.
//! The reference files are made by `tools/parity`; the README there says how the formulas of the packages differ.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

#[path = "parity/cohort.rs"]
mod cohort;
#[path = "parity/resolve.rs"]
mod resolve;
#[path = "parity/tasks.rs"]
mod tasks;

use medattest_metrics::{Audit, Form, Metric};

use crate::cohort::Audits;
use crate::resolve::{Case, form_of, resolve};
use crate::tasks::{Tasks, expected, is_other_task, resolve_task};

/// What became of the cases of a package.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    /// Compared within the tolerance of the case.
    compared: usize,
    /// The package's figure is undefined, absent or defective, and ours is what the documents say instead.
    deviating: usize,
    /// In [`NOT_OURS`].
    not_ours: usize,
}

/// Exact, so that a case that is skipped in silence fails the test.
const EXPECTED: &[(&str, Tally)] = &[
    ("fairlearn", Tally { compared: 1958, deviating: 232, not_ours: 14 }),
    ("aif360", Tally { compared: 901, deviating: 15, not_ours: 153 }),
    ("aequitas", Tally { compared: 357, deviating: 14, not_ours: 634 }),
    ("holisticai", Tally { compared: 330, deviating: 7, not_ours: 141 }),
    ("dcurves", Tally { compared: 80, deviating: 0, not_ours: 0 }),
    ("statistics", Tally { compared: 309, deviating: 0, not_ours: 63 }),
];

const HIGH_ONLY: &str = "another argument: of rows with a high prediction only, and ours is of all rows";
const ANOTHER_QUANTILE: &str = "another argument: ours of shares has the quantile 0.8, the others are of all rows";
const NO_RATIO: &str = "may be below 0, and so has no ratio";

/// Addresses that lead to nothing of ours, and why. A `*` stands for any text; arguments follow after `@`.
const NOT_OURS: &[(&str, &str)] = &[
    ("composite/infeasible-index", "rankings with declared shares are not audited"),
    ("group/sample-distortion-*", "compares a data set with a changed copy of it"),
    ("contrast/sample-distortion-*", "compares a data set with a changed copy of it; the package raises"),
    (
        "group/ot-distance*",
        "an optimal transport cost of two columns of one group; ours, score-distance, is of two groups",
    ),
    ("index/dcg", "a measure of a ranking"),
    ("index/ndcg", "a measure of a ranking"),
    ("index/ndcg-of-outcome", "a measure of a ranking"),
    ("index/rich-subgroup", "a least-squares line on the code of the attribute as a number"),
    ("index/mdss-score*", "the scan for subgroups does not have this score yet"),
    ("index/consistency*", "individual fairness needs features and a distance, which are not declared"),
    (
        "*@form=reference-and-rest*",
        "the index of two groups of which one is everyone else; ours takes the groups declared",
    ),
    ("*@form=two-of-four*", "defect: rows of the other groups count with a benefit of 0"),
    ("*generalized-entropy*@alpha=0*", "ours has alpha 2, and as Theil's index alpha 1"),
    ("*generalized-entropy*@alpha=3", "ours has alpha 2, and as Theil's index alpha 1"),
    ("composite/differential-fairness*@concentration=2.0", "ours has a concentration of 1"),
    ("pair/kl-divergence@target=prediction", "ours is of labels"),
    ("parity/*", "a verdict; packs judge, figures do not"),
    ("*/aequitas-significance", "another test, with a documented defect"),
    ("*/score-test-mn", "a variance that ours does not use"),
    ("*/log-ratio-test", "a test that ours does not use"),
    ("*/bonferroni", "ours adjusts by Holm and by Benjamini and Hochberg"),
    ("group/auroc/delong-logit", "ours has the interval on the scale of the AUROC"),
    ("*/between-group-variance", "not corrected for sampling"),
    ("*/between-group-variance-corrected", "corrected with p(1-p)/n, ours with p(1-p)/(n-1)"),
    ("*/between-group-variance-double-corrected", "meant for use within a bootstrap"),
    (
        "group/calibration-intercept",
        "the intercept beside a free slope; ours of that name is calibration in the large",
    ),
    ("group/expected-calibration-error-right", "bins closed on the right; ours are closed on the left"),
    ("pair/*@q=0.5", ANOTHER_QUANTILE),
    ("pair/*@q=0.9", ANOTHER_QUANTILE),
    ("pair/*-ratio@q=0.8", HIGH_ONLY),
    ("pair/*-score-difference@q=0.8", HIGH_ONLY),
    ("pair/correlation-difference@q=0.8", HIGH_ONLY),
    ("pair/average-score-ratio@q=0", NO_RATIO),
    ("contrast/mean-prediction/ratio", NO_RATIO),
    ("spread/r2/ratio", NO_RATIO),
    ("spread/r2/to-overall-ratio", NO_RATIO),
    ("pair/weighted-statistical-parity-auc", "not public in the package; ours counts every quantile alike"),
    ("pair/abroca-trapezoid", "slightly too large where curves cross; ours is exact"),
];

/// A case that we refuse although the package has a value that is defined.
struct Stricter {
    address: &'static str,
    rows: &'static str,
    attribute: &'static str,
    /// `None` for figures of all groups, which then leave the group out.
    group: Option<&'static str>,
    because: &'static str,
}

const NO_POSITIVES: &str = "F1 without positive labels is not estimable; the package has 0";
const ONE_ROW: &str = "the mean of one row has no standard error and is not estimable";
const U: Option<&str> = Some("U");
const BU: Option<&str> = Some("B x U");

const fn stricter(
    address: &'static str,
    (rows, attribute): (&'static str, &'static str),
    group: Option<&'static str>,
    because: &'static str,
) -> Stricter {
    Stricter { address, rows, attribute, group, because }
}

const SEX: (&str, &str) = ("all", "sex");
const BOTH: (&str, &str) = ("no-missing-race", "race x sex");

const STRICTER: &[Stricter] = &[
    stricter("group/f1", SEX, U, NO_POSITIVES),
    stricter("spread/f1/*", SEX, None, NO_POSITIVES),
    stricter("group/f1", BOTH, BU, NO_POSITIVES),
    stricter("group/mean-score", BOTH, BU, ONE_ROW),
    stricter("spread/mean-score/*", BOTH, None, ONE_ROW),
    stricter("group/brier", BOTH, BU, ONE_ROW),
    stricter("spread/brier/*", BOTH, None, ONE_ROW),
    stricter("group/log-loss", BOTH, BU, ONE_ROW),
    stricter("spread/log-loss/*", BOTH, None, ONE_ROW),
    stricter("group/mae", BOTH, BU, ONE_ROW),
    stricter("spread/mae/*", BOTH, None, ONE_ROW),
    stricter("group/mse", BOTH, BU, ONE_ROW),
    stricter("spread/mse/*", BOTH, None, ONE_ROW),
    stricter("group/rmse", BOTH, BU, ONE_ROW),
    stricter("spread/rmse/*", BOTH, None, ONE_ROW),
];

/// A case in which both are defined and differ for a reason, with our figure.
struct Otherwise {
    address: &'static str,
    group: Option<&'static str>,
    ours: f64,
}

/// All of [`BOTH`]. The two rows of A x U are of the classes low (found) and mid (taken for high). The package counts
/// the recall of high, which nobody there has, as 0, so that its mean is 1/3; ours is of the classes that occur as a
/// label. No group has less, and the one row of B x U is found.
const OTHERWISE: &[Otherwise] = &[
    Otherwise { address: "group/macro-recall", group: Some("A x U"), ours: 0.5 },
    Otherwise { address: "spread/macro-recall/difference", group: None, ours: 0.5 },
    Otherwise { address: "spread/macro-recall/ratio", group: None, ours: 0.5 },
    Otherwise { address: "spread/macro-recall/min", group: None, ours: 0.5 },
];

/// Whether a pattern, in which `*` stands for any text, fits.
fn fits(pattern: &str, address: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| address.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The entry of [`STRICTER`] for a case.
fn refused(case: &Case) -> Option<&'static Stricter> {
    STRICTER.iter().find(|s| {
        fits(s.address, case.ours())
            && case.text("rows") == Some(s.rows)
            && case.text("attribute") == Some(s.attribute)
            && case.text("group") == s.group
    })
}

/// The entry of [`OTHERWISE`] for a case.
fn otherwise(case: &Case) -> Option<&'static Otherwise> {
    let both = (case.text("rows"), case.text("attribute")) == (Some(BOTH.0), Some(BOTH.1));
    OTHERWISE.iter().find(|o| both && o.address == case.ours() && o.group == case.text("group"))
}

/// What the package has is undefined, absent or defective, or we refuse what it has or have something else.
fn deviates(case: &Case) -> bool {
    let theirs = case.flag("undefined") || case.flag("raises") || is_defective(case) || case.is_null();
    theirs || refused(case).is_some() || otherwise(case).is_some()
}

/// Marked as defects, and yet what the address says. The smoothing of differential fairness goes wrong for a group of
/// one class only, and of the predictions every group has both; recall and precision carry each other's names.
const RIGHT: [&str; 3] =
    ["composite/differential-fairness-of-predictions", "group/class-recall", "group/class-precision"];

/// Whether the package's figure is not what its address says.
fn is_defective(case: &Case) -> bool {
    case.flag("peer_defect") && !RIGHT.contains(&case.ours())
}

/// What is wrong with our numbers where both are defined.
fn differences(case: &Case, parts: &[(&'static str, Option<f64>)]) -> Vec<String> {
    let tolerance = case.number("tolerance").unwrap_or(0.0);
    if let Some(expected) = expected(case) {
        let got: Vec<Option<f64>> = parts.iter().map(|(_, got)| *got).collect();
        let near = |(expected, got): (&Option<f64>, &Option<f64>)| match (expected, got) {
            (Some(expected), Some(got)) => (got - expected).abs() <= tolerance,
            (expected, got) => expected.is_none() && got.is_none(),
        };
        let alike = !got.is_empty() && expected.len() == got.len() && expected.iter().zip(&got).all(near);
        return if alike { Vec::new() } else { vec![format!("expected {expected:?}, got {got:?}")] };
    }
    let mut wrong = Vec::new();
    for (key, got) in parts {
        let near = |expected: f64| got.is_some_and(|got| (got - expected).abs() <= tolerance);
        if !case.number(key).is_some_and(near) {
            wrong.push(format!("{key}: expected {}, got {got:?}", case.shown(key)));
        }
    }
    if parts.is_empty() {
        wrong.push("nothing to compare".to_owned());
    }
    wrong
}

/// What is wrong with our numbers where the package's are undefined, absent or defective.
fn misdeviations(
    case: &Case,
    parts: &[(&'static str, Option<f64>)],
    audits: &mut Audits,
    tasks: &mut Tasks,
) -> Vec<String> {
    let value = parts.iter().find(|(key, _)| *key == "value").and_then(|(_, value)| *value);
    if is_defective(case) {
        let expected = case.number("value");
        return match (value, case.number("times")) {
            // Theirs is ours times a known factor.
            (Some(value), Some(times)) => differences(case, &[("value", Some(value * times))]),
            (Some(value), None) if expected.is_some_and(|e| (e - value).abs() > 1e-6) => Vec::new(),
            _ => vec![format!("a defect of theirs, and ours is {value:?}, theirs {expected:?}")],
        };
    }
    if let Some(otherwise) = otherwise(case) {
        let alike = case.number("value").is_some_and(|theirs| (theirs - otherwise.ours).abs() < 1e-6);
        let right = value.is_some_and(|value| (value - otherwise.ours).abs() < 1e-12);
        let wrong = vec![format!("expected {} unlike theirs, got {value:?}", otherwise.ours)];
        return if right && !alike { Vec::new() } else { wrong };
    }
    let over_groups = case.ours().starts_with("spread/") || case.ours().starts_with("composite/");
    match (value, over_groups) {
        (None, false) => Vec::new(),
        (Some(value), false) => {
            let because = refused(case).map_or("theirs is undefined", |s| s.because);
            vec![format!("expected nothing ({because}), got {value}")]
        }
        (None, true) => vec!["expected the figure of the other groups, got nothing".to_owned()],
        (Some(value), true) if !value.is_finite() => vec![format!("not finite: {value}")],
        (Some(_), true) => {
            let found = match tasks.of(case, &audits.cohort) {
                Some(audit) => left_out(case, audit),
                None => left_out(case, &audits.of(&case.key()).audit),
            };
            found.err().into_iter().collect()
        }
    }
}

/// Checks that a spread is the one of the groups that have an estimate, and that it names the others.
fn left_out(case: &Case, audit: &Audit) -> Result<(), String> {
    let address: Vec<&str> = case.ours().split('/').collect();
    let ["spread", metric, form] = address.as_slice() else { return Ok(()) };
    let metric = Metric::of_id(metric).ok_or("no such metric")?;
    let form = form_of(form).ok_or("no such form")?;
    let spread = audit.spread(metric).ok_or("no such spread")?;
    let (mut values, mut out) = (Vec::new(), Vec::new());
    for (at, group) in audit.groups.iter().enumerate() {
        match group.estimate(metric).ok_or("no such estimate")?.value() {
            Some(value) => values.push(value),
            None => out.push(at),
        }
    }
    let named: Vec<usize> = spread.left_out.iter().map(|l| l.group).collect();
    if named != out || (out.is_empty() && !case.flag("raises")) {
        return Err(format!("groups without an estimate {out:?}, named {named:?}"));
    }
    let everyone = audit.overall.estimate(metric).and_then(|e| e.value()).ok_or("nothing for everyone")?;
    let over = |of: fn(f64, f64) -> f64, start: f64, map: &dyn Fn(f64) -> f64| {
        values.iter().map(|v| map(*v)).fold(start, of)
    };
    let (least, most) = (over(f64::min, f64::INFINITY, &|v| v), over(f64::max, f64::NEG_INFINITY, &|v| v));
    let expected = match form {
        Form::Difference => most - least,
        Form::Ratio => least / most,
        Form::Lowest => least,
        Form::Highest => most,
        Form::ToOverallDifference => over(f64::max, 0.0, &|v| (v - everyone).abs()),
        Form::ToOverallRatio => over(f64::min, 1.0, &|v| (v / everyone).min(everyone / v)),
        Form::Deviation => return Err("no form of theirs".to_owned()),
    };
    let got = spread.form(form).and_then(|e| e.value()).ok_or("no value")?;
    if (got - expected).abs() > 1e-12 {
        return Err(format!("of the other groups it is {expected}, got {got}"));
    }
    Ok(())
}

/// A line about a case that failed.
fn report(case: &Case, what: &str) -> String {
    let or = |key: &str| case.text(key).unwrap_or("-").to_owned();
    format!(
        "{} | {} | {} | rows {} | {} {} against {}{} | {what}",
        case.package,
        or("peer"),
        case.address(),
        or("rows"),
        or("attribute"),
        or("group"),
        or("reference"),
        if case.flag("weighted") { " | weighted" } else { "" },
    )
}

#[test]
fn figures_agree_with_those_of_other_packages() {
    let (mut audits, mut tasks) = (Audits::new(), Tasks::default());
    let mut failures: Vec<String> = Vec::new();
    let mut used = vec![false; NOT_OURS.len()];
    for (package, expected) in EXPECTED {
        let mut tally = Tally::default();
        for case in Case::all(package) {
            let address = case.address();
            let mut known = false;
            for (used, (pattern, _)) in used.iter_mut().zip(NOT_OURS) {
                if fits(pattern, &address) {
                    *used = true;
                    known = true;
                }
            }
            if known {
                tally.not_ours += 1;
                continue;
            }
            let parts = if is_other_task(&case) {
                resolve_task(&case, &audits.cohort, &mut tasks)
            } else {
                resolve(&case, &mut audits)
            };
            let Some(parts) = parts else {
                failures.push(report(&case, "leads to nothing of ours and is not in NOT_OURS"));
                continue;
            };
            let wrong = if deviates(&case) {
                tally.deviating += 1;
                misdeviations(&case, &parts, &mut audits, &mut tasks)
            } else {
                tally.compared += 1;
                differences(&case, &parts)
            };
            failures.extend(wrong.iter().map(|what| report(&case, what)));
        }
        if tally != *expected {
            failures.insert(0, format!("{package}: {tally:?}, expected {expected:?}"));
        }
    }
    for ((pattern, _), used) in NOT_OURS.iter().zip(used) {
        if !used {
            failures.insert(0, format!("no case needs the entry {pattern} of NOT_OURS"));
        }
    }
    let shown: Vec<&str> = failures.iter().take(40).map(String::as_str).collect();
    assert!(failures.is_empty(), "{} failures, of which the first:\n{}", failures.len(), shown.join("\n"));
}

#[test]
fn patterns_fit_what_they_say() {
    for (pattern, address, expected) in [
        ("index/dcg", "index/dcg", true),
        ("index/dcg", "index/dcg-of", false),
        ("index/consistency*", "index/consistency-tie-averaged@target=label", true),
        ("*/between-group-variance", "spread/tpr/between-group-variance-unbiased", false),
        ("*/between-group-variance", "spread/tpr/between-group-variance", true),
        ("*generalized-entropy*@alpha=0*", "index/generalized-entropy-index@alpha=0.5", true),
        ("*generalized-entropy*@alpha=0*", "index/generalized-entropy-index@alpha=2", false),
    ] {
        assert_eq!(fits(pattern, address), expected, "{pattern} {address}");
    }
}
