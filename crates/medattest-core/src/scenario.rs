//! Literate scenarios: Markdown with facts and the outcome they must lead to. The tests of packs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::Library;
use crate::catalog::{Origin, Per};
use crate::diagnostic::{Diagnostic, Place, SourceFile};
use crate::fact::{Fact, FactSet, Subject};
use crate::finding::{Finding, Outcome};
use crate::incident::{DutyOutcome, DutyState, Moment, outcomes};
use crate::judge::{Conclusion, ConclusionOutcome, Judge};
use crate::project::{Reading, Statements, read_facts};
use crate::reader;

/// What may be expected of a duty, besides a last moment.
const DUTY_VALUES: [&str; 4] = ["due promptly", "not-reportable", "not-yet-law", "unknown"];

/// One scenario: facts, a day, and what must come out.
#[derive(Debug)]
pub struct Scenario {
    /// File.
    pub file: String,
    /// Heading.
    pub title: String,
    /// The day judged.
    pub as_of: Date,
    facts: FactSet,
    expectations: Vec<Expectation>,
}

#[derive(Debug)]
struct Expectation {
    place: Place,
    what: String,
    subject: Option<String>,
    value: String,
}

/// An expectation that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioFailure {
    /// The expectation in its file.
    pub place: Place,
    /// Heading of the scenario.
    pub scenario: String,
    /// Rule or conclusion.
    pub what: String,
    /// What should have come out.
    pub expected: String,
    /// What did, with the facts behind it.
    pub got: String,
}

/// What running scenarios showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScenarioReport {
    /// Scenarios run.
    pub scenarios: usize,
    /// Expectations checked.
    pub expectations: usize,
    /// Expectations that did not hold.
    pub failures: Vec<ScenarioFailure>,
    /// Outcomes that were expected of each rule.
    pub covered: BTreeMap<String, BTreeSet<Outcome>>,
    /// Values that were expected of each conclusion.
    pub concluded: BTreeMap<String, BTreeSet<String>>,
    /// Outcomes that were expected of each duty: `due`, `not-reportable`, `not-yet-law`, `unknown`.
    pub reported: BTreeMap<String, BTreeSet<String>>,
}

/// Runs the scenarios of `files`, and reports those that cannot be read.
pub fn run_scenarios(library: &Library, files: &[SourceFile]) -> (ScenarioReport, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut report = ScenarioReport::default();
    for file in files {
        for scenario in read(file, library, &mut diagnostics) {
            scenario.run(library, &mut report);
        }
    }
    (report, diagnostics)
}

/// A fenced block of a Markdown file.
struct Block<'a> {
    language: &'a str,
    /// Line of the first line inside, counted from 1.
    line: usize,
    text: String,
}

fn read(file: &SourceFile, library: &Library, diagnostics: &mut Vec<Diagnostic>) -> Vec<Scenario> {
    let mut base = Vec::new();
    let mut sections: Vec<(String, usize, Vec<Block<'_>>)> = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for (index, line) in file.text.lines().enumerate() {
        let number = index + 1;
        if let Some(block) = &mut open {
            if line.trim_end() == "```" {
                let block = open.take();
                match sections.last_mut() {
                    Some((_, _, blocks)) => blocks.extend(block),
                    None => base.extend(block),
                }
            } else {
                block.text.push_str(line);
                block.text.push('\n');
            }
        } else if let Some(language) = line.strip_prefix("```") {
            open = Some(Block { language: language.trim(), line: number + 1, text: String::new() });
        } else if let Some(title) = line.strip_prefix("## ") {
            sections.push((title.trim().to_owned(), number, Vec::new()));
        }
    }
    let mut as_of = None;
    let mut shared = Vec::new();
    for block in base.iter().filter(|b| b.language == "toml") {
        read_block(file, block, library, &mut as_of, &mut shared, diagnostics);
    }
    let mut scenarios = Vec::new();
    for (title, line, blocks) in sections {
        let place = Place { file: file.name.to_string(), line: Some(line), column: None };
        let mut mistake = |code, message: String, hint: &str| {
            diagnostics.push(Diagnostic { place: place.clone(), code, message, hint: Some(hint.to_owned()) });
        };
        let Some(expect) = blocks.iter().find(|b| b.language == "expect") else {
            mistake("scenario", format!("scenario `{title}` expects nothing"), "add a block ```expect");
            continue;
        };
        let mut day = as_of;
        let mut facts = shared.clone();
        for block in blocks.iter().filter(|b| b.language == "toml") {
            read_block(file, block, library, &mut day, &mut facts, diagnostics);
        }
        let Some(as_of) = day else {
            let hint = "add as-of = 2026-11-24 at the top of a toml block";
            let message = format!("scenario `{title}` does not say on which day it is judged");
            diagnostics.push(Diagnostic { place, code: "scenario", message, hint: Some(hint.into()) });
            continue;
        };
        let expectations = read_expectations(file, expect, library, diagnostics);
        scenarios.push(Scenario {
            file: file.name.to_string(),
            title,
            as_of,
            facts: fact_set(facts, library),
            expectations,
        });
    }
    scenarios
}

