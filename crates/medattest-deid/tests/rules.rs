//! Rules over lists, without the tagger: what each finds, and what it leaves.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;

use medattest_deid::{Grounds, Kind, Layers, ListRule, Resources, Scanner};

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
        (ListRule::DayOfMonth, "passed out in the aisle on the 12th. He was", "the 12th"),
        (ListRule::DayOfMonth, "away from the 3rd to the 9th", "the 3rd"),
        (ListRule::DayOfMonth, "tumor board on wednesday the 16th", "the 16th"),
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
        (ListRule::Row, "Zelkovax, Wanda A  4/18/04  582-95-9", "Zelkovax, Wanda A"),
        (ListRule::Initials, "swabs sent, cosigned\nas above q.k.\nNext", "q.k."),
        (ListRule::Facility, "LOCATION=Northgate clinic; AGE=60", "Northgate clinic"),
        (ListRule::Title, "told Dr. Brick's office of it", "Brick"),
        (ListRule::Title, "will let Dr. von Zelkova know", "von Zelkova"),
        (ListRule::Initials, "dictated and read\nGVA/mqx", "GVA"),
        (ListRule::Initials, "Plan as above.\njvw", "jvw"),
        (ListRule::Initials, "typed 5 Dec (jmq)\nDear", "jmq"),
        (ListRule::Initials, "seen with A.Q.L. at noon, who agreed", "A.Q.L."),
        (ListRule::Initials, "Scribe: axq for the team", "axq"),
        (ListRule::DayOfMonth, "the lab will ring the 27th.", "the 27th"),
        (ListRule::Facility, "a steward of UAW Local 1834 since then", "UAW Local 1834"),
        (ListRule::Facility, "a walker borrowed from Grange No. 264", "Grange No. 264"),
        (
            ListRule::Facility,
            "born at Our Lady of Zelkova Hospital at Dunmore.",
            "Our Lady of Zelkova Hospital at Dunmore",
        ),
        (ListRule::Facility, "to Mass at St. Hedwig's most weeks", "St. Hedwig's"),
        (ListRule::Facility, "Arceneaux from Our Lady of Prompt Succor in", "Our Lady of Prompt Succor"),
        (ListRule::Initials, "Will follow.\nNL", "NL"),
        (ListRule::Initials, "Contact as above\nSL/gm\n", "SL"),
        (ListRule::Age, "Patient Ignatius Falcone   94M   MRN H4410092", "94M"),
        (ListRule::Age, "Seen: Ignatius Falcone   98F   lap sleeve", "98F"),
        (ListRule::Age, "Seen in the ED.\n100F, R hip fx, waits", "100F"),
        (ListRule::Street, "nephew, 12 rue des Ormes, in town", "12 rue des Ormes"),
        (ListRule::HouseAgain, "sent from Zelkova Ridge Medical Center; back to Zelkova", "Zelkova"),
        (ListRule::HouseAgain, "sent from Zelkova Ridge Medical Center; the ZRMC note", "ZRMC"),
        (ListRule::Street, "lives at 417 1/2 Krams Ave, 2nd fl rear", "417 1/2 Krams Ave, 2nd fl rear"),
        (ListRule::Street, "home is Flat 3, 18 Alder Row in town", "Flat 3, 18 Alder Row"),
        (ListRule::Street, "letters to N7482 Gristmill Rd please", "N7482 Gristmill Rd"),
        (ListRule::Street, "goes to 1449 E. 26th St., Flat D-7 daily", "1449 E. 26th St., Flat D-7"),
        (ListRule::Street, "home: 1031 Rue Desjardins, upstairs", "1031 Rue Desjardins"),
        (ListRule::Postcode, "back in Dunmore, MA 02139 since May", "02139"),
        (ListRule::NumberOfName, "Zelkovax, Wanda A     70 19 09   M 68   Lentz", "70 19 09"),
        (ListRule::NumberOfName, "Mrs. Wanda Zelkova, 0 444 2487, is a teacher", "0 444 2487"),
        (ListRule::Relation, "noted that the patient Wanda was in pain", "Wanda"),
        (ListRule::Street, "the pharmacy on Washington St closed", "Washington St"),
        (ListRule::Title, "Drs. Zelkovax & Quillfeather rounded", "Quillfeather"),
        (ListRule::Title, "Mr. John Q. Public Jr. was seen", "John Q. Public Jr."),
        (ListRule::Key, "her maiden name was Zelkovax until then", "Zelkovax"),
        (ListRule::Key, "Mrs. Roe, n\u{e9}e Zelkovax, lives", "Zelkovax"),
        (ListRule::Credential, "read by W. Quillfeather, M.D., Ph.D.", "W. Quillfeather"),
        (ListRule::FullName, "later Michael and Thomas Anderson drove", "Michael"),
        (ListRule::FullName, "spoke to Robert Johnson today", "Robert Johnson"),
        // Names take in what stands beside them.
        (ListRule::Credential, "seen by de Zelkova, MD at noon", "de Zelkova"),
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
        (ListRule::Initials, "given I.V. at noon in the U.S. with P.O. fluids, N.Y. staff"),
        (ListRule::Facility, "Station 4 called. Post 3 days later, a Local anesthetic 2 mL"),
        (
            ListRule::Facility,
            "takes St. John's wort; St. Vitus's dance; scored by St. George's Respiratory Questionnaire",
        ),
        (ListRule::Street, "Humulin 38 to 34, 10 u lunchtime Novo. Pt says, Bed 17-2   Pt Hieu"),
        (ListRule::Key, "counselor: May I send it? CC: F/u diabetic edema"),
        (ListRule::Title, "Consultant Oncoplastic Surgeon"),
        (ListRule::HouseAgain, "sent from Mercy Hospital, with mercy; Medical care goes on"),
        (ListRule::Title, "seen by Brandi Stroh, RN PCCN-K, at noon"),
        (
            ListRule::Title,
            "Room   SURGEON          ANES     NOTES. ECHO: MILD MR. ASO 800. SAW HIS FATHER A WEEK LATER",
        ),
        (
            ListRule::Street,
            "BP 104/62 RUE, 108/60 RLE. SLEEPS ON 2 PILLOWS. WALKS. 5th MC Neck, up to 40; 2c 3.1. R STN",
        ),
        (ListRule::CityState, "VITAMIN D 14, STARTED ON 50000 WEEKLY; interpreter (Tagalog, ID 88205)"),
        (ListRule::Initials, "takes 1 tab p.o. b.i.d.\nand 2 q.h.s.\nfor now"),
        (ListRule::Row, "Roe, Jane was seen. Chest, Abdomen  both clear\nHead, Eyes  normal"),
        (ListRule::Speaker, "DEV: ROLLS BOTH WAYS. Proc: washout\nProc: lap sleeve"),
        (ListRule::Postcode, "Zelkova, Wanda DC     98941     95.00. Plan UHC MA   25696 1543. Vitamin D ON 50000"),
        (ListRule::Title, "12/11/01  MR C-spine without contrast"),
        (ListRule::NumberOfName, "Mrs. Zelkova 94 16 109/71. Mr. Zelkova 120 80 seen. Mr. Zelkova, 67, went"),
        (ListRule::FullName, "Week grid\n  Mon   Tue   Wed   Thu   Fri\nHouse rules: QI, ZA and JO stand"),
        (ListRule::Title, "A home infusion visit, RN FIELD NOTE with the top sheet detached"),
        (ListRule::Credential, "guttae 2+, Fuchs OD, stable. Kell, Kidd and Lewis systems"),
        (ListRule::Street, "on Monday Dr. Zelkovax rounded; at Mercy St. Luke's; on Main Floor"),
        (ListRule::CityState, "four states (Iowa, Maine, Oregon, Georgia) took part"),
    ];
    for (rule, text) in cases {
        assert_eq!(found(&scanner, text, rule), Vec::<&str>::new(), "{rule:?} in {text}");
    }
}

