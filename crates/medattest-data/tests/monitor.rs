//! Windows of the readmission data against NannyML 0.13.1, where the data are there, and what is known of them.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;

use medattest_core::monitor::{Cut, Plan, ProfileQuery, Reference, WindowCounts, WindowReport, drift, read_plan};
use medattest_metrics::{Estimate, Metric};
use serde_json::Value;
use support::{profile, query, readmission};

const PLAN: &str = r#"
id = "readmission"
ignore = ["encounter_id", "patient_nbr", "split", "y_score_xgb", "age"]
[reference]
path = "predictions.parquet"
[data]
path = "predictions.parquet"
[model]
score = "y_score"
label = "y_true"
decision = "y_pred"
groups = ["race"]
"#;

fn counts(folder: &Path, plan: &Plan, filter: &str, cut: Cut) -> Vec<WindowCounts> {
    let query = ProfileQuery {
        filter: Some(filter.to_owned()),
        ignore: plan.ignore.clone(),
        outcome: plan.outcome.clone(),
        ..query(cut)
    };
    profile(&folder.join("predictions.parquet"), &query)
}

fn watched(folder: &Path) -> (Reference, Vec<WindowReport>) {
    let plan = read_plan("plan.toml", PLAN).expect("a plan");
    let reference = Reference::new(counts(folder, &plan, "split = 'reference'", Cut::File).remove(0), None, &plan);
    let windows = counts(folder, &plan, "split = 'current'", Cut::Rows(2_544));
    let reports = windows.iter().map(|window| reference.evaluate(window, &plan)).collect();
    (reference, reports)
}

#[test]
fn agrees_with_nannyml() {
    let Some(folder) = readmission() else { return };
    let text = fs::read_to_string(folder.join("expected_nannyml.json")).expect("read");
    let expected: Value = serde_json::from_str(&text).expect("JSON");
    let (_, windows) = watched(&folder);
    let value = |estimate: Option<&Estimate>| estimate.and_then(Estimate::value).expect("defined");
    let mut compared = 0;
    // The last of theirs is what ten windows leave over.
    for (at, window) in windows.iter().enumerate().take(9) {
        let realised = &expected["realized_performance"][at];
        for (name, metric, tolerance) in [
            ("recall", Metric::Tpr, 1e-9),
            ("precision", Metric::Ppv, 1e-9),
            ("specificity", Metric::Tnr, 1e-9),
            ("accuracy", Metric::Accuracy, 1e-9),
            ("f1", Metric::F1, 1e-9),
            // Scores lie on a grid.
            ("roc_auc", Metric::Auroc, 5e-4),
        ] {
            let Some(theirs) = realised[format!("{name}.value")].as_f64() else { continue };
            let own = value(window.figure(metric));
            assert!((own - theirs).abs() < tolerance, "{at} {name}: {own} for {theirs}");
            compared += 1;
        }
        let estimated = window.expected.as_ref().expect("scores");
        let cbpe = &expected["cbpe"][at];
        for (name, own) in [
            ("roc_auc", &estimated.auroc),
            ("accuracy", &estimated.accuracy),
            ("recall", &estimated.tpr),
            ("precision", &estimated.ppv),
            ("specificity", &estimated.tnr),
        ] {
            let Some(theirs) = cbpe[format!("{name}.value")].as_f64() else { continue };
            let own = own.value().expect("defined");
            // Isotonic steps are placed on the grid of scores here.
            assert!((own - theirs).abs() < 4e-3, "{at} estimated {name}: {own} for {theirs}");
            compared += 1;
        }
    }
    assert!(compared >= 80, "{compared}");
}

#[test]
fn calibration_drifts_while_discrimination_holds() {
    let Some(folder) = readmission() else { return };
    let plan = read_plan("plan.toml", PLAN).expect("a plan");
    let reference = Reference::new(counts(&folder, &plan, "split = 'train'", Cut::File).remove(0), None, &plan);
    let window = counts(&folder, &plan, "split = 'current'", Cut::File).remove(0);
    let report = reference.evaluate(&window, &plan);
    let value = |report: &WindowReport, metric| report.figure(metric).and_then(Estimate::value).expect("defined");
    assert!((value(&report, Metric::Auroc) - value(&reference.report, Metric::Auroc)).abs() < 0.02);
    assert!((value(&reference.report, Metric::ObservedExpected) - 1.0).abs() < 0.02);
    assert!((value(&report, Metric::ObservedExpected) - 0.81).abs() < 0.02);
    let high = report.figure(Metric::ObservedExpected).and_then(|e| e.figure.as_ref().ok()).expect("defined").high;
    assert!(high < 0.9, "{high}");
    assert!(value(&report, Metric::SelectionRate) > value(&reference.report, Metric::SelectionRate) + 0.05);
}

#[test]
fn missing_values_new_labels_and_a_changed_type_are_drifts() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan =
        read_plan("plan.toml", "id = \"p\"\n[reference]\npath = \"a\"\n[data]\npath = \"b\"\n").expect("a plan");
    let table = |name: &str, row: &dyn Fn(u32) -> String| {
        let rows: String = (0..1_000).map(row).collect();
        fs::write(folder.path().join(name), format!("lab,ward,code\n{rows}")).expect("written");
        profile(&folder.path().join(name), &query(Cut::File)).remove(0)
    };
    let before = table("a.csv", &|i| format!("{},w{},{}\n", i % 40, i % 3, i % 7));
    // 60 % of laboratory values are gone, a ward is new, codes became text; values that are there are as before.
    let after = table("b.csv", &|i| {
        let lab = if i % 5 < 3 { String::new() } else { (i % 40).to_string() };
        format!("{lab},w{},c{}\n", if i % 10 == 0 { 9 } else { i % 3 }, i % 7)
    });
    let found = drift(&before, &after, &plan.drift);
    let because = |name: &str| found.iter().find(|c| c.column == name).expect("listed").because.join("; ");
    assert!(because("lab").contains("missing"), "{}", because("lab"));
    assert!(because("ward").contains("outside"), "{}", because("ward"));
    assert!(because("code").contains("type"), "{}", because("code"));
    // The same table has not drifted.
    assert!(drift(&before, &before, &plan.drift).iter().all(|column| !column.drifted()));
}