/// Later facts override earlier ones; what falls back to another fact does so, as in a project.
fn fact_set(facts: Vec<Fact>, library: &Library) -> FactSet {
    let mut set = FactSet::default();
    for fact in facts {
        set.insert(fact);
    }
    set.fall_back(&library.catalog);
    set
}

fn read_block(
    file: &SourceFile,
    block: &Block<'_>,
    library: &Library,
    as_of: &mut Option<Date>,
    facts: &mut Vec<Fact>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    // Leading newlines keep the line numbers of the Markdown file.
    let text = format!("{}{}", "\n".repeat(block.line - 1), block.text);
    let source = SourceFile::new(&file.name, &text);
    let Some(mut root) = reader::parse(&source, diagnostics) else { return };
    if let Some(day) = root.date("as-of", diagnostics) {
        *as_of = Some(day);
    }
    let mut read = |root: reader::Table<'_>, subject: Subject, per: &[Per], diagnostics: &mut Vec<Diagnostic>| {
        let reading = Reading { catalog: &library.catalog, per, measured: true, subject };
        facts.extend(read_facts(root, &reading, &Statements::default(), diagnostics));
    };
    for mut table in root.tables("measured", diagnostics) {
        let Some(attribute) = table.required_string("attribute", diagnostics) else { continue };
        let subject = Subject::attribute("table", &attribute);
        match table.string("group-label", diagnostics) {
            Some(group) => read(table.into_root(), subject.with_group(&group), &[Per::Group], diagnostics),
            None => read(table.into_root(), subject, &[Per::Attribute], diagnostics),
        }
    }
    read(root, Subject::system(), &[Per::Organisation, Per::System, Per::Incident], diagnostics);
}

fn read_expectations(
    file: &SourceFile,
    block: &Block<'_>,
    library: &Library,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Expectation> {
    let mut expectations = Vec::new();
    for (index, line) in block.text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = Place { file: file.name.to_string(), line: Some(block.line + index), column: None };
        let mut mistake = |message: String, hint: &str| {
            diagnostics.push(Diagnostic {
                place: place.clone(),
                code: "expectation",
                message,
                hint: Some(hint.to_owned()),
            });
        };
        let Some((what, value)) = line.split_once(" = ") else {
            mistake(format!("`{line}` is not an expectation"), "write pack/rule = met, or pack.conclusion = value");
            continue;
        };
        let (what, subject) = match what.split_once(" @ ") {
            Some((what, subject)) => (what.trim(), Some(subject.trim().to_owned())),
            None => (what.trim(), None),
        };
        let value = value.trim();
        if what.contains('/') {
            let pack = what.split_once('/').and_then(|(pack, _)| library.packs.get(pack));
            let is_duty = pack.is_some_and(|pack| pack.duties.iter().any(|duty| duty.id == what));
            if is_duty {
                let due = value.strip_prefix("due ").map(str::trim);
                if !DUTY_VALUES.contains(&value) && due.is_none_or(|due| due.parse::<Moment>().is_err()) {
                    mistake(
                        format!("`{value}` is not an outcome of a duty"),
                        "use due 2026-11-24, due promptly, not-reportable, not-yet-law or unknown",
                    );
                    continue;
                }
            } else if !pack.is_some_and(|pack| pack.rules.iter().any(|rule| rule.id == what)) {
                mistake(
                    format!("there is no rule or duty `{what}`"),
                    "`medattest pack list --rules` shows every rule",
                );
                continue;
            } else if !["met", "not-met", "unknown", "not-applicable"].contains(&value) {
                mistake(format!("`{value}` is not an outcome"), "use met, not-met, unknown or not-applicable");
                continue;
            }
        } else {
            let concluded = library.catalog.get(what).filter(|d| matches!(d.origin, Origin::Concluded(_)));
            let Some(definition) = concluded else {
                mistake(format!("there is no conclusion `{what}`"), "write it as pack.classification");
                continue;
            };
            let values = match &definition.kind {
                crate::FactType::Choice(values) => values.iter().map(|(id, _)| id.as_str()).collect(),
                _ => Vec::new(),
            };
            let named = value.strip_prefix("unknown").map_or(value, |rest| rest.trim_start_matches(':'));
            for part in named.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                if !values.contains(&part) {
                    let hint = format!("values: {}", values.join(", "));
                    mistake(format!("`{part}` is not a value of `{what}`"), &hint);
                }
            }
        }
        expectations.push(Expectation { place, what: what.to_owned(), subject, value: value.to_owned() });
    }
    expectations
}

