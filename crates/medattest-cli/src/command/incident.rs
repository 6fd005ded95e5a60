//! `incident`: what happened, what is owed, what was done.

mod due;
mod show;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::{Timestamp, ZonedDateTime};
use medattest_core::{
    Deed, DutyOutcome, DutyState, FactSet, Form, Incident, IncidentAssessment, MAX_TOML_BYTES, Moment, Per, Record,
    SourceFile, System, VERSION, World as _, assess_incident, closest, incident_facts, sha256_hex,
};
use medattest_docs::{IncidentLine, html, incident_report, playbook, report_draft};

use super::init::template;
use super::{Opened, Stop, open, print, print_json, suggestion};
use crate::arguments::{IncidentCommand, IncidentsOf, Learnt, Plain};
use crate::deid::Detector;
use crate::write::{make_folder, write_private, write_whole};

/// Folder of the records, below the project.
const FOLDER: &str = "incidents";
/// Largest record that is read, in bytes.
const LARGEST_RECORD: usize = 16 << 20;
/// Reports are owed or open.
const OPEN: u8 = 3;

pub(crate) fn run(command: &IncidentCommand) -> Result<u8, Stop> {
    match command {
        IncidentCommand::New { id, system, learnt, on } => new(id, system, learnt, on),
        IncidentCommand::Update { id, learnt, unset, sent, sent_on, reference, on } => {
            let sent = sent.as_deref().zip(sent_on.as_deref());
            update(id, learnt, unset, sent, reference.as_deref(), on)
        }
        IncidentCommand::Assess { id, all, by, out, drafts, on, format } => {
            let place = Place::open(on)?;
            let mut case = place.case(id)?;
            let assessment = place.assess(&case)?;
            if let Some(by) = by {
                case.record.add(Timestamp::now(), by, assessed(&place, &assessment));
                place.write(&case)?;
            }
            if let Some(out) = out {
                let overdue = place.overdue(&case.incident, &assessment);
                let library = &place.opened.library;
                let head = case.record.head();
                let paper = incident_report(id, &case.incident, &assessment, library, &overdue, &head);
                write_private(out, html(&paper).as_bytes())?;
            }
            if let Some(folder) = drafts {
                place.drafts(&case, &assessment, folder)?;
            }
            match format {
                Plain::Json => print_json(&show::assessment(&place, &case, &assessment))?,
                Plain::Terminal => print(&show::assessed(&place, &case, &assessment, *all))?,
            }
            Ok(if place.undone(&case.incident, &assessment).is_empty() { 0 } else { OPEN })
        }
        IncidentCommand::Timeline { id, sealed, on, format } => {
            let place = Place::open(on)?;
            let case = place.case(id)?;
            if let Some(sealed) = sealed
                && !case.record.entries.iter().any(|entry| entry.sha256 == *sealed)
            {
                let hint = "the end of the record was taken away, or it was written anew; restore it from a copy";
                return Err(Stop::usage(id, "no entry has that digest", hint));
            }
            match format {
                Plain::Json => print_json(&serde_json::json!({
                    "format": "medattest-incident-timeline-v1", "incident": id, "head": case.record.head(),
                    "entries": case.record.entries,
                }))?,
                Plain::Terminal => print(&show::timeline(&place, &case))?,
            }
            Ok(0)
        }
        IncidentCommand::Close { id, by, because, on } => close(id, by, because.as_deref(), on),
        IncidentCommand::Due { within, calendar, on, format } => due::run(on, *within, calendar.as_deref(), *format),
        IncidentCommand::Facts { on } => {
            let (library, _) = super::library(&on.project)?;
            print(template(&library, Per::Incident).trim_start())?;
            Ok(0)
        }
        IncidentCommand::Playbook { system, out, on } => {
            let place = Place::open(on)?;
            let system = place.system(system)?;
            let assessment = place.judged(system, &FactSet::default(), None);
            let forms = place.forms();
            let name = system.facts.value("system.name").map_or_else(|| system.id.clone(), ToString::to_string);
            write_whole(out, html(&playbook(&name, &assessment, &place.opened.library, &forms)).as_bytes())?;
            print(&format!("the playbook of {name}, written to {}\n", out.display()))?;
            Ok(0)
        }
    }
}

/// A project, and the moment at which its incidents are looked at.
struct Place {
    opened: Opened,
    root: PathBuf,
    now: ZonedDateTime,
    as_of: Date,
}

/// One incident with its record.
struct Case {
    id: String,
    record: Record,
    incident: Incident,
}

