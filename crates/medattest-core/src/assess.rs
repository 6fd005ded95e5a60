//! One run: load, collect, judge, decide. Whatever anyone sees is a rendering of what comes out here.

use jiff::civil::Date;
use medattest_metrics::{Metric, RateInterval};

use crate::Library;
use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;
use crate::engine::bias::{self, BiasEvidence};
use crate::engine::deid::{self, DeidEvidence};
use crate::engine::inputs::{self, InputEvidence};
use crate::engine::monitor::{self, Watched};
use crate::engine::profile::{self, TableProfile};
use crate::fact::{FactSet, Provenance, State, Subject};
use crate::finding::{Finding, Outcome, Severity, WaiverUse};
use crate::gate::{GateDecision, GatePolicy, decide};
use crate::impact::unknown_answers;
use crate::judge::{Conclusion, Judge, fingerprint};
use crate::project::{Project, System, Waiver};
use crate::questions::{Question, questions, resolve_missing};
use crate::roadmap::{Milestone, roadmap};
use crate::world::World;

/// How a run is done.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The day whose law is applied.
    pub as_of: Date,
    /// Only these systems; all when empty.
    pub systems: Vec<String>,
    /// Bootstrap draws.
    pub draws: usize,
    /// Whether to say what tables are made of, which only papers ask and which takes another reading of each.
    pub profiles: bool,
}

/// A pack as it was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackUsed {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Jurisdiction.
    pub jurisdiction: String,
    /// Revision.
    pub revision: u32,
    /// Edition of the law.
    pub edition: String,
    /// Newest date of the evidence behind it.
    pub evidence_date: Date,
    /// What it does not cover.
    pub limits: String,
    /// SHA-256 over its files.
    pub sha256: String,
}

/// The result of a run. Immutable; everything else is a rendering of it.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// Version of medattest.
    pub version: &'static str,
    /// The day whose law was applied.
    pub as_of: Date,
    /// Name of the organisation, as stated.
    pub organisation: Option<String>,
    /// SHA-256 over every project file.
    pub project_sha256: String,
    /// Project files with SHA-256.
    pub files: Vec<(String, String)>,
    /// Packs that judged.
    pub packs: Vec<PackUsed>,
    /// Gate policy.
    pub policy: GatePolicy,
    /// One entry per system, ordered by id.
    pub systems: Vec<SystemAssessment>,
    /// Findings about the project itself, such as expired waivers.
    pub project_findings: Vec<Finding>,
    /// The decision over everything.
    pub decision: GateDecision,
}

/// What was found about one system.
#[derive(Debug, Clone)]
pub struct SystemAssessment {
    /// Id.
    pub id: String,
    /// Name, as stated.
    pub name: String,
    /// File that describes it.
    pub file: String,
    /// Every fact.
    pub facts: FactSet,
    /// What it is under each regime.
    pub conclusions: Vec<Conclusion>,
    /// One finding per rule and subject.
    pub findings: Vec<Finding>,
    /// What would have to be known, most decisive first.
    pub questions: Vec<Question>,
    /// What changes when.
    pub roadmap: Vec<Milestone>,
    /// What was measured.
    pub evidence: Vec<BiasEvidence>,
    /// What the tables are made of.
    pub profiles: Vec<TableProfile>,
    /// What is read, and what of the output it tells.
    pub inputs: InputEvidence,
    /// What was found in data that are treated as de-identified.
    pub surveys: Vec<DeidEvidence>,
    /// Plans by which it is watched, with their reports.
    pub watched: Vec<Watched>,
    /// The decision over this system alone.
    pub decision: GateDecision,
}

/// Classifies one system without measuring or judging anything.
///
/// # Errors
/// When a chosen pack does not tell the law of that day.
pub fn classify(
    library: &Library,
    project: &Project,
    system: &System,
    as_of: Date,
) -> Result<Vec<Conclusion>, Vec<Diagnostic>> {
    let early = too_early(library, project, as_of);
    if !early.is_empty() {
        return Err(early);
    }
    let mut facts = current(&library.catalog, &system.facts, as_of);
    let judge = judge(library, as_of);
    let mut conclusions = judge.conclude(&mut facts, &project.packs);
    conclusions.retain(|conclusion| project.packs.contains(&conclusion.pack));
    Ok(conclusions)
}

pub(crate) fn judge(library: &Library, as_of: Date) -> Judge<'_> {
    Judge { catalog: &library.catalog, packs: &library.packs, as_of }
}

/// Packs that do not tell the law of that day.
fn too_early(library: &Library, project: &Project, as_of: Date) -> Vec<Diagnostic> {
    let packs = project.packs.iter().filter_map(|id| library.packs.get(id));
    packs
        .filter(|pack| as_of < pack.earliest)
        .map(|pack| {
            let message = format!("pack {} tells the law from {} on, not that of {as_of}", pack.id, pack.earliest);
            let hint = "choose a later --as-of, or name other packs in `packs`";
            Diagnostic::about_file("before-the-pack", "medattest.toml", message, hint)
        })
        .collect()
}

