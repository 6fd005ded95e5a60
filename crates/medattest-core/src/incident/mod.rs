//! What happened with a system, and what the law wants done about it by when.

mod clock;
mod moment;
mod record;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

pub use clock::{Holiday, HolidayRule, Within, WorkCalendar};
pub use moment::{Moment, NotAMoment};
pub use record::{Deed, Entry, Incident, Record};

use crate::Library;
use crate::assess::{current, judge};
use crate::catalog::{Catalog, Origin, Per};
use crate::diagnostic::{Diagnostic, SourceFile};
use crate::expr::{Scope, Truth};
use crate::fact::{Fact, FactSet, Subject};
use crate::finding::Cited;
use crate::judge::{FactRead, Judge};
use crate::pack::{Duty, Pack, Status};
use crate::project::{Project, Reading, Statements, System, read_facts};
use crate::reader;

/// The day something happened; awareness cannot have been earlier.
const OCCURRED: &str = "incident.occurred";
/// Starts that cannot lie before the event, and not long after the first entry of the record.
const AWARENESS: [&str; 2] = ["incident.aware", "incident.associate-aware"];

/// Whether a report is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DutyState {
    /// The facts rule it out.
    NotReportable,
    /// It would be owed if the law were in force on the day the clock started.
    NotYetLaw {
        /// From when it is.
        from: Option<Date>,
    },
    /// The facts leave it open.
    Unknown {
        /// Those that would decide.
        missing: Vec<String>,
    },
    /// It is owed.
    Owed,
}

/// What started a clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Fact it starts from.
    pub fact: String,
    /// When.
    pub at: Moment,
    /// Why another moment than the fact's was taken, where it is not known.
    pub assumed: Option<String>,
}

/// One duty to report, for one incident.
#[derive(Debug, Clone, PartialEq)]
pub struct DutyOutcome {
    /// `pack/duty`.
    pub duty: String,
    /// Title.
    pub title: String,
    /// Who reports.
    pub by: String,
    /// To whom.
    pub to: String,
    /// Whether it is owed.
    pub state: DutyState,
    /// Whether the law binds, rather than advises.
    pub binding: bool,
    /// Why.
    pub because: String,
    /// What it rests on.
    pub citations: Vec<Cited>,
    /// Facts that decided.
    pub facts: Vec<FactRead>,
    /// What started the clock.
    pub started: Option<Started>,
    /// How long it runs.
    pub within: Option<String>,
    /// What the law says besides.
    pub promptly: Option<String>,
    /// The last moment, where it is owed or may be.
    pub due: Option<Moment>,
    /// What the reader must know of the counting.
    pub notes: Vec<String>,
    /// The form, as `pack/form`.
    pub form: Option<String>,
}

impl DutyOutcome {
    /// Whether a report is owed or may be.
    pub fn is_open(&self) -> bool {
        matches!(self.state, DutyState::Owed | DutyState::Unknown { .. })
    }
}

/// What the law wants done about an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentAssessment {
    /// System.
    pub system: String,
    /// The day whose law and statements were read.
    pub as_of: Date,
    /// One for every duty of the project's packs, soonest first among what is owed.
    pub duties: Vec<DutyOutcome>,
    /// Facts of the incident or the system that leave duties open, with how many; most decisive first.
    pub questions: Vec<(String, usize)>,
}

/// Reads facts of an incident, and nothing else, from TOML.
pub fn incident_facts(library: &Library, file: &SourceFile) -> (FactSet, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut facts = FactSet::default();
    if let Some(root) = reader::parse(file, &mut diagnostics) {
        let reading =
            Reading { catalog: &library.catalog, per: &[Per::Incident], measured: false, subject: Subject::system() };
        for fact in read_facts(root, &reading, &Statements::default(), &mut diagnostics) {
            facts.insert(fact);
        }
    }
    (facts, diagnostics)
}

