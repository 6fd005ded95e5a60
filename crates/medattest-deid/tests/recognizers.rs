//! The files of recognizers do what they say.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use medattest_deid::{Layers, Resources, Scanner};

fn resources() -> Resources {
    let mut resources = Resources::default();
    resources.add_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recognizers")).expect("reads");
    resources
}

#[test]
fn every_example_comes_out_as_its_file_says() {
    let scanner = Scanner::load(&resources(), Layers::Lists, 2026).expect("loads");
    let failing: Vec<String> = scanner
        .failing_examples()
        .into_iter()
        .map(|(id, text, expected)| format!("{id}: `{text}` should {}match", if expected { "" } else { "not " }))
        .collect();
    assert!(failing.is_empty(), "{}", failing.join("\n"));
    assert!(scanner.recognizers().len() > 60);
    // Speed rests on most words beginning no pattern.
    assert!(scanner.starting_words() < 3_000, "{}", scanner.starting_words());
}

#[test]
fn no_blank_is_taken_behind_a_value() {
    let scanner = Scanner::load(&resources(), Layers::Lists, 2026).expect("loads");
    let text = "Arrival 02/03/2024 14:22 by EMS, aged ninety two on arrival";
    let mut found = Vec::new();
    scanner.scan(text, &mut scanner.scratch(), &mut found);
    let values: Vec<&str> = found.iter().map(|d| &text[d.start..d.end]).collect();
    assert_eq!(values, ["02/03/2024 14:22", "ninety two"]);
}