/// The facts that may still be relied on: a statement past its last day counts as absent, and what falls back to
/// another fact then does so.
pub(crate) fn current(catalog: &Catalog, facts: &FactSet, as_of: Date) -> FactSet {
    let mut current = FactSet::default();
    for fact in facts.iter() {
        let mut fact = fact.clone();
        if let Provenance::Stated(Some(statement)) = &fact.provenance
            && let Some(until) = statement.until
            && until < as_of
        {
            fact.state = State::Absent(format!("the statement of {} held until {until}", statement.on));
        }
        current.insert(fact);
    }
    current.fall_back(catalog);
    current
}

/// Assesses a project. `progress` is told what is being done.
///
/// # Errors
/// When a table cannot be measured: nothing is judged on half the evidence.
pub fn assess(
    world: &dyn World,
    library: &Library,
    project: &Project,
    options: &RunOptions,
    progress: &dyn Fn(&str),
) -> Result<Assessment, Vec<Diagnostic>> {
    let wanted = |system: &&System| options.systems.is_empty() || options.systems.contains(&system.id);
    let mut diagnostics: Vec<Diagnostic> = options
        .systems
        .iter()
        .filter(|id| !project.systems.iter().any(|system| system.id == **id))
        .map(|id| {
            let known: Vec<&str> = project.systems.iter().map(|system| system.id.as_str()).collect();
            let hint = format!("systems: {}", known.join(", "));
            Diagnostic::about_file("unknown-system", "medattest.toml", format!("there is no system `{id}`"), hint)
        })
        .collect();
    diagnostics.extend(too_early(library, project, options.as_of));
    let mut systems = Vec::new();
    for system in project.systems.iter().filter(wanted) {
        diagnostics.extend(unknown_answers(library, system));
        let (mut evidence, mut profiles) = (Vec::new(), Vec::new());
        let mut surveys = Vec::new();
        for dataset in &system.datasets {
            progress(&format!("{}: searching {}", system.id, dataset.id));
            match deid::measure(world, dataset, options.as_of) {
                Ok(found) => surveys.push(found),
                Err(error) => {
                    let mut diagnostic = error.diagnostic();
                    diagnostic.message =
                        format!("{} (dataset `{}`, {})", diagnostic.message, dataset.id, dataset.place);
                    diagnostics.push(diagnostic);
                }
            }
        }
        let mut watched = Vec::new();
        for watch in &system.monitors {
            progress(&format!("{}: looking at plan {}", system.id, watch.plan.id));
            match world.monitored(watch, options.as_of) {
                Ok(report) => watched.push(Watched { watch: watch.clone(), report }),
                Err(error) => diagnostics.push(error.diagnostic()),
            }
        }
        for table in &system.tables {
            progress(&format!("{}: measuring {}", system.id, table.id));
            let request = bias::Request {
                table: table.clone(),
                level: 0.95,
                smallest_cell: project.gate.smallest_cell,
                smallest_events: project.gate.smallest_cell,
                draws: options.draws,
                interval: RateInterval::Wilson,
                equalise: Metric::Tpr,
            };
            let measured = bias::measure(world, &request).and_then(|measured| {
                if options.profiles {
                    profiles.push(profile::measure(world, table, &measured.sha256)?);
                }
                Ok(measured)
            });
            match measured {
                Ok(measured) => evidence.push(measured),
                Err(error) => {
                    let place = table.place.to_string();
                    let mut diagnostic = error.diagnostic();
                    diagnostic.message = format!("{} (table `{}`, {place})", diagnostic.message, table.id);
                    diagnostics.push(diagnostic);
                }
            }
        }
        let facts = current(&library.catalog, &system.facts, options.as_of);
        if facts.value("input.fields").is_some() {
            progress(&format!("{}: comparing what is read with the output", system.id));
        }
        let read = inputs::measure(world, &system.tables, &evidence, &facts).unwrap_or_else(|error| {
            diagnostics.push(error.diagnostic());
            InputEvidence::default()
        });
        if diagnostics.is_empty() {
            progress(&format!("{}: judging", system.id));
            let measured = Measured { evidence, profiles, surveys, watched, inputs: read };
            systems.push(assess_system(library, project, system, facts, measured, options.as_of));
        }
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let (project_findings, waived) = apply_waivers(&project.waivers, &mut systems, options);
    for system in &mut systems {
        system.roadmap.extend(waived.iter().filter(|(id, _)| *id == system.id).map(|(_, m)| m.clone()));
        system.roadmap.sort_by_key(|m| m.date);
        let findings: Vec<&Finding> = system.findings.iter().collect();
        system.decision = decide(&findings, &project.gate);
    }
    let all: Vec<&Finding> = systems.iter().flat_map(|s| &s.findings).chain(&project_findings).collect();
    let decision = decide(&all, &project.gate);
    let packs = project
        .packs
        .iter()
        .filter_map(|id| library.packs.get(id))
        .map(|pack| PackUsed {
            id: pack.id.clone(),
            title: pack.title.clone(),
            jurisdiction: pack.jurisdiction.clone(),
            revision: pack.revision,
            edition: pack.edition.clone(),
            evidence_date: pack.evidence_date,
            limits: pack.limits.clone(),
            sha256: pack.digest.clone(),
        })
        .collect();
    Ok(Assessment {
        version: crate::VERSION,
        as_of: options.as_of,
        organisation: project.organisation.value("org.name").map(ToString::to_string),
        project_sha256: project.digest.clone(),
        files: project.files.clone(),
        packs,
        policy: project.gate.clone(),
        systems,
        project_findings,
        decision,
    })
}

/// Everything the engines found about one system.
struct Measured {
    evidence: Vec<BiasEvidence>,
    profiles: Vec<TableProfile>,
    surveys: Vec<DeidEvidence>,
    watched: Vec<Watched>,
    inputs: InputEvidence,
}

fn assess_system(
    library: &Library,
    project: &Project,
    system: &System,
    mut facts: FactSet,
    measured: Measured,
    as_of: Date,
) -> SystemAssessment {
    let Measured { evidence, profiles, surveys, watched, inputs: read } = measured;
    let found = bias::facts(&evidence)
        .into_iter()
        .chain(deid::facts(&surveys))
        .chain(monitor::facts(&watched, as_of))
        .chain(inputs::facts(&read));
    for fact in found {
        facts.insert(fact);
    }
    let stated = facts.clone();
    let judge = judge(library, as_of);
    let mut conclusions = judge.conclude(&mut facts, &project.packs);
    let mut findings = judge.judge(&system.id, &facts, &project.packs);
    resolve_missing(&conclusions, &mut findings);
    let questions = questions(&library.catalog, &facts, &conclusions, &findings);
    let roadmap = roadmap(&judge, &system.id, &stated, &conclusions, &findings, &project.packs);
    // Those of packs that were only read have served their purpose.
    conclusions.retain(|conclusion| project.packs.contains(&conclusion.pack));
    let name = facts.value("system.name").map_or_else(|| system.id.clone(), ToString::to_string);
    SystemAssessment {
        id: system.id.clone(),
        name,
        file: system.place.file.clone(),
        facts,
        conclusions,
        findings,
        questions,
        roadmap,
        evidence,
        profiles,
        inputs: read,
        surveys,
        watched,
        decision: GateDecision { decision: crate::Decision::Pass, because: Vec::new() },
    }
}

/// Attaches waivers to the findings they cover. What is wrong with a waiver is itself a finding.
fn apply_waivers(
    waivers: &[Waiver],
    systems: &mut [SystemAssessment],
    options: &RunOptions,
) -> (Vec<Finding>, Vec<(String, Milestone)>) {
    let mut wrong = Vec::new();
    let mut expiries = Vec::new();
    for waiver in waivers {
        let Some(system) = systems.iter_mut().find(|system| system.id == waiver.system) else { continue };
        let covered = |finding: &&mut Finding| {
            let subject = waiver.subject.as_ref();
            finding.rule == waiver.rule && subject.is_none_or(|subject| finding.subject.to_string() == *subject)
        };
        let mut mine: Vec<&mut Finding> = system.findings.iter_mut().filter(covered).collect();
        let open = mine.iter().any(|f| matches!(f.outcome, Outcome::NotMet | Outcome::Unknown));
        let fault = if mine.is_empty() {
            Some((
                "waiver-unmatched",
                "covers no finding: the rule has no such subject here".to_owned(),
                Severity::Low,
            ))
        } else if waiver.expires < options.as_of {
            Some(("waiver-expired", format!("expired on {}", waiver.expires), Severity::High))
        } else if !open {
            Some(("waiver-unneeded", "covers nothing that is open".to_owned(), Severity::Low))
        } else {
            None
        };
        match fault {
            Some((name, what, severity)) => wrong.push(waiver_finding(name, &what, severity, waiver)),
            None => {
                for finding in &mut mine {
                    finding.waiver = Some(WaiverUse {
                        reason: waiver.reason.clone(),
                        approver: waiver.approver.clone(),
                        expires: waiver.expires,
                    });
                }
                expiries.push((waiver.system.clone(), Milestone::waiver(waiver)));
            }
        }
    }
    (wrong, expiries)
}

fn waiver_finding(name: &str, what: &str, severity: Severity, waiver: &Waiver) -> Finding {
    let subject = Subject::default();
    let rule = format!("project/{name}");
    Finding {
        fingerprint: fingerprint(&rule, &format!("{} {}", waiver.system, waiver.rule), &subject),
        rule,
        title: "Waiver".to_owned(),
        system: waiver.system.clone(),
        subject,
        outcome: Outcome::NotMet,
        severity,
        binding: true,
        message: format!(
            "the waiver of {} for {} approved by {} {what}",
            waiver.rule, waiver.system, waiver.approver
        ),
        remedy: "Renew the waiver with a new approval, or remove it.".to_owned(),
        citations: Vec::new(),
        facts: Vec::new(),
        missing: Vec::new(),
        places: vec![waiver.place.clone()],
        waiver: None,
        applies_from: None,
    }
}
