//! Parity of drift tests with Evidently 0.7.23 and NannyML 0.13.1, from frozen counts.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use medattest_metrics::drift::{Categories, CategoryPair, DriftTest, NumberPair, Numbers};
use serde_json::Value;

/// Counts of one column in two samples, and what the reference packages say of them.
struct Case {
    id: String,
    pair: Either,
    expected: BTreeMap<String, f64>,
}

enum Either {
    Numbers(NumberPair),
    Categories(CategoryPair),
}

fn cases() -> Vec<Case> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/parity/drift.json");
    let text = std::fs::read_to_string(file).expect("the file is there");
    let all: Value = serde_json::from_str(&text).expect("JSON");
    let cases = all["cases"].as_array().expect("a list");
    cases
        .iter()
        .map(|case| {
            let counts = |sample: &str| -> Vec<u64> {
                case[sample].as_array().expect("a list").iter().map(|n| n.as_u64().expect("a count")).collect()
            };
            let pair = if let Some(values) = case["values"].as_array() {
                let numbers = |sample| {
                    let mut numbers = Numbers::default();
                    for (value, n) in values.iter().zip(counts(sample)).filter(|(_, n)| *n > 0) {
                        numbers.push(value.as_f64().expect("a number"), n);
                    }
                    numbers
                };
                Either::Numbers(NumberPair::new(&numbers("a"), &numbers("b")))
            } else {
                let labels = case["labels"].as_array().expect("a list");
                let categories = |sample| {
                    let labels = labels.iter().map(|l| l.as_str().expect("text").to_owned());
                    Categories(labels.zip(counts(sample)).filter(|(_, n)| *n > 0).collect())
                };
                Either::Categories(CategoryPair::new(&categories("a"), &categories("b")))
            };
            let expected = case["expected"].as_object().expect("an object");
            Case {
                id: case["id"].as_str().expect("text").to_owned(),
                pair,
                expected: expected.iter().map(|(k, v)| (k.clone(), v.as_f64().expect("a number"))).collect(),
            }
        })
        .collect()
}

fn run(test: DriftTest, pair: &Either) -> f64 {
    let outcome = match pair {
        Either::Numbers(pair) => test.numbers(pair, 1),
        Either::Categories(pair) => test.categories(pair, 1),
    };
    outcome.expect("defined").score
}

#[test]
fn agrees_with_the_reference_packages() {
    let (mut compared, mut differing) = (0, Vec::new());
    for case in cases() {
        for (name, expected) in &case.expected {
            let test: DriftTest = serde_json::from_value(Value::String(name.clone())).expect("a test");
            let own = run(test, &case.pair);
            // Drawn p-values agree within their error, all others to the digit.
            let tolerance = match test {
                DriftTest::TotalVariation => 4.0 * (expected * (1.0 - expected) / 1_000.0 * 2.0).sqrt() + 2e-3,
                _ => 1e-9,
            };
            if (own - expected).abs() > tolerance {
                differing.push(format!("{} {name}: {own} for {expected}", case.id));
            }
            compared += 1;
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    assert!(compared > 600, "{compared} figures");
}
