//! Value counts window by window, and what they say of drift in the readmission data where it is there.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::fs;

use medattest_core::monitor::{Cut, EVERYONE, OutcomeColumns, Period, ProfileQuery, ValueCounts};
use medattest_data::Counter;
use medattest_metrics::drift::{CategoryPair, DriftTest, NumberPair};
use serde_json::Value;
use support::{profile, query, readmission};

const TABLE: &str = "seen,age,ward,score,outcome,note\n\
                     2026-01-05,61,north,0.2,0,all is well\n\
                     2026-01-31T23:59:00,,south,0.9,1,\n\
                     2026-02-01,47,,0.4,,longer than before\n\
                     2026-02-03,61,north,0.9,1,x\n\
                     ,50,north,0.1,0,x\n";

#[test]
fn windows_by_month_rows_and_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.csv");
    fs::write(&path, TABLE).expect("written");
    let mut asked = query(Cut::Period("seen".to_owned(), Period::Month));
    asked.texts = vec!["note".to_owned()];
    asked.threshold = Some(0.5);
    asked.outcome = Some(OutcomeColumns {
        score: Some("score".to_owned()),
        label: Some("outcome".to_owned()),
        groups: vec!["ward".to_owned()],
        ..OutcomeColumns::default()
    });
    let windows = profile(&path, &asked);
    let ids: Vec<&str> = windows.iter().map(|w| w.id.as_str()).collect();
    assert_eq!(ids, ["", "2026-01-01", "2026-02-01"]);
    let january = &windows[1];
    assert_eq!((january.rows, january.columns["age"].missing), (2, 1));
    let ValueCounts::Categories(site) = &january.columns["site"].values else { panic!("labels") };
    assert_eq!(site.0["3"], 2);
    let ValueCounts::Text(note) = &january.columns["note"].values else { panic!("text") };
    assert_eq!((note["length"].values.clone(), january.columns["note"].missing), (vec![11.0], 1));
    let everyone = &january.outcome.classes[EVERYONE][EVERYONE];
    assert_eq!(
        everyone.iter().map(|c| (c.flagged, c.pos, c.neg)).collect::<Vec<_>>(),
        [(Some(false), 0, 1), (Some(true), 1, 0)]
    );
    let february = &windows[2].outcome.classes["ward"];
    assert_eq!(february.keys().map(String::as_str).collect::<Vec<_>>(), ["(missing)", "north"]);
    assert_eq!(february["(missing)"][0].open, 1);

    let by_rows = profile(&path, &query(Cut::Rows(2)));
    assert_eq!(by_rows.iter().map(|w| w.rows).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(profile(&path, &query(Cut::File))[0].rows, 5);
}

#[test]
fn many_different_numbers_are_kept_to_fewer_bits_and_say_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.csv");
    let rows: String = (0..200_000).map(|i| format!("{}\n", 36.0 + f64::from(i) * 1e-5)).collect();
    fs::write(&path, format!("x\n{rows}")).expect("written");
    let window = &profile(&path, &query(Cut::File))[0];
    let ValueCounts::Numbers(numbers, bits) = &window.columns["x"].values else { panic!("numbers") };
    assert!(*bits < 52 && numbers.values.len() > 1_000, "{bits} {}", numbers.values.len());
    assert_eq!(numbers.n(), 200_000);
    let (mean, _) = numbers.moments().expect("rows");
    assert!((mean - 36.999_995).abs() < medattest_core::monitor::half_cell(numbers, *bits), "{mean}");
}

#[test]
fn what_cannot_be_counted_is_told_without_a_value() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.csv");
    fs::write(&path, "seen,score\nJane Roe,0.1\n").expect("written");
    let probe = |_: &str, _: &mut Vec<(&'static str, f64)>| {};
    let refused = |query: &ProfileQuery| {
        let error = Counter::new().profile(&path, "t.csv", &[], query, &probe).expect_err("refused").to_string();
        assert!(!error.contains("Jane"), "{error}");
        error
    };
    assert!(refused(&query(Cut::Period("seen".to_owned(), Period::Day))).contains("dates"));
    assert!(refused(&query(Cut::Period("admitted".to_owned(), Period::Day))).contains("admitted"));
    let mut asked = query(Cut::File);
    asked.outcome = Some(OutcomeColumns { score: Some("seen".to_owned()), ..OutcomeColumns::default() });
    assert!(refused(&asked).contains("numbers"));
}

