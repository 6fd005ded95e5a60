//! Rules over lists, without the tagger: what each finds, and what it leaves.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;

use medattest_deid::{Grounds, Layers, ListRule, Resources, Scanner};

fn scanner() -> Scanner {
    let mut resources = Resources::default();
    resources.add_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recognizers")).expect("reads");
    Scanner::load(&resources, Layers::Lists, 2026).expect("loads")
}

/// What a rule finds in a text.
fn found<'t>(scanner: &Scanner, text: &'t str, rule: ListRule) -> Vec<&'t str> {
    let mut found = Vec::new();
    scanner.scan(text, &mut scanner.scratch(), &mut found);
    found.iter().filter(|d| d.by == Grounds::List(rule)).map(|d| &text[d.start..d.end]).collect()
}

#[test]
fn each_rule_finds_what_it_is_for() {
    let scanner = scanner();
    let cases = [
        (ListRule::DayOfMonth, "passed out in the aisle on the 12th. He was", "12th"),
        (ListRule::DayOfMonth, "away from the 3rd to the 9th", "3rd"),
        (ListRule::DayOfMonth, "tumor board on wednesday the 16th", "16th"),
        (ListRule::Workplace, "she works nights at Whispering Meadow Stables.", "Whispering Meadow Stables"),
        (ListRule::Workplace, "gets a pension from Bergen Paper Box", "Bergen Paper Box"),
        (ListRule::Facility, "Employer: Redbud Oyster Barn", "Redbud Oyster Barn"),
        (ListRule::Facility, "Clinic: Desert Inn Road Occupational", "Desert Inn Road Occupational"),
        (ListRule::Facility, "back to Brandywine Preschool soon", "Brandywine Preschool"),
        (ListRule::FullName, "accepted by R. Delgado-Finch at ten", "R. Delgado-Finch"),
        (ListRule::FullName, "EXAM read, A. Dorfmeister\n", "A. Dorfmeister"),
        (ListRule::CityState, "lives in Superior, Wisconsin with her", "Superior"),
        (ListRule::CityState, "88 Polwarth Brae, Edinburgh EH11 4TT", "Edinburgh"),
        (ListRule::CityState, "212 Mair Parade, Ballarat VIC 3350", "Ballarat"),
        (ListRule::Initials, "dictated and read\nGVA/mqx", "GVA"),
        (ListRule::Initials, "Plan as above.\njvw", "jvw"),
        (ListRule::Initials, "typed 5 Dec (jmq)\nDear", "jmq"),
    ];
    for (rule, text, value) in cases {
        assert!(
            found(&scanner, text, rule).contains(&value),
            "{rule:?} in {text}: {:?}",
            found(&scanner, text, rule)
        );
    }
}

#[test]
fn each_rule_leaves_what_only_looks_so() {
    let scanner = scanner();
    let cases = [
        (
            ListRule::DayOfMonth,
            "weight from the 25th to 9th centile; on the 3rd floor; the 4th rib; for the 2nd time",
        ),
        (ListRule::Workplace, "works with Maria. Working for Dr. Roe. Attending agrees. Works at home."),
        (ListRule::Facility, "Hospital: Day 4. Pharmacy: dosing per protocol. Clinic: Cardiology."),
        (ListRule::Facility, "THE GROUP FELT THAT THIS WAS PAST THE SYSTEM AND THE TRUST IN IT AS A UNION"),
        (ListRule::FullName, "13.1 kU/L. Updosed. N/V. Dsg dry. A. Colon, biopsy. 2,500 M. Bolivia"),
        (ListRule::CityState, "a green Saab, Vermont plate GKT 417"),
        (ListRule::Initials, "export (csv), readme.txt"),
    ];
    for (rule, text) in cases {
        assert_eq!(found(&scanner, text, rule), Vec::<&str>::new(), "{rule:?} in {text}");
    }
}
