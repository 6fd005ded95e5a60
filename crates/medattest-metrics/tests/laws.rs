//! What must hold of every audit, whatever the data.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use medattest_metrics::{
    Audit, Composite, Estimate, Form, Grouping, Metric, NotEstimable, Options, Rows, Spread, audit, wilson,
};

/// Rows of three groups with scores on a grid of 1/64; the same rows every time.
fn rows(n: usize) -> (Rows, Grouping) {
    let mut state = 20_240_611_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    };
    let mut rows = Rows { predicted: Some(Vec::new()), score: Some(Vec::new()), ..Rows::default() };
    let mut codes = Vec::new();
    for _ in 0..n {
        let group = if next() < 0.5 { 0 } else { 1 + u32::from(next() < 0.4) };
        let score = (next() * 63.0 + 0.5).floor() / 64.0 + 1.0 / 128.0;
        rows.label.push(Some(next() < score * (0.6 + 0.15 * f64::from(group))));
        if let (Some(predicted), Some(scores)) = (&mut rows.predicted, &mut rows.score) {
            predicted.push(score + 0.2 * next() > 0.55);
            scores.push(score);
        }
        rows.count.push(1);
        codes.push(group);
    }
    (rows, Grouping { codes, groups: 3, missing: vec![false; 3], reference: Some(0) })
}

fn options() -> Options {
    Options { draws: 200, threshold: Some(0.5), ..Options::default() }
}

fn one(rows: &Rows, grouping: &Grouping, options: &Options) -> Audit {
    audit(rows, std::slice::from_ref(grouping), options).pop().expect("an audit")
}

/// The rows of these numbers, in this order.
fn pick(rows: &Rows, grouping: &Grouping, order: &[usize]) -> (Rows, Grouping) {
    fn of<T: Clone>(column: &[T], order: &[usize]) -> Vec<T> {
        order.iter().map(|&row| column[row].clone()).collect()
    }
    let picked = Rows {
        label: of(&rows.label, order),
        predicted: rows.predicted.as_ref().map(|c| of(c, order)),
        score: rows.score.as_ref().map(|c| of(c, order)),
        cluster: rows.cluster.as_ref().map(|c| of(c, order)),
        weight: rows.weight.as_ref().map(|c| of(c, order)),
        count: of(&rows.count, order),
    };
    (picked, Grouping { codes: of(&grouping.codes, order), ..grouping.clone() })
}

/// Every estimate of an audit by where it stands.
fn estimates(audit: &Audit) -> BTreeMap<String, &Estimate> {
    let mut all = BTreeMap::new();
    for (metric, estimate) in &audit.overall.estimates {
        all.insert(format!("everyone {}", metric.id()), estimate);
    }
    for (at, group) in audit.groups.iter().enumerate() {
        for (metric, estimate) in &group.estimates {
            all.insert(format!("group {at} {}", metric.id()), estimate);
        }
    }
    for spread in &audit.spreads {
        for (form, estimate) in &spread.forms {
            all.insert(format!("spread {} {}", spread.metric.id(), form.id()), estimate);
        }
    }
    for contrast in &audit.contrasts {
        let address = format!("contrast {} {}", contrast.group, contrast.metric.id());
        all.insert(format!("{address} difference"), &contrast.difference);
        if let Some(ratio) = &contrast.ratio {
            all.insert(format!("{address} ratio"), ratio);
        }
    }
    for (group, pair, estimate) in &audit.pairs {
        all.insert(format!("pair {group} {}", pair.definition().id), estimate);
    }
    for (composite, estimate) in &audit.composites {
        all.insert(format!("composite {}", composite.definition().id), estimate);
    }
    all
}

