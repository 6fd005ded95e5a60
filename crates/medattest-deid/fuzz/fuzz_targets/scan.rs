//! Arbitrary bytes through the scanner, a cell, and every operator: nothing panics, spans lie on characters in order,
//! and what is left beside the replacements is what stood there.

#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use medattest_deid::{Cleaner, Detection, FieldNames, Key, Layers, Operator, Plan, Resources, Scanner};

struct Fixture {
    scanner: Scanner,
    names: FieldNames,
    cleaners: Vec<Cleaner>,
}

fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let mut resources = Resources::default();
        resources.add_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../recognizers")).expect("reads");
        let scanner = Scanner::load(&resources, Layers::All, 2026).expect("loads");
        let names = FieldNames::load(&resources).expect("loads");
        let plans = [
            (Operator::Tag, Operator::Year),
            (Operator::Surrogate, Operator::Shift),
            (Operator::Mask, Operator::Tag),
            (Operator::Hash, Operator::Shift),
        ];
        let cleaners = plans
            .into_iter()
            .map(|(default, dates)| {
                let plan = Plan {
                    policy: scanner.kinds.policies[1].clone(),
                    default,
                    dates,
                    zips: Operator::Zip3,
                    ages: Operator::Over89,
                    shift_days: 365,
                    day_first: false,
                };
                Cleaner::load(&resources, &scanner, plan, Key::new(b"a key for fuzzing")).expect("loads")
            })
            .collect();
        Fixture { scanner, names, cleaners }
    })
}

fuzz_target!(|data: &[u8]| {
    let fixture = fixture();
    let text = String::from_utf8_lossy(data);
    let mut scratch = fixture.scanner.scratch();
    let mut found: Vec<Detection> = Vec::new();
    fixture.scanner.scan(&text, &mut scratch, &mut found);
    let mut at = 0;
    for detection in &found {
        assert!(detection.start >= at && detection.start < detection.end, "in order, not empty");
        assert!(text.get(detection.start..detection.end).is_some(), "on characters");
        at = detection.end;
    }
    for cleaner in &fixture.cleaners {
        let mut out = String::new();
        let replaced = cleaner.clean(&text, &found, "patient", &mut out);
        let kept: usize = text.len() - found.iter().map(|d| d.end - d.start).sum::<usize>();
        let written: usize = replaced.iter().map(|r| r.end - r.start).sum();
        assert_eq!(out.len(), kept + written, "only what was found is replaced");
    }
    let (name, cell) = text.split_once('\n').unwrap_or(("note", &text));
    let field = fixture.names.field(name);
    fixture.scanner.scan_cell(&fixture.names, &field, cell, &mut scratch, &mut found);
    for detection in &found {
        assert!(cell.get(detection.start..detection.end).is_some(), "on characters of the cell");
    }
});
