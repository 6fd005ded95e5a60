//! Traps: hand-made texts in which tools of this kind stumble. Where the development data lie beside the project, its
//! traps are tried too.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use medattest_deid::{Detection, Kind, Labels, Layers, Resources, Scanner, read_gold};

fn resources() -> Resources {
    let mut resources = Resources::default();
    resources.add_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recognizers")).expect("reads");
    resources
}

fn scanner() -> Scanner {
    Scanner::load(&resources(), Layers::All, 2026).expect("loads")
}

fn found(scanner: &Scanner, text: &str) -> Vec<Detection> {
    let mut found = Vec::new();
    scanner.scan(text, &mut scanner.scratch(), &mut found);
    let policy = &scanner.kinds.policies[0];
    found.retain(|d| policy.removes(d.kind));
    found
}

#[test]
fn what_only_looks_like_an_identifier_stays() {
    let scanner = scanner();
    let clean = [
        "Will continue metoprolol 25 mg. May repeat in 4 hours. Mark the site. Grant of consent obtained.",
        "Parkinson disease, Foley catheter, Glasgow coma scale 15, Babinski negative, Kocher incision.",
        "BP 120/80, pain 5/10, strength 5/5, vision 20/40, 2/6 systolic murmur, 1/2 tablet, 24/7.",
        "Potassium 3.5-5.0, INR 2.1, pH 7.32, WBC 12.4, platelets 240, Na 138, day 3 of 7.",
        "BI-RADS 4. Series 4, image 52. pT2 N1 M0. BRAF V600E. CD20 positive, Ki-67 30%.",
        "A 67-year-old man diagnosed in 2019. An 89-year-old woman. SpO2 94. HR 98.",
        "Temp 98F with chills. Fever to 101F with rigors. Pt (92% RA) resting. Mother is 94 cm from the wall.",
        "Visit at [ADDRESS] [PLACE], OK [ZIP]. BP 138/82. Pillbox filled.",
        "CPT 99213, ICD-10 E11.9, LOINC 4548-4, version 2.1.3.",
        "Chart [MRN:9a12345b67c8] 9 was closed.",
        "Left A.M.A. before rounds. C.O.P.D. stable. Harris hip score 82, Johnson-Jahss type II. A 77 Y.O. man.",
    ];
    for text in clean {
        let found = found(&scanner, text);
        assert!(found.is_empty(), "{text}: {found:?}");
    }
}

#[test]
fn what_is_dressed_up_is_found() {
    let scanner = scanner();
    let cases = [
        ("card 4111\u{200d}1111\u{200d}1111\u{200d}1111 used", Kind::Account),
        ("SSN １２３ ４５ ６７８９", Kind::Ssn),
        ("write to jan\u{435}.roe@example.com", Kind::Email),
        ("noteMRN-2468135 after", Kind::Mrn),
        ("seen ١٤/٠٣/٢٠٢٦", Kind::Date),
        ("a ninety-three year old woman", Kind::AgeOver89),
        ("born in 1931, he", Kind::AgeOver89),
        ("JOSÉ GARCÍA-LÓPEZ WAS ADMITTED", Kind::Name),
        ("last four of SSN 6789", Kind::Ssn),
        ("Mr. O'Brien-Smith left", Kind::Name),
        ("SSN [123-45-6789] on file", Kind::Ssn),
        ("Patient: [JANE] left", Kind::Name),
        ("Mrs. Roe (93) opened the door", Kind::AgeOver89),
        ("Mr. Roe, 101, lives alone", Kind::AgeOver89),
        ("A/P: 94F w/ ADHF", Kind::AgeOver89),
        ("96 M from home, fell", Kind::AgeOver89),
        ("she is 93 and walks alone", Kind::AgeOver89),
        ("Bernice: is that his wife", Kind::Name),
        ("tolerated well, no residual -mkq", Kind::ProviderName),
        ("Study scored by I.J., RPSGT", Kind::ProviderName),
        ("SSN 123-45-6789* on file", Kind::Ssn),
        ("MRN: 12345678* on file", Kind::Mrn),
    ];
    for (text, kind) in cases {
        assert!(found(&scanner, text).iter().any(|d| d.kind == kind), "{text}: {:?}", found(&scanner, text));
    }
}

#[test]
fn a_name_told_once_is_found_elsewhere() {
    let scanner = scanner();
    let cases = [
        ("dr. brockington called. ask brockington about the drain", "brockington"),
        ("Mr. Baron was seen. I told Baron to come back. The beer baron was not meant.", "Baron"),
    ];
    for (text, name) in cases {
        let found = found(&scanner, text);
        for (start, _) in text.match_indices(name) {
            assert!(found.iter().any(|d| d.start <= start && start < d.end), "{text}: {start} in {found:?}");
        }
    }
    let beer = "Mr. Baron was seen. The beer baron was not meant.";
    assert!(found(&scanner, beer).iter().all(|d| d.end < beer.find("beer").unwrap_or_default()));
}

/// The traps of the development data, where they are at hand: every labelled span is overlapped. Of its eight hard
/// negatives, which say in words that the name or number in them is nobody's, the listed ones are touched all the same:
/// to miss one is worse.
#[test]
fn traps_of_the_development_data() {
    let folder = std::env::var("MEDATTEST_SHARED_DATA")
        .map_or_else(|_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from)
        .join("text-phi/traps");
    if !folder.is_dir() {
        return;
    }
    let (scanner, labels) = (scanner(), Labels::load(&resources()).expect("loads"));
    let (mut spans, mut missed) = (0, Vec::new());
    let files = [
        "policy_compliance.jsonl",
        "multilingual.json",
        "per_language_date_traps.json",
        "adversarial_phi.jsonl",
        "chunk_boundary.json",
        "date_arithmetic.json",
        "checksum_ids.json",
        "overlap.json",
        "per_language_id_traps.json",
    ];
    for file in files {
        let text = std::fs::read_to_string(folder.join(file)).expect("reads");
        for note in read_gold(&text, &labels).expect("is labelled") {
            let found = found(&scanner, &note.text);
            spans += note.spans.len();
            let unseen = |s: &&medattest_deid::GoldSpan| !found.iter().any(|d| d.start < s.end && s.start < d.end);
            missed.extend(note.spans.iter().filter(unseen).map(|s| (note.id.clone(), s.start)));
        }
    }
    assert!(missed.is_empty(), "{missed:?}");
    assert!(spans > 120, "{spans}");
    // The list may only grow shorter.
    let known = [
        "account-room-fr",
        "email-example-en",
        "location-course-es",
        "organization-ward-en",
        "person-roster-en",
        "phone-device-en",
    ];
    let text = std::fs::read_to_string(folder.join("hard_negatives.json")).expect("reads");
    let touched: Vec<String> = read_gold(&text, &labels)
        .expect("is labelled")
        .into_iter()
        .filter(|note| !found(&scanner, &note.text).is_empty())
        .map(|note| note.id.trim_start_matches("golden-hard-negative-").to_owned())
        .collect();
    assert!(touched.iter().all(|id| known.contains(&id.as_str())), "{touched:?}");
}
