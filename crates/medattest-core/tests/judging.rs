//! From facts to findings to a decision.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use jiff::civil::date;
use medattest_core::{
    Assessment, ConclusionOutcome, Decision, MilestoneKind, Outcome, Severity, SystemAssessment, assess,
};
use support::{DAY, Memory, PROJECT, options, project, small_library};

fn run_with(toml: &str, system: &str, as_of: jiff::civil::Date) -> Assessment {
    let system = format!("id = \"x\"\n{system}");
    let world = Memory::with(&[("medattest.toml", toml), ("systems/x.toml", &system)]);
    let library = small_library();
    let project = project(&world, &library);
    assess(&world, &library, &project, &options(as_of), &|_| {}).expect("nothing to measure can fail")
}

fn run(system: &str) -> SystemAssessment {
    run_with(PROJECT, system, DAY).systems.remove(0)
}

fn outcome(system: &SystemAssessment, rule: &str) -> Outcome {
    system.findings.iter().find(|f| f.rule == rule).expect("one finding per rule").outcome
}

#[test]
fn all_four_outcomes_and_the_facts_behind_them() {
    let met = run("[a]\nyes = true\nkind = \"red\"\ndone = true");
    assert_eq!(outcome(&met, "t/undone"), Outcome::Met);
    let not_met = run("[a]\nyes = true\nkind = \"red\"\ndone = false");
    let finding = not_met.findings.iter().find(|f| f.rule == "t/undone").expect("found");
    assert_eq!((finding.outcome, finding.message.as_str()), (Outcome::NotMet, "It is not done: red."));
    let read: Vec<&str> = finding.facts.iter().map(|f| f.key.as_str()).collect();
    assert_eq!(read, ["a.done", "t.class"]);
    assert_eq!(finding.places.len(), 1, "stated facts have a place, conclusions have none");
    let unknown = run("[a]\nyes = true\nkind = \"red\"");
    let finding = unknown.findings.iter().find(|f| f.rule == "t/undone").expect("found");
    assert_eq!((finding.outcome, finding.missing.as_slice()), (Outcome::Unknown, &["a.done".to_owned()][..]));
    let outside = run("[a]\nyes = false");
    assert_eq!(outcome(&outside, "t/undone"), Outcome::NotApplicable);
}

#[test]
fn what_is_not_known_does_not_matter_where_the_rest_decides() {
    let low = run("[a]\nyes = false");
    assert_eq!(low.conclusions[0].outcome, ConclusionOutcome::Known("low".into()));
    let read: Vec<&str> = low.conclusions[0].facts.iter().map(|f| f.key.as_str()).collect();
    assert_eq!(read, ["a.yes"], "the kind was not needed and is not cited");
    let open = run("[a]\nyes = true");
    assert_eq!(
        open.conclusions[0].outcome,
        ConclusionOutcome::Unknown { could_be: vec!["high".into(), "low".into()] }
    );
    assert_eq!(open.conclusions[0].missing, ["a.kind"]);
}

#[test]
fn a_check_that_holds_is_met_even_if_the_rule_might_not_apply() {
    let open = run("[a]\ndone = true");
    assert_eq!(outcome(&open, "t/undone"), Outcome::Met);
    let open = run("[a]\ndone = false");
    assert_eq!(outcome(&open, "t/undone"), Outcome::Unknown, "failing counts only once the rule is known to apply");
}

#[test]
fn questions_ask_for_what_is_missing_and_only_that() {
    let open = run("[a]\nyes = true");
    let keys: Vec<&str> = open.questions.iter().map(|q| q.key.as_str()).collect();
    assert_eq!(keys, ["a.kind", "a.done"], "most decisive first; the open conclusion is replaced by its own facts");
    assert_eq!(open.questions[0].answer, "[a] kind = \"red\" | \"blue\"");
    assert!(run("[a]\nyes = false").questions.iter().all(|q| q.key != "a.kind"));
}

#[test]
fn law_that_does_not_apply_yet_is_on_the_roadmap() {
    let today = run("[a]\nyes = false\ndone = false");
    let finding = today.findings.iter().find(|f| f.rule == "t/undone-later").expect("found");
    assert_eq!((finding.outcome, finding.applies_from), (Outcome::NotApplicable, Some(date(2027, 12, 2))));
    assert_eq!(finding.message, "applies from 2027-12-02; judged today it would be: not met");
    let milestone = &today.roadmap[0];
    assert_eq!((milestone.date, milestone.kind), (date(2027, 12, 2), MilestoneKind::Law));
    assert_eq!((milestone.rules[0].rule.as_str(), milestone.rules[0].outcome), ("t/undone-later", Outcome::NotMet));
    let then = run_with(PROJECT, "[a]\nyes = false\ndone = false", date(2027, 12, 2)).systems.remove(0);
    assert_eq!(outcome(&then, "t/undone-later"), Outcome::NotMet);
    assert!(then.roadmap.is_empty());
}