impl Scenario {
    fn run(self, library: &Library, report: &mut ScenarioReport) {
        let judge = Judge { catalog: &library.catalog, packs: &library.packs, as_of: self.as_of };
        // Only what is expected of is judged; the conclusions it reads are drawn with it.
        let asked: BTreeSet<String> =
            self.expectations.iter().filter_map(|e| e.what.split(['/', '.']).next()).map(str::to_owned).collect();
        let chosen: Vec<String> = asked.into_iter().collect();
        let mut facts = self.facts;
        let conclusions = judge.conclude(&mut facts, &chosen);
        let findings = judge.judge("scenario", &facts, &chosen);
        let duties = outcomes(&judge, &facts, &chosen, None);
        report.scenarios += 1;
        for expectation in self.expectations {
            report.expectations += 1;
            let got = if let Some(duty) = duties.iter().find(|duty| duty.duty == expectation.what) {
                let value = expectation.value.split_whitespace().next().unwrap_or_default().to_owned();
                report.reported.entry(expectation.what.clone()).or_default().insert(value);
                unmet_duty(&expectation, duty)
            } else if expectation.what.contains('/') {
                let outcome = match expectation.value.as_str() {
                    "met" => Outcome::Met,
                    "not-met" => Outcome::NotMet,
                    "unknown" => Outcome::Unknown,
                    _ => Outcome::NotApplicable,
                };
                report.covered.entry(expectation.what.clone()).or_default().insert(outcome);
                unmet_rule(&expectation, outcome, &findings)
            } else {
                report.concluded.entry(expectation.what.clone()).or_default().insert(expectation.value.clone());
                unmet_conclusion(&expectation, &conclusions)
            };
            if let Some(got) = got {
                report.failures.push(ScenarioFailure {
                    place: expectation.place,
                    scenario: self.title.clone(),
                    what: expectation.what,
                    expected: expectation.value,
                    got,
                });
            }
        }
    }
}

fn unmet_duty(expectation: &Expectation, outcome: &DutyOutcome) -> Option<String> {
    let got = match &outcome.state {
        DutyState::NotReportable => "not-reportable".to_owned(),
        DutyState::NotYetLaw { .. } => "not-yet-law".to_owned(),
        DutyState::Unknown { .. } => "unknown".to_owned(),
        DutyState::Owed => outcome.due.as_ref().map_or_else(|| "due promptly".to_owned(), |due| format!("due {due}")),
    };
    if got == expectation.value {
        return None;
    }
    let missing = match &outcome.state {
        DutyState::Unknown { missing } => missing.join(", "),
        _ => String::new(),
    };
    let read: Vec<String> = outcome.facts.iter().map(|fact| format!("{}: {}", fact.key, fact.shown())).collect();
    Some(format!("{got} (missing: {missing}; {}; read: {})", outcome.notes.join("; "), read.join("; ")))
}

fn unmet_rule(expectation: &Expectation, outcome: Outcome, findings: &[Finding]) -> Option<String> {
    let label = |subject: &Subject| match (&subject.attribute, &subject.group) {
        (Some(attribute), Some(group)) => Some(format!("{attribute}/{group}")),
        (Some(attribute), None) => Some(attribute.clone()),
        _ => None,
    };
    let of_rule = findings.iter().filter(|f| f.rule == expectation.what);
    let Some(finding) = of_rule.clone().find(|f| label(&f.subject) == expectation.subject) else {
        let subjects: Vec<String> = of_rule.filter_map(|f| label(&f.subject)).collect();
        return Some(format!("no finding for that subject; subjects: {}", subjects.join(", ")));
    };
    if finding.outcome == outcome {
        return None;
    }
    let missing = finding.missing.join(", ");
    let read: Vec<String> = finding.facts.iter().map(|fact| format!("{}: {}", fact.key, fact.shown())).collect();
    Some(format!("{} ({}; missing: {missing}; read: {})", finding.outcome, finding.message, read.join("; ")))
}

fn unmet_conclusion(expectation: &Expectation, conclusions: &[Conclusion]) -> Option<String> {
    let Some(conclusion) = conclusions.iter().find(|c| format!("{}.{}", c.pack, c.id) == expectation.what) else {
        return Some("no such conclusion was drawn".to_owned());
    };
    let read = || -> String {
        let read: Vec<String> =
            conclusion.facts.iter().map(|fact| format!("{}: {}", fact.key, fact.shown())).collect();
        read.join("; ")
    };
    match &conclusion.outcome {
        ConclusionOutcome::Known(value) if *value == expectation.value => None,
        ConclusionOutcome::Known(value) => Some(format!("{value} ({}; read: {})", conclusion.because, read())),
        ConclusionOutcome::Unknown { could_be } => {
            let named = match expectation.value.strip_prefix("unknown") {
                Some(rest) => rest.trim_start_matches(':').trim(),
                None => "-",
            };
            let mut wanted: Vec<&str> = named.split(',').map(str::trim).filter(|p| !p.is_empty()).collect();
            let mut open: Vec<&str> = could_be.iter().map(String::as_str).collect();
            wanted.sort_unstable();
            open.sort_unstable();
            let fits = named.is_empty() || wanted == open;
            (!fits).then(|| {
                format!("unknown: {} (missing: {}; read: {})", open.join(", "), conclusion.missing.join(", "), read())
            })
        }
    }
}