impl Place {
    fn open(on: &IncidentsOf) -> Result<Self, Stop> {
        let now = match &on.now {
            None => ZonedDateTime::now(),
            Some(text) => match moment(text, "--now")? {
                Moment::At(at) => at,
                Moment::Day(day) => day.to_zoned_datetime(jiff::tz::TimeZone::system()).map_err(|_| {
                    Stop::usage("--now", "that day cannot be told on this machine", "add a time and zone")
                })?,
            },
        };
        let as_of = on.as_of.unwrap_or_else(|| now.date());
        Ok(Self { opened: open(&on.project, None, false)?, root: on.project.clone(), now, as_of })
    }

    fn system(&self, id: &str) -> Result<&System, Stop> {
        super::system(&self.opened.project, id)
    }

    fn path(&self, id: &str) -> PathBuf {
        self.root.join(FOLDER).join(format!("{id}.jsonl"))
    }

    fn case(&self, id: &str) -> Result<Case, Stop> {
        check_id(id)?;
        let name = format!("{FOLDER}/{id}.jsonl");
        if !self.path(id).is_file() {
            let ids = self.ids();
            let known: Vec<&str> = ids.iter().map(String::as_str).collect();
            let hint = match known.as_slice() {
                [] => "open one with `medattest incident new`".to_owned(),
                known => suggestion(id, known, "incidents: "),
            };
            return Err(Stop::usage(&name, format!("there is no incident `{id}`"), hint));
        }
        read(&self.opened, id)
    }

    /// Ids of all records, in order.
    fn ids(&self) -> Vec<String> {
        ids(&self.opened)
    }

    fn write(&self, case: &Case) -> Result<(), Stop> {
        let path = self.path(&case.id);
        make_folder(&self.root.join(FOLDER))?;
        Ok(write_private(&path, case.record.to_text().as_bytes())?)
    }

    fn judged(&self, system: &System, facts: &FactSet, learnt: Option<Date>) -> IncidentAssessment {
        assess_incident(&self.opened.library, &self.opened.project, system, facts, learnt, self.as_of)
    }

    fn assess(&self, case: &Case) -> Result<IncidentAssessment, Stop> {
        let system = self.system(&case.incident.system)?;
        Ok(self.judged(system, &case.incident.facts, Some(case.incident.opened)))
    }

    /// Duties whose last moment is past and that were not done.
    fn overdue(&self, incident: &Incident, assessment: &IncidentAssessment) -> Vec<String> {
        let late = |duty: &&DutyOutcome| {
            duty.state == DutyState::Owed
                && !incident.sent.contains_key(&duty.duty)
                && duty.due.as_ref().is_some_and(|due| due.is_past(&self.now))
        };
        assessment.duties.iter().filter(late).map(|duty| duty.duty.clone()).collect()
    }

    /// Duties that are owed or open, and were not done.
    fn undone(&self, incident: &Incident, assessment: &IncidentAssessment) -> Vec<String> {
        let undone = |duty: &&DutyOutcome| duty.is_open() && !incident.sent.contains_key(&duty.duty);
        assessment.duties.iter().filter(undone).map(|duty| duty.duty.clone()).collect()
    }

    fn forms(&self) -> BTreeMap<String, &Form> {
        let packs = self.opened.library.packs.iter();
        packs.flat_map(|pack| &pack.forms).map(|form| (form.id.clone(), form)).collect()
    }

    fn drafts(&self, case: &Case, assessment: &IncidentAssessment, folder: &Path) -> Result<(), Stop> {
        let forms = self.forms();
        make_folder(folder)?;
        let mut facts = self.system(&case.incident.system)?.facts.clone();
        for fact in case.incident.facts.iter() {
            facts.insert(fact.clone());
        }
        for outcome in assessment.duties.iter().filter(|duty| duty.state == DutyState::Owed) {
            let Some(form) = outcome.form.as_ref().and_then(|form| forms.get(form)) else { continue };
            let paper = report_draft(form, &case.id, outcome, &facts, &self.opened.library);
            let file = folder.join(format!("{}.html", outcome.duty.replace('/', "-")));
            write_private(&file, html(&paper).as_bytes())?;
        }
        Ok(())
    }
}

/// Ids of all records of a project, in order.
fn ids(opened: &Opened) -> Vec<String> {
    let names = opened.world.list(FOLDER).unwrap_or_default();
    names.iter().filter_map(|name| name.strip_suffix(".jsonl")).map(str::to_owned).collect()
}

/// The record of this id.
fn read(opened: &Opened, id: &str) -> Result<Case, Stop> {
    let name = format!("{FOLDER}/{id}.jsonl");
    let bytes = opened.world.read(&name, LARGEST_RECORD).map_err(|error| error.diagnostic())?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Stop::usage(&name, "the record is not UTF-8 text", "restore the file from a copy"))?;
    let record = Record::read(&SourceFile::new(&name, &text))?;
    let incident = record.incident(&name, &opened.library).map_err(Stop)?;
    Ok(Case { id: id.to_owned(), record, incident })
}