#[test]
fn a_statement_expires() {
    let system = "[statement]\nby = \"Jane\"\non = 2025-01-01\nuntil = 2026-11-23\n[a]\nyes = true\nkind = \"red\"\ndone = true";
    let expired = run(system);
    assert_eq!(outcome(&expired, "t/undone"), Outcome::Unknown);
    let finding = expired.findings.iter().find(|f| f.rule == "t/undone").expect("found");
    assert!(
        finding.facts.iter().any(|f| f.shown() == "not known: the statement of 2025-01-01 held until 2026-11-23")
    );
    let before = run_with(PROJECT, system, date(2026, 11, 23)).systems.remove(0);
    assert_eq!(outcome(&before, "t/undone"), Outcome::Met);
    assert!(before.roadmap.iter().any(|m| m.kind == MilestoneKind::Statement && m.date == date(2026, 11, 23)));
}

#[test]
fn the_gate_fails_on_what_binds_and_is_inconclusive_on_what_is_unknown() {
    let fail = "[a]\nyes = true\nkind = \"red\"\ndone = false";
    let unknown = "[a]\nyes = true\nkind = \"red\"";
    let pass = "[a]\nyes = true\nkind = \"red\"\ndone = true";
    let decision = |policy: &str, system| {
        let run = run_with(&format!("{policy}\n{PROJECT}"), system, DAY);
        (run.decision.decision, run.decision.exit_code())
    };
    assert_eq!(decision("", fail), (Decision::Fail, 1));
    assert_eq!(decision("", unknown), (Decision::Inconclusive, 3));
    assert_eq!(decision("", pass), (Decision::Pass, 0));
    assert_eq!(decision("[gate]\nunknown = \"fail\"", unknown), (Decision::Fail, 1));
    assert_eq!(decision("[gate]\nunknown = \"ignore\"", unknown), (Decision::Pass, 0));
    assert_eq!(decision("[gate]\nrequire-approval = true", pass), (Decision::NeedsReview, 4));
    assert_eq!(decision("[gate]\nfail-on = \"critical\"", fail), (Decision::Pass, 0));
}

fn waiver(expires: &str) -> String {
    format!(
        "{PROJECT}\n[[waiver]]\nrule = \"t/undone\"\nsystem = \"x\"\nreason = \"pilot\"\napprover = \"CMO\"\nexpires = {expires}\n"
    )
}

#[test]
fn a_waiver_covers_until_its_last_day() {
    let fail = "[a]\nyes = true\nkind = \"red\"\ndone = false";
    let covered = run_with(&waiver("2026-11-24"), fail, DAY);
    assert_eq!(covered.decision.decision, Decision::Pass);
    assert!(covered.systems[0].roadmap.iter().any(|m| m.kind == MilestoneKind::Waiver));
    let expired = run_with(&waiver("2026-11-23"), fail, DAY);
    assert_eq!(expired.decision.decision, Decision::Fail);
    let finding = &expired.project_findings[0];
    assert_eq!((finding.rule.as_str(), finding.severity), ("project/waiver-expired", Severity::High));
    let unneeded = run_with(&waiver("2027-11-24"), "[a]\nyes = true\nkind = \"red\"\ndone = true", DAY);
    assert_eq!(unneeded.project_findings[0].rule, "project/waiver-unneeded");
}

#[test]
fn a_pack_that_does_not_apply_says_so() {
    let elsewhere = run("[system]\nmarkets = [\"eu\"]\n[a]\nyes = true");
    assert_eq!(elsewhere.conclusions[0].outcome, ConclusionOutcome::Known("not-applicable".into()));
    assert_eq!(outcome(&elsewhere, "t/undone"), Outcome::NotApplicable);
}

#[test]
fn two_runs_over_the_same_inputs_are_the_same() {
    let json = || {
        let run = run_with(PROJECT, "[a]\nyes = true", DAY);
        serde_json::to_string(&medattest_core::output::json::assessment(&run)).expect("JSON")
    };
    assert_eq!(json(), json());
}
