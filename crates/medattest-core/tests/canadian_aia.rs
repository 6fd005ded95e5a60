//! The points of the Canadian Algorithmic Impact Assessment as its published survey counts them.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use medattest_core::{
    Decision, Fact, FactSet, FilledAssessment, GateDecision, InputEvidence, Library, Provenance, State, Subject,
    SystemAssessment, Value, fill,
};
use rand::{RngExt as _, SeedableRng as _};

/// Answers by fact, as TOML would hold them.
fn filled(library: &Library, answers: &BTreeMap<String, Vec<String>>) -> FilledAssessment {
    let mut facts = FactSet::default();
    for (key, values) in answers {
        let text = |value: &String| Value::Text(value.clone());
        let value = match (&library.catalog.get(key).expect("a fact").kind, values.as_slice()) {
            (medattest_core::FactType::Bool, [value]) => Value::Bool(value == "yes"),
            (medattest_core::FactType::Choice(_), [value]) => text(value),
            (_, values) => Value::List(values.iter().map(text).collect()),
        };
        facts.insert(Fact {
            key: key.clone(),
            subject: Subject::system(),
            state: State::Known(value),
            provenance: Provenance::Stated(None),
            place: None,
            paper: None,
        });
    }
    let system = SystemAssessment {
        id: "s".into(),
        name: "S".into(),
        file: "s.toml".into(),
        facts,
        conclusions: Vec::new(),
        findings: Vec::new(),
        questions: Vec::new(),
        roadmap: Vec::new(),
        evidence: Vec::new(),
        profiles: Vec::new(),
        surveys: Vec::new(),
        watched: Vec::new(),
        inputs: InputEvidence::default(),
        decision: GateDecision { decision: Decision::Pass, because: Vec::new() },
    };
    let pack = library.packs.get("ca-aia").expect("the pack");
    fill(library, pack.questionnaires.first().expect("an assessment"), &system)
}

/// Question of the survey and value of the option, with fact and value of ours.
fn map() -> Vec<(String, String, String, String)> {
    let text = include_str!("data/canadian-aia.tsv");
    text.lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let [question, option, fact, value] = cells.as_slice() else { panic!("four cells") };
            ((*question).into(), (*option).into(), (*fact).into(), (*value).into())
        })
        .collect()
}

fn points(option: &str) -> u32 {
    option.rsplit_once('-').and_then(|(_, points)| points.parse().ok()).unwrap_or(0)
}

#[test]
fn the_most_points_are_those_published() {
    let (library, _) = support::library();
    let empty = filled(&library, &BTreeMap::new());
    assert_eq!(empty.scores.len(), 2);
    for score in &empty.scores {
        assert_eq!((score.risk, score.mitigation), ((0, 167), (0, 77)));
        assert!(score.open > 100);
    }
    // Every option brings the points that end its name in the survey.
    for (question, option, fact, value) in map() {
        let answers = BTreeMap::from([(fact, vec![value])]);
        let got = filled(&library, &answers);
        let items = got.sections.iter().flat_map(|section| &section.items);
        let sum: u32 = items.filter_map(|item| item.points.and_then(|(got, _)| got)).sum();
        assert_eq!(sum, points(&option), "{question} {option}");
    }
}

/// The survey lies beside the checkout while medattest is developed; without it there is nothing to compare with.
#[test]
fn random_answers_come_out_as_in_the_survey() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/aia/survey-enfr.json");
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let survey: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    // Questions that are always asked, with their panel and kind.
    let mut asked: BTreeMap<String, (String, bool)> = BTreeMap::new();
    fn walk(element: &serde_json::Value, panel: &str, asked: &mut BTreeMap<String, (String, bool)>) {
        let panel = match element["name"].as_str() {
            Some(name) if element.get("elements").is_some() => name,
            _ => panel,
        };
        for inner in element["elements"].as_array().into_iter().flatten() {
            walk(inner, panel, asked);
        }
        if let (Some(name), true) = (element["name"].as_str(), element.get("visibleIf").is_none()) {
            asked.insert(name.to_owned(), (panel.to_owned(), element["type"] == "checkbox"));
        }
    }
    for page in survey["pages"].as_array().expect("pages") {
        walk(page, "", &mut asked);
    }
    let (library, _) = support::library();
    let mut by: BTreeMap<String, Vec<(String, String, String)>> = BTreeMap::new();
    for (question, option, fact, value) in map().into_iter().filter(|(question, ..)| asked.contains_key(question)) {
        by.entry(question).or_default().push((option, fact, value));
    }
    assert!(by.len() > 100);
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(11);
    let mut levels = std::collections::BTreeSet::new();
    for round in 0..60 {
        let (mut raw, mut mitigation) = (0, 0);
        let mut answers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (question, options) in &by {
            let (panel, several) = &asked[question];
            // One phase is answered at a time.
            if panel.contains("Implementation") {
                continue;
            }
            // Leaning to high or low, so that every level comes up.
            let mut ranked = options.clone();
            ranked.sort_by_key(|(option, _, _)| points(option));
            let lean = [0.05, 0.5, 0.97][round % 3];
            let chosen: Vec<_> = if *several {
                options.iter().filter(|_| random.random_bool(lean)).cloned().collect()
            } else if random.random_bool(lean) {
                ranked.last().cloned().into_iter().collect()
            } else {
                ranked.first().cloned().into_iter().collect()
            };
            let sum: u32 = chosen.iter().map(|(option, _, _)| points(option)).sum();
            if panel.ends_with("-RS") {
                raw += sum;
            } else if panel.ends_with("-MS") {
                mitigation += sum;
            }
            if let Some((_, fact, _)) = options.first() {
                answers.insert(fact.clone(), chosen.into_iter().map(|(_, _, value)| value).collect());
            }
        }
        let got = filled(&library, &answers);
        let design = got.scores.iter().find(|score| score.id == "design").expect("the phase");
        assert_eq!((design.risk.0, design.mitigation.0), (raw, mitigation));
        // 80 % of half the points of both phases together.
        let total = if f64::from(mitigation) >= 0.8 * 77.0 { (f64::from(raw) * 0.85).round() as u32 } else { raw };
        let share = f64::from(total) / 167.0;
        let level = ["I", "II", "III", "IV"][[0.25, 0.5, 0.75].iter().filter(|bound| share > **bound).count()];
        assert_eq!((design.total, design.level.0.as_str()), (total, level));
        levels.insert(level);
    }
    assert!(levels.len() >= 3, "{levels:?}");
}