/// Every recorded incident, as papers show it.
pub(crate) fn recorded(opened: &Opened, as_of: Date) -> Result<Vec<IncidentLine>, Stop> {
    let mut lines = Vec::new();
    for id in ids(opened) {
        let case = read(opened, &id)?;
        let incident = &case.incident;
        let system = super::system(&opened.project, &incident.system)?;
        let judged =
            assess_incident(&opened.library, &opened.project, system, &incident.facts, Some(incident.opened), as_of);
        let owed: Vec<_> = judged.duties.iter().filter(|duty| duty.state == DutyState::Owed).collect();
        let sent = owed.iter().filter(|duty| incident.sent.contains_key(&duty.duty)).count();
        lines.push(IncidentLine {
            id,
            system: incident.system.clone(),
            closed: incident.closed,
            aware: incident.opened.to_string(),
            reports: (owed.len(), sent),
            head: case.record.head(),
        });
    }
    Ok(lines)
}

fn moment(text: &str, place: &str) -> Result<Moment, Stop> {
    text.parse().map_err(|_| {
        let hint = "write 2026-11-20, 2026-11-20T14:30:00-05:00 or 2026-11-20T14:30[America/New_York]";
        Stop::usage(place, "this is neither a day nor a time with its zone", hint)
    })
}

fn check_id(id: &str) -> Result<(), Stop> {
    let fits = !id.is_empty()
        && id.len() <= 64
        && !id.starts_with('-')
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if fits {
        return Ok(());
    }
    Err(Stop::usage("incident", "this cannot be the name of an incident", "use small letters, digits and dashes"))
}

/// Facts that were named on the command line or in a file.
fn stated(place: &Place, learnt: &Learnt) -> Result<FactSet, Stop> {
    let library = &place.opened.library;
    let mut facts = FactSet::default();
    let mut take = |file: &SourceFile| match incident_facts(library, file) {
        (read, diagnostics) if diagnostics.is_empty() => {
            for fact in read.iter() {
                facts.insert(fact.clone());
            }
            Ok(())
        }
        (_, diagnostics) => Err(Stop(diagnostics)),
    };
    if let Some(path) = &learnt.from {
        let shown = path.display().to_string();
        let wrong =
            |reason: &str| Stop::usage(&shown, reason, "name a TOML file as `medattest incident facts` prints it");
        let size = fs::metadata(path).map_err(|_| wrong("the file cannot be read"))?.len();
        if size > MAX_TOML_BYTES as u64 {
            return Err(wrong("the file is too large"));
        }
        let text = fs::read_to_string(path).map_err(|_| wrong("the file is not UTF-8 text"))?;
        take(&SourceFile::new(&shown, &text))?;
    }
    for pair in &learnt.set {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(Stop::usage("--set", "a value is missing", "write --set harm=serious"));
        };
        let key = key.trim().strip_prefix("incident.").unwrap_or(key.trim());
        take(&SourceFile::new("--set", &format!("incident.{key} = {}\n", literal(value.trim()))))?;
    }
    Ok(facts)
}

/// A value as TOML: what is no number, date, list or yes/no is text.
fn literal(value: &str) -> String {
    let plain = matches!(value, "true" | "false")
        || value.starts_with(['[', '"', '\''])
        || value.parse::<i64>().is_ok()
        || value.parse::<Date>().is_ok() && value.len() == 10;
    if plain { value.to_owned() } else { serde_json::Value::from(value).to_string() }
}

/// What a person writes into the record must not identify a patient.
fn check_text(text: &str, place: &str, year: i16) -> Result<(), Stop> {
    if Detector::load(year)?.finds(text) {
        let hint = "say it without names, dates and numbers of patients; the record is kept and shown";
        return Err(Stop::usage(place, "the text seems to identify somebody", hint));
    }
    Ok(())
}

fn new(id: &str, system: &str, learnt: &Learnt, on: &IncidentsOf) -> Result<u8, Stop> {
    check_id(id)?;
    let place = Place::open(on)?;
    let system = place.system(system)?.id.clone();
    if place.path(id).exists() {
        let hint = "add to it with `medattest incident update`, or choose another name";
        return Err(Stop::usage(id, "there is such an incident already", hint));
    }
    let facts = stated(&place, learnt)?;
    let now = Timestamp::now();
    let mut record = Record::default();
    record.add(now, &learnt.by, Deed::Opened { system });
    record.learn(now, &learnt.by, &FactSet::default(), &facts, &[]);
    let incident = record.incident(id, &place.opened.library).map_err(Stop)?;
    let case = Case { id: id.to_owned(), record, incident };
    place.write(&case)?;
    let assessment = place.assess(&case)?;
    print(&show::assessed(&place, &case, &assessment, false))?;
    Ok(0)
}

