//! What stands in place of an identifier.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use medattest_deid::{Cleaner, Detection, Grounds, Key, Kind, Layers, Operator, Plan, Resources, Scanner};

struct Fixture {
    scanner: Scanner,
    resources: Resources,
}

fn fixture() -> Fixture {
    let mut resources = Resources::default();
    resources.add_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recognizers")).expect("reads");
    Fixture { scanner: Scanner::load(&resources, Layers::Lists, 2026).expect("loads"), resources }
}

impl Fixture {
    fn cleaner(&self, default: Operator, dates: Operator) -> Cleaner {
        let plan = Plan {
            policy: self.scanner.kinds.policies[0].clone(),
            default,
            dates,
            zips: Operator::Zip3,
            ages: Operator::Over89,
            shift_days: 300,
            day_first: false,
        };
        Cleaner::load(&self.resources, &self.scanner, plan, Key::new(b"a key for tests")).expect("loads")
    }

    fn clean(&self, cleaner: &Cleaner, text: &str, patient: &str) -> String {
        let (mut found, mut out): (Vec<Detection>, String) = (Vec::new(), String::new());
        self.scanner.scan(text, &mut self.scanner.scratch(), &mut found);
        cleaner.clean(text, &found, patient, &mut out);
        out
    }
}

const NOTE: &str = "Patient: Jane Roe, MRN: 12345678, seen 03/04/2019. SSN 123-45-6789. \
                    Ms. Roe is a 93-year-old woman from Salem, IL 03601; call (212) 555-0147.";

#[test]
fn tags_years_and_areas() {
    let f = fixture();
    let cleaner = f.cleaner(Operator::Tag, Operator::Year);
    let cleaned = f.clean(&cleaner, NOTE, "p");
    assert_eq!(
        cleaned,
        "Patient: [NAME], MRN: [MRN], seen 2019. SSN [SSN]. Ms. [NAME] is a over 89 woman from [PLACE], IL \
         000**; call [PHONE]."
    );
    assert!(cleaner.effects().iter().all(|effect| effect.safe_harbor));
    // Nothing is left to be found.
    let mut found = Vec::new();
    f.scanner.scan(&cleaned, &mut f.scanner.scratch(), &mut found);
    assert_eq!(found.len(), 0, "{found:?}");
}

#[test]
fn surrogates_agree_and_keep_their_form() {
    let f = fixture();
    let cleaner = f.cleaner(Operator::Surrogate, Operator::Shift);
    let cleaned = f.clean(&cleaner, NOTE, "p");
    let name = &cleaned["Patient: ".len()..cleaned.find(", MRN").expect("stays")];
    let (first, last) = name.split_once(' ').expect("two words");
    assert!(name != "Jane Roe" && cleaned.contains(&format!("Ms. {last}")), "{cleaned}");
    assert!(!cleaned.contains("123-45-6789") && cleaned.contains("SSN 9"), "{cleaned}");
    assert!(cleaned.contains(") 555-01"), "{cleaned}");
    let other = f.clean(&cleaner, "Roe, Jane was here. JANE ROE left.", "q");
    assert!(other.starts_with(&format!("{last}, {first}")), "{other}");
    assert!(other.contains(&name.to_uppercase()), "{other}");
    assert!(cleaner.effects().iter().any(|effect| !effect.safe_harbor));
}

#[test]
fn dates_of_one_patient_move_together_and_those_of_another_otherwise() {
    let f = fixture();
    let cleaner = f.cleaner(Operator::Tag, Operator::Shift);
    let text = "visit 2026-01-10, follow-up 2026-01-17";
    let days = |patient: &str| {
        let cleaned = f.clean(&cleaner, text, patient);
        let dates: Vec<jiff::civil::Date> = cleaned.split([' ', ',']).filter_map(|word| word.parse().ok()).collect();
        assert_eq!(dates[0].until(dates[1]).expect("fits").get_days(), 7, "{cleaned}");
        dates[0]
    };
    assert_ne!(days("one"), days("two"));
    assert_eq!(days("one"), days("one"));
    assert_ne!(days("one").to_string(), "2026-01-10");
}

#[test]
fn hashes_tell_equal_from_different_and_need_the_key() {
    let f = fixture();
    let cleaner = f.cleaner(Operator::Hash, Operator::Tag);
    let value = |text: &str, kind| {
        let mut out = String::new();
        let by = Grounds::Column;
        let whole = Detection { start: 0, end: text.len(), kind, score: 1.0, by, also: 0, called: None };
        cleaner.clean(text, &[whole], "", &mut out);
        out
    };
    assert_eq!(value("12-345", Kind::Mrn), value("12345", Kind::Mrn));
    assert_ne!(value("12345", Kind::Mrn), value("12345", Kind::Account));
    assert!(value("12345", Kind::Mrn).starts_with("[MRN:"));
}

#[test]
fn a_code_of_any_length_gets_one_of_the_same_form() {
    let f = fixture();
    let cleaner = f.cleaner(Operator::Surrogate, Operator::Tag);
    let text = "7".repeat(1_000);
    let by = Grounds::Column;
    let whole = Detection { start: 0, end: text.len(), kind: Kind::OtherId, score: 1.0, by, also: 0, called: None };
    let mut out = String::new();
    cleaner.clean(&text, &[whole], "", &mut out);
    assert!(out.len() == text.len() && out.bytes().all(|byte| byte.is_ascii_digit()), "{out}");
    assert!(out.bytes().filter(|byte| *byte == b'7').count() < 200, "{out}");
}