/// Names of the reference package, and ours.
const NAMES: [(&str, DriftTest); 16] = [
    ("ks", DriftTest::KolmogorovSmirnov),
    ("wasserstein", DriftTest::Wasserstein),
    ("anderson", DriftTest::AndersonDarling),
    ("cramer_von_mises", DriftTest::CramerVonMises),
    ("es", DriftTest::EppsSingleton),
    ("t_test", DriftTest::TTest),
    ("mannw", DriftTest::MannWhitneyLess),
    ("ed", DriftTest::Energy),
    ("chisquare", DriftTest::ChiSquare),
    ("z", DriftTest::Z),
    ("g_test", DriftTest::G),
    ("TVD", DriftTest::TotalVariation),
    ("psi", DriftTest::Psi),
    ("kl_div", DriftTest::KullbackLeibler),
    ("jensenshannon", DriftTest::JensenShannon),
    ("hellinger", DriftTest::Hellinger),
];

#[test]
fn agrees_with_evidently_on_the_readmission_data() {
    let Some(folder) = readmission() else { return };
    let text = fs::read_to_string(folder.join("expected_evidently.json")).expect("read");
    let expected: Value = serde_json::from_str(&text).expect("JSON");
    let (mut compared, mut differing) = (0, Vec::new());
    for (pair, methods) in expected["pairs"].as_object().expect("pairs") {
        let sample = |file: &str, filter: Option<&str>| {
            let mut asked = query(Cut::File);
            asked.filter = filter.map(str::to_owned);
            profile(&folder.join(file), &asked).remove(0)
        };
        let (reference, current) = match pair.as_str() {
            "reference_vs_current" => (
                sample("predictions.parquet", Some("split = 'reference'")),
                sample("predictions.parquet", Some("split = 'current'")),
            ),
            "train_vs_current" => (
                sample("predictions.parquet", Some("split = 'train'")),
                sample("predictions.parquet", Some("split = 'current'")),
            ),
            "small_800_vs_800" => {
                (sample("evidently_small_reference.csv", None), sample("evidently_small_current.csv", None))
            }
            other => panic!("{other}"),
        };
        let categorical = |column: &str| methods["chisquare"].get(column).is_some();
        for (method, test) in NAMES {
            let Some(columns) = methods[method].as_object() else { continue };
            for (column, figure) in columns {
                let Some(score) = figure["score"].as_f64() else { continue };
                let (a, b) = (&reference.columns[column].values, &current.columns[column].values);
                let own = match (a, b) {
                    (ValueCounts::Categories(a), ValueCounts::Categories(b)) => {
                        test.categories(&CategoryPair::new(a, b), 1)
                    }
                    // Numbers that are told apart as categories there.
                    (ValueCounts::Numbers(a, _), ValueCounts::Numbers(b, _)) if categorical(column) => {
                        let labels = |n: &medattest_metrics::drift::Numbers| {
                            let pairs = n.values.iter().map(|v| format!("{v}")).zip(n.counts.iter().copied());
                            medattest_metrics::drift::Categories(pairs.collect())
                        };
                        test.categories(&CategoryPair::new(&labels(a), &labels(b)), 1)
                    }
                    (ValueCounts::Numbers(a, x), ValueCounts::Numbers(b, y)) => {
                        assert_eq!((*x, *y), (52, 52), "{column} is exact");
                        test.numbers(&NumberPair::new(a, b), 1)
                    }
                    (a, b) => panic!("{column}: {} {}", a.kind(), b.kind()),
                };
                let own = own.expect("defined").score;
                let tolerance = if test == DriftTest::TotalVariation { 0.06 } else { 1e-9 };
                if (own - score).abs() > tolerance {
                    differing.push(format!("{pair} {method} {column}: {own} for {score}"));
                }
                compared += 1;
            }
        }
    }
    assert!(differing.is_empty(), "{} of {compared}:\n{}", differing.len(), differing.join("\n"));
    assert!(compared > 500, "{compared}");
}