#[test]
fn a_number_is_what_the_nearest_word_before_it_calls_it() {
    let scanner = scanner();
    let cases = [
        ("Bill BCBS XOF902144507.", "XOF902144507", Kind::HealthPlanId, Some("bcbs")),
        ("Insurance: Humana Gold Plus  ID H7744019921", "H7744019921", Kind::HealthPlanId, Some("humana gold plus")),
        ("fax the enclosed form to 1-866-555-0172", "1-866-555-0172", Kind::Fax, Some("fax")),
        ("texting her is better, 612 555 0184", "612 555 0184", Kind::Phone, None),
        ("Fax 212-555-0148, phone 212-555-0149", "212-555-0149", Kind::Phone, None),
        ("Tractor 1XKYD49X0MJ441209 was towed, tail HX-993812", "HX-993812", Kind::Vehicle, Some("tail")),
        // Of two contexts that speak for recognizers alike, the nearer one does.
        ("MRN 8834120  HAR 60011873324", "60011873324", Kind::Account, None),
        ("HAR 8834120  MRN 60011873324", "60011873324", Kind::Mrn, None),
        // Not over the end of the line.
        ("Seen with Humana\nHX-993812 on the label", "HX-993812", Kind::OtherId, None),
        // Nor where the form tells already.
        ("Aetna wrote to jane.roe@example.com", "jane.roe@example.com", Kind::Email, None),
    ];
    for (text, value, kind, word) in cases {
        let mut found = Vec::new();
        scanner.scan(text, &mut scanner.scratch(), &mut found);
        let own = found.iter().find(|d| &text[d.start..d.end] == value);
        let called = own.and_then(|d| d.called).and_then(|word| scanner.context(word));
        assert_eq!((own.map(|d| d.kind), called), (Some(kind), word), "{text}");
    }
}
