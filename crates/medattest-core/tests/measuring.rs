//! The bias engine over counts, and what of it may be shown.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use medattest_core::output::{self, json};
use medattest_core::{Assessment, CountTable, KeyValues, Outcome, assess};
use support::{DAY, Memory, PROJECT, options, project, small_library};

const SYSTEM: &str = "id = \"x\"
[[table]]
id = \"val\"
path = \"p.csv\"
[table.columns]
label = \"y\"
prediction = \"p\"
score = \"s\"
[table.groups]
sex = \"sex\"
";

/// F: 120 of 200 positives found; M: 176 of 200; X: three rows.
fn counts() -> CountTable {
    let mut rows: Vec<(u32, Option<bool>, bool, f64, u64)> = Vec::new();
    for (group, tp, fn_, fp, tn) in [(0, 120, 80, 100, 900), (1, 176, 24, 100, 900), (2, 1, 0, 1, 1)] {
        rows.push((group, Some(true), true, 0.7, tp));
        rows.push((group, Some(true), false, 0.2, fn_));
        rows.push((group, Some(false), true, 0.7, fp));
        rows.push((group, Some(false), false, 0.2, tn));
    }
    rows.push((0, None, true, 0.7, 15));
    CountTable {
        keys: vec![
            KeyValues::Category {
                labels: vec!["F".into(), "M".into(), "X".into()],
                codes: rows.iter().map(|r| r.0).collect(),
            },
            KeyValues::Binary(rows.iter().map(|r| r.1).collect()),
            KeyValues::Binary(rows.iter().map(|r| Some(r.2)).collect()),
            KeyValues::Score { values: rows.iter().map(|r| Some(r.3)).collect(), half_cell: 0.0 },
        ],
        counts: rows.iter().map(|r| r.4).collect(),
    }
}

fn world() -> Memory {
    let mut world = Memory::with(&[("medattest.toml", PROJECT), ("systems/x.toml", SYSTEM)]);
    world.counts.insert("p.csv".into(), counts());
    world
}

fn run(world: &Memory) -> Assessment {
    let library = small_library();
    let project = project(world, &library);
    assess(world, &library, &project, &options(DAY), &|_| {}).expect("measured")
}

#[test]
fn figures_become_facts_and_facts_findings() {
    let run = run(&world());
    let evidence = &run.systems[0].evidence[0];
    assert_eq!((evidence.rows, evidence.excluded, evidence.events), (2403, 15, 401));
    let gap = run.systems[0].findings.iter().find(|f| f.rule == "t/wide-gap").expect("one per attribute");
    assert_eq!(gap.outcome, Outcome::NotMet);
    assert_eq!(gap.subject.to_string(), "by sex");
    assert!(gap.message.contains("The gap is 0.28 [") || gap.message.contains("The gap is 0.3 ["), "{}", gap.message);
    let sizes: Vec<(String, Outcome)> = run.systems[0]
        .findings
        .iter()
        .filter(|f| f.rule == "t/small-group")
        .map(|f| (f.subject.to_string(), f.outcome))
        .collect();
    assert_eq!(
        sizes,
        [("sex = F".into(), Outcome::Met), ("sex = M".into(), Outcome::Met), ("sex = X".into(), Outcome::NotMet)]
    );
}

#[test]
fn unchanged_inputs_are_measured_once() {
    let world = world();
    let (first, second) = (run(&world), run(&world));
    assert_eq!(*world.counted.borrow(), 1);
    let text = |run: &Assessment| serde_json::to_string(&json::assessment(run)).expect("JSON");
    assert_eq!(text(&first), text(&second), "what is recalled is what was measured");
}

#[test]
fn changed_parameters_or_content_are_measured_again() {
    let mut world = world();
    run(&world);
    world
        .files
        .insert("systems/x.toml".into(), SYSTEM.replace("path = \"p.csv\"", "path = \"p.csv\"\nfilter = \"y = 1\""));
    run(&world);
    assert_eq!(*world.counted.borrow(), 2);
    let mut changed = counts();
    changed.counts[0] += 1;
    world.counts.insert("p.csv".into(), changed);
    run(&world);
    assert_eq!(*world.counted.borrow(), 3);
}

#[test]
fn no_small_cell_leaves_the_run() {
    let run = run(&world());
    let small = run.systems[0].findings.iter().find(|f| f.subject.to_string() == "sex = X").expect("found");
    assert_eq!(small.message, "The group has [withheld] rows.");
    let bias = json::bias(&run.systems[0].evidence[0], 11);
    let groups = &bias.attributes[0].groups;
    assert_eq!(groups[2].n, None, "the small group");
    assert!(groups.iter().filter(|g| g.n.is_none()).count() >= 2, "and another, or the total would tell");
    assert!(groups[2].figures.iter().all(|f| f.value.is_none()));
    // With the smallest cell at 1 everything is there.
    let open = json::bias(&run.systems[0].evidence[0], 1);
    assert_eq!(open.attributes[0].groups[2].n, Some(3));
}

#[test]
fn outputs_are_what_their_schemas_say() {
    let run = run(&world());
    let value = serde_json::to_value(json::assessment(&run)).expect("JSON");
    let schema = json::schema_of::<json::AssessmentV1>();
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let errors: Vec<String> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    let mut broken = value.clone();
    broken["systems"][0]["findings"][0]["outcome"] = "perhaps".into();
    assert!(!validator.is_valid(&broken), "the schema can fail");
}

#[test]
fn junit_counts_what_fails_the_gate() {
    let run = run(&world());
    let junit = output::junit(&run);
    assert!(
        junit.contains("<testsuite name=\"x\" tests=\"6\" failures=\"1\" errors=\"0\" skipped=\"3\">"),
        "{junit}"
    );
    assert!(junit.contains("<failure type=\"high\""));
}

#[test]
fn sarif_says_pass_open_and_fail() {
    let run = run(&world());
    let sarif = output::sarif(&run, &small_library());
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let kinds: Vec<&str> = results.iter().filter_map(|r| r["kind"].as_str()).collect();
    for kind in ["pass", "open", "fail"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("index")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
}