/// Judges an incident of a system by every pack of the project. `learnt` is the day of the first record of it.
pub fn assess_incident(
    library: &Library,
    project: &Project,
    system: &System,
    incident: &FactSet,
    learnt: Option<Date>,
    as_of: Date,
) -> IncidentAssessment {
    let mut facts = current(&library.catalog, &system.facts, as_of);
    for fact in incident.iter() {
        facts.insert(fact.clone());
    }
    let judge = judge(library, as_of);
    judge.conclude(&mut facts, &project.packs);
    let mut duties = outcomes(&judge, &facts, &project.packs, learnt);
    let rank = |outcome: &DutyOutcome| match outcome.state {
        DutyState::Owed => 0,
        DutyState::Unknown { .. } => 1,
        DutyState::NotYetLaw { .. } => 2,
        DutyState::NotReportable => 3,
    };
    let day = |outcome: &DutyOutcome| outcome.due.as_ref().map_or(Date::MAX, Moment::date);
    duties.sort_by_key(|outcome| (rank(outcome), day(outcome), outcome.duty.clone()));
    let questions = questions(&library.catalog, &duties);
    IncidentAssessment { system: system.id.clone(), as_of, duties, questions }
}

/// Facts that would decide what is open, those of the incident first.
fn questions(catalog: &Catalog, duties: &[DutyOutcome]) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for outcome in duties {
        if let DutyState::Unknown { missing } = &outcome.state {
            for key in missing {
                *counts.entry(key).or_default() += 1;
            }
        }
    }
    let asked = |key: &str| catalog.get(key).is_some_and(|d| d.origin == Origin::Stated);
    let mut questions: Vec<(String, usize)> =
        counts.into_iter().filter(|(key, _)| asked(key)).map(|(key, n)| (key.clone(), n)).collect();
    questions.sort_by(|(a, n), (b, m)| m.cmp(n).then(a.cmp(b)));
    questions
}

/// Every duty of the chosen packs. `facts` hold the conclusions already.
pub(crate) fn outcomes(
    judge: &Judge<'_>,
    facts: &FactSet,
    chosen: &[String],
    learnt: Option<Date>,
) -> Vec<DutyOutcome> {
    let scope = Scope::new(facts, &Subject::system());
    let mut outcomes = Vec::new();
    for pack in chosen.iter().filter_map(|id| judge.packs.get(id)) {
        let reach = pack.applies.evaluate(&scope);
        for duty in &pack.duties {
            outcomes.push(outcome(judge, facts, &scope, pack, duty, &reach, learnt));
        }
    }
    outcomes
}

fn outcome(
    judge: &Judge<'_>,
    facts: &FactSet,
    scope: &Scope<'_>,
    pack: &Pack,
    duty: &Duty,
    reach: &crate::expr::Evaluation,
    learnt: Option<Date>,
) -> DutyOutcome {
    let when = duty.when.evaluate(scope);
    let outside = [&reach.truth, &when.truth].contains(&&Truth::False);
    let mut missing = BTreeSet::new();
    let mut reads = when.reads.clone();
    for evaluation in [reach, &when] {
        if let Truth::Unknown(keys) = &evaluation.truth {
            missing.extend(keys.iter().cloned());
            reads.extend(evaluation.reads.iter().cloned());
        }
    }
    if reach.truth == Truth::False {
        reads.clone_from(&reach.reads);
    }
    let (started, unsure) = start(duty, facts, scope, learnt);
    let law_day = started.as_ref().map_or(judge.as_of, |started| started.at.date());
    // What applied before the pack's first day is not told; the law of that day is the nearest there is.
    let before = (law_day < pack.earliest).then(|| format!("the law before {} was not read", pack.earliest));
    let law_day = law_day.max(pack.earliest);
    let then = Judge { as_of: law_day, ..*judge };
    let citations: Vec<Cited> = duty.cites.iter().filter_map(|id| then.cite(pack, id, scope)).collect();
    let status = citations.first().and_then(|cited| cited.status);
    let live = matches!(status, Some(Status::InForce | Status::Guidance | Status::Voluntary));
    let state = if outside {
        DutyState::NotReportable
    } else if !live {
        DutyState::NotYetLaw { from: citations.first().and_then(|cited| cited.from).filter(|from| *from > law_day) }
    } else if missing.is_empty() {
        DutyState::Owed
    } else {
        DutyState::Unknown { missing: missing.into_iter().collect() }
    };
    let mut outcome = DutyOutcome {
        duty: duty.id.clone(),
        title: duty.title.clone(),
        by: duty.by.clone(),
        to: duty.to.clone(),
        state,
        binding: status.is_some_and(Status::binds),
        because: duty.because.clone(),
        citations,
        facts: judge.reads(&reads, facts, &Subject::system()),
        started: None,
        within: duty.within.as_ref().map(Within::words),
        promptly: duty.promptly.clone(),
        due: None,
        notes: Vec::new(),
        form: duty.form.clone(),
    };
    if !outcome.is_open() {
        return outcome;
    }
    outcome.notes.extend(unsure.into_iter().chain(before));
    if let (Some(within), Some(started)) = (&duty.within, &started)
        && let Some((end, notes)) = within.end(&started.at)
    {
        outcome.notes.extend(notes);
        outcome.due = Some(held(duty, facts, end, &mut outcome.notes));
    }
    outcome.started = started;
    outcome
}