fn update(
    id: &str,
    learnt: &Learnt,
    unset: &[String],
    sent: Option<(&str, &str)>,
    reference: Option<&str>,
    on: &IncidentsOf,
) -> Result<u8, Stop> {
    let place = Place::open(on)?;
    let mut case = place.case(id)?;
    let facts = stated(&place, learnt)?;
    let forgotten: Vec<String> =
        unset.iter().map(|key| format!("incident.{}", key.strip_prefix("incident.").unwrap_or(key))).collect();
    for key in &forgotten {
        if place.opened.library.catalog.get(key).is_none() {
            return Err(Stop::usage("--unset", format!("`{key}` is not known"), "see `medattest incident facts`"));
        }
    }
    let now = Timestamp::now();
    let mut changed = case.record.learn(now, &learnt.by, &case.incident.facts, &facts, &forgotten);
    if let Some((duty, when)) = sent {
        let when = moment(when, "--on")?;
        let packs = place.opened.library.packs.iter();
        let known: Vec<&str> = packs.flat_map(|pack| &pack.duties).map(|duty| duty.id.as_str()).collect();
        if !known.contains(&duty) {
            let near = closest(duty, known.iter().copied());
            let hint =
                near.map_or_else(|| "see `medattest incident assess`".into(), |n| format!("did you mean `{n}`?"));
            return Err(Stop::usage("--sent", format!("there is no duty `{duty}`"), hint));
        }
        let (duty, on) = (duty.to_owned(), when.to_string());
        case.record.add(now, &learnt.by, Deed::Sent { duty, on, reference: reference.map(str::to_owned) });
        changed = true;
    }
    if !changed {
        let hint = "name facts with --set, --from or --unset, or a report with --sent";
        return Err(Stop::usage(id, "nothing new is stated", hint));
    }
    case.incident = case.record.incident(id, &place.opened.library).map_err(Stop)?;
    place.write(&case)?;
    let assessment = place.assess(&case)?;
    print(&show::assessed(&place, &case, &assessment, false))?;
    Ok(0)
}

/// The assessment as the record keeps it.
fn assessed(place: &Place, assessment: &IncidentAssessment) -> Deed {
    let owed = assessment.duties.iter().filter(|duty| duty.state == DutyState::Owed);
    let open = assessment.duties.iter().filter(|duty| matches!(duty.state, DutyState::Unknown { .. }));
    let project = &place.opened.project;
    Deed::Assessed {
        owed: owed.map(|duty| (duty.duty.clone(), duty.due.as_ref().map(ToString::to_string))).collect(),
        open: open.map(|duty| duty.duty.clone()).collect(),
        packs: project
            .packs
            .iter()
            .filter_map(|id| place.opened.library.packs.get(id))
            .map(|pack| (pack.id.clone(), pack.revision))
            .collect(),
    }
}

fn close(id: &str, by: &str, because: Option<&str>, on: &IncidentsOf) -> Result<u8, Stop> {
    let place = Place::open(on)?;
    let mut case = place.case(id)?;
    if case.incident.closed {
        return Err(Stop::usage(id, "it is closed already", "see `medattest incident timeline`"));
    }
    if let Some(because) = because {
        check_text(because, "--because", place.as_of.year())?;
    }
    let assessment = place.assess(&case)?;
    let undone = place.undone(&case.incident, &assessment);
    if !undone.is_empty() && because.is_none() {
        print(&show::assessed(&place, &case, &assessment, false))?;
        let message = format!("{} reports are owed or open: {}", undone.len(), undone.join(", "));
        let hint = "record what was sent with `incident update --sent`, state what is missing, or say --because";
        return Err(Stop::usage(id, message, hint));
    }
    case.record.add(Timestamp::now(), by, assessed(&place, &assessment));
    let because = because.map(str::to_owned);
    case.record.add(Timestamp::now(), by, Deed::Closed { open: undone, because });
    place.write(&case)?;
    print(&format!("{id} is closed; the record ends with {}\n", case.record.head()))?;
    Ok(0)
}

/// The same deadline has the same identifier in every calendar.
fn uid(incident: &str, duty: &str) -> String {
    format!("{}@medattest-{VERSION}", &sha256_hex(format!("{incident} {duty}").as_bytes())[..24])
}