/// Checks that two audits say the same: values, and intervals too if `whole`.
fn assert_same(a: &Audit, b: &Audit, whole: bool, skip: fn(&str) -> bool) {
    let (a, b) = (estimates(a), estimates(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    let mut compared = 0;
    for (address, x) in a.iter().filter(|(address, _)| !skip(address)) {
        let near = |p: f64, q: f64| (p - q).abs() <= 1e-9 * (1.0 + p.abs());
        match (&x.figure, &b[address].figure) {
            (Ok(x), Ok(y)) => {
                assert!(near(x.value, y.value), "{address}: {x:?} {y:?}");
                assert!(!whole || (near(x.low, y.low) && near(x.high, y.high)), "{address}: {x:?} {y:?}");
                compared += 1;
            }
            (x, y) => assert_eq!(x, y, "{address}"),
        }
    }
    assert!(compared > 200, "only {compared} figures compared");
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let (rows, grouping) = rows(900);
    // 7919 has no factor in common with 900, so this visits every row once.
    let order: Vec<usize> = (0..900).map(|row| (row * 7919 + 13) % 900).collect();
    let (other, regrouped) = pick(&rows, &grouping, &order);
    assert_same(&one(&rows, &grouping, &options()), &one(&other, &regrouped, &options()), true, |_| false);
}

#[test]
fn the_names_of_groups_do_not_matter() {
    let (rows, grouping) = rows(900);
    let renamed = Grouping {
        codes: grouping.codes.iter().map(|code| (code + 1) % 3).collect(),
        reference: grouping.reference.map(|r| (r + 1) % 3),
        ..grouping.clone()
    };
    let (a, b) = (one(&rows, &grouping, &options()), one(&rows, &renamed, &options()));
    for (x, y) in a.spreads.iter().zip(&b.spreads) {
        assert_eq!((x.metric, x.groups), (y.metric, y.groups));
        assert_eq!(x.extremes.map(|(low, high)| ((low + 1) % 3, (high + 1) % 3)), y.extremes, "{:?}", x.metric);
        for ((form, p), (_, q)) in x.forms.iter().zip(&y.forms) {
            let (p, q) = (p.value().expect("a value"), q.value().expect("a value"));
            assert!((p - q).abs() < 1e-12, "{:?} {form:?}: {p} {q}", x.metric);
        }
    }
    for ((which, x), (_, y)) in a.composites.iter().zip(&b.composites) {
        let (x, y) = (x.value().expect("a value"), y.value().expect("a value"));
        assert!((x - y).abs() < 1e-12, "{which:?}: {x} {y}");
    }
    assert!(a.spreads.len() > 15 && a.spreads.len() == b.spreads.len());
}

#[test]
fn a_weight_of_two_is_every_row_twice() {
    let (rows, grouping) = rows(900);
    let weighted = Rows { weight: Some(vec![2.0; 900]), ..rows.clone() };
    let doubled = Rows { count: vec![2; 900], ..rows };
    // The correction of the deviation for sampling depends on how the error of a rate is had.
    let skip = |address: &str| address.starts_with("spread") && address.ends_with(Form::Deviation.id());
    assert_same(&one(&weighted, &grouping, &options()), &one(&doubled, &grouping, &options()), false, skip);
}

#[test]
fn rows_may_be_split_into_rows_alike() {
    let (rows, grouping) = rows(600);
    let counted = Rows { count: (0..600).map(|row| 2 + row % 3).collect(), ..rows };
    let order: Vec<usize> = (0..600).flat_map(|row| [row, row]).collect();
    let (mut split, regrouped) = pick(&counted, &grouping, &order);
    for halves in split.count.chunks_exact_mut(2) {
        (halves[0], halves[1]) = (1, halves[1] - 1);
    }
    assert_same(&one(&counted, &grouping, &options()), &one(&split, &regrouped, &options()), true, |_| false);
}

#[test]
fn two_rows_of_unknown_gender_do_not_decide_equalized_odds() {
    const ODDS: [Composite; 4] = [
        Composite::EqualizedOddsDifference,
        Composite::EqualizedOddsRatio,
        Composite::EqualizedOddsMeanDifference,
        Composite::EqualizedOddsMeanRatio,
    ];
    let (rows, grouping) = rows(900);
    let known: Vec<usize> = (0..900).filter(|&row| grouping.codes[row] < 2).collect();
    let (rows, two) = pick(&rows, &grouping, &known);
    let two = Grouping { groups: 2, missing: vec![false; 2], ..two };
    let before = one(&rows, &two, &options());
    let (mut more, mut three) = (rows, two);
    for flagged in [true, false] {
        more.label.push(Some(false));
        more.predicted.as_mut().expect("predictions").push(flagged);
        more.score.as_mut().expect("scores").push(0.5);
        more.count.push(1);
        three.codes.push(2);
    }
    three.groups = 3;
    three.missing.push(true);
    let after = one(&more, &three, &options());
    for which in ODDS {
        let (x, y) = (before.composite(which).expect("there"), after.composite(which).expect("there"));
        let (x, y) = (x.value().expect("a value"), y.value().expect("a value"));
        assert!((x - y).abs() < 1e-12, "{which:?}: {x} {y}");
    }
    assert!(before.odds_left_out.is_empty());
    let named: Vec<(usize, Metric, NotEstimable, u64)> =
        after.odds_left_out.iter().map(|l| (l.group, l.metric, l.because, l.n)).collect();
    assert_eq!(
        named,
        [(2, Metric::Tpr, NotEstimable::NoPositives, 0), (2, Metric::Fpr, NotEstimable::FewerThan(11), 2)]
    );
    for (metric, because) in [(Metric::Tpr, NotEstimable::NoPositives), (Metric::Fpr, NotEstimable::FewerThan(11))] {
        let (old, new) = (before.spread(metric).expect("there"), after.spread(metric).expect("there"));
        let of = |spread: &Spread| spread.form(Form::Difference).and_then(Estimate::value);
        assert_eq!(of(old), of(new), "{metric:?}");
        let left: Vec<(usize, NotEstimable)> = new.left_out.iter().map(|l| (l.group, l.because)).collect();
        assert_eq!(left, [(2, because)], "{metric:?}");
    }
}

#[test]
fn patients_of_one_row_each_are_as_good_as_rows() {
    let (rows, grouping) = rows(900);
    let patients = Rows { cluster: Some((0..900).collect()), ..rows.clone() };
    let asked = Options { draws: 1000, ..options() };
    let (plain, clustered) = (one(&rows, &grouping, &asked), one(&patients, &grouping, &asked));
    for (at, (a, b)) in plain.groups.iter().zip(&clustered.groups).enumerate() {
        assert_eq!((a.n, b.clusters), (b.n, Some(b.n)));
        for metric in [Metric::Prevalence, Metric::SelectionRate, Metric::Tpr, Metric::Fpr, Metric::Ppv, Metric::Npv]
        {
            let (a, b) = (a.estimate(metric).expect("there"), b.estimate(metric).expect("there"));
            let (low, high) = wilson(a.events as f64, a.n as f64, 0.95);
            let (x, y) = (a.figure.as_ref().expect("a figure"), b.figure.as_ref().expect("a figure"));
            assert!((x.low - low).abs() < 1e-12 && (x.high - high).abs() < 1e-12, "{at} {metric:?}: {x:?}");
            assert!((x.value - y.value).abs() < 1e-12, "{at} {metric:?}: {x:?} {y:?}");
            assert!(y.method.contains("bootstrap"), "{at} {metric:?}: {y:?}");
            assert!((y.low - low).abs() < 0.05 && (y.high - high).abs() < 0.05, "{at} {metric:?}: {x:?} {y:?}");
        }
    }
}

#[test]
fn many_rows_of_one_patient_are_one_patient() {
    let (mut rows, mut grouping) = rows(900);
    let mut patients: Vec<u32> = (0..900).collect();
    for row in 0..50 {
        rows.label.push(Some(row % 2 == 0));
        rows.predicted.as_mut().expect("predictions").push(row % 3 == 0);
        rows.score.as_mut().expect("scores").push(f64::from(row) / 50.0);
        rows.count.push(1);
        patients.push(900);
        grouping.codes.push(3);
    }
    rows.cluster = Some(patients);
    (grouping.groups, grouping.missing) = (4, vec![false; 4]);
    let found = one(&rows, &grouping, &options());
    let group = &found.groups[3];
    assert_eq!((group.n, group.clusters), (50, Some(1)));
    assert!(group.estimates.len() > 20);
    for (metric, estimate) in &group.estimates {
        assert_eq!(estimate.figure, Err(NotEstimable::FewerClustersThan(11)), "{metric:?}");
        if let Some(spread) = found.spread(*metric) {
            let left: Vec<usize> = spread.left_out.iter().map(|l| l.group).collect();
            assert_eq!(left, [3], "{metric:?}");
        }
    }
    let odds: Vec<usize> = found.odds_left_out.iter().map(|l| l.group).collect();
    assert_eq!(odds, [3, 3]);
}

/// Five groups of 100 positives and 400 negatives, flagged at random with these rates.
fn simulated(rates: [f64; 5], seed: u64) -> (Rows, Grouping) {
    use rand::{RngExt as _, SeedableRng as _};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let (mut rows, mut codes) = (Rows { predicted: Some(Vec::new()), ..Rows::default() }, Vec::new());
    for (group, rate) in (0u32..).zip(rates) {
        let hits = (0..100).filter(|_| rng.random::<f64>() < rate).count() as u64;
        for (label, flagged, count) in
            [(true, true, hits), (true, false, 100 - hits), (false, true, 80), (false, false, 320)]
        {
            if count > 0 {
                rows.label.push(Some(label));
                rows.predicted.get_or_insert_default().push(flagged);
                rows.count.push(count);
                codes.push(group);
            }
        }
    }
    (rows, Grouping { codes, groups: 5, missing: vec![false; 5], reference: Some(0) })
}

/// How often the 95 % interval of a form of TPR holds the truth, over 400 data sets.
fn coverage(rates: [f64; 5], form: Form, truth: f64) -> f64 {
    let options = Options { draws: 400, ..Options::default() };
    let holds = |seed: &u64| {
        let (rows, grouping) = simulated(rates, *seed);
        let audits = audit(&rows, &[grouping], &Options { seed: *seed, ..options.clone() });
        let spread = audits.first().and_then(|a| a.spread(Metric::Tpr)).expect("a spread");
        let figure = spread.form(form).and_then(|e| e.figure.as_ref().ok()).expect("estimable");
        figure.low <= truth + 1e-12 && truth <= figure.high + 1e-12
    };
    (0..400).filter(holds).count() as f64 / 400.0
}

#[test]
fn intervals_of_extremes_hold_the_truth_as_often_as_they_say() {
    let alike = [0.5; 5];
    let apart = [0.35, 0.5, 0.5, 0.5, 0.65];
    let of = [
        coverage(alike, Form::Difference, 0.0),
        coverage(apart, Form::Difference, 0.3),
        coverage(apart, Form::Ratio, 0.35 / 0.65),
        coverage(alike, Form::Deviation, 0.0),
    ];
    // Conservative by design; 0.93 allows for 400 data sets.
    assert!(of.iter().all(|c| *c >= 0.93), "{of:?}");
}