/// What started the clock: the earliest of the starts whose condition holds or may; or what could have at the
/// earliest, where none is known.
fn start(duty: &Duty, facts: &FactSet, scope: &Scope<'_>, learnt: Option<Date>) -> (Option<Started>, Vec<String>) {
    let at = |key: &str| facts.value(key).and_then(Moment::of);
    let mut unsure = Vec::new();
    let mut open: Vec<Started> = Vec::new();
    let mut asked = None;
    for start in &duty.starts {
        let truth = start.when.as_ref().map_or(Truth::True, |when| when.evaluate(scope).truth);
        if truth == Truth::False {
            continue;
        }
        asked = Some(&start.fact);
        let Some(at) = at(&start.fact) else { continue };
        if let Truth::Unknown(keys) = truth {
            let keys: Vec<String> = keys.into_iter().collect();
            unsure.push(format!("the earliest start is taken while {} is not known", keys.join(", ")));
        }
        open.push(Started { fact: start.fact.clone(), at, assumed: None });
    }
    if let Some(started) = open.into_iter().min_by_key(|started| started.at.date()) {
        return (Some(started), unsure);
    }
    let Some(fact) = asked.filter(|fact| AWARENESS.contains(&fact.as_str())) else { return (None, unsure) };
    let (at, assumed) = match (at(OCCURRED), learnt) {
        (Some(at), _) => (at, "not stated; counted from the event itself, before which nobody can have known"),
        (None, Some(day)) => {
            (Moment::Day(day), "not stated; counted from the first entry of the record, which may be late")
        }
        (None, None) => return (None, unsure),
    };
    (Some(Started { fact: fact.clone(), at, assumed: Some(assumed.to_owned()) }), unsure)
}

/// A hold moves the end to its own end, if that is later. Of several the first that is known counts.
fn held(duty: &Duty, facts: &FactSet, end: Moment, notes: &mut Vec<String>) -> Moment {
    use jiff::ToSpan as _;
    let mut end = end;
    let known = |hold: &&crate::pack::Hold| facts.value(&hold.fact).and_then(Moment::of).is_some();
    if let Some(hold) = duty.holds.iter().find(known)
        && let Some(from) = facts.value(&hold.fact).and_then(Moment::of)
        && let Ok(until) = from.date().checked_add(i64::from(hold.days).days())
        && until > end.date()
    {
        notes.push(format!("held until {until} ({})", hold.fact));
        end = Moment::Day(until);
    }
    end
}

impl Fact {
    /// The value as TOML, for records.
    pub(crate) fn to_toml(&self) -> Option<String> {
        use crate::value::Value;
        fn literal(value: &Value) -> Option<String> {
            match value {
                Value::Bool(b) => Some(b.to_string()),
                Value::Integer(i) => Some(i.to_string()),
                Value::Date(date) => Some(date.to_string()),
                Value::Text(text) => Some(serde_json::Value::from(text.as_str()).to_string()),
                Value::List(items) => {
                    let items: Option<Vec<String>> = items.iter().map(literal).collect();
                    items.map(|items| format!("[{}]", items.join(", ")))
                }
                _ => None,
            }
        }
        self.value().and_then(literal)
    }
}
