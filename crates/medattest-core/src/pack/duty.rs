//! Duties to report an event: to whom, by when, with what content.

use std::collections::BTreeSet;

use super::load::{Cites, Diagnostics, compile, condition, predicate};
use crate::catalog::{Catalog, FactType, Origin, Per};
use crate::diagnostic::{Diagnostic, closest};
use crate::expr::Predicate;
use crate::incident::Within;
use crate::reader::Table;

/// A duty to report an event.
#[derive(Debug)]
pub struct Duty {
    /// `pack/name`; unique among the rules and duties of the pack.
    pub id: String,
    /// Short title.
    pub title: String,
    /// Who reports.
    pub by: String,
    /// To whom.
    pub to: String,
    /// Requirement ids it rests on; the first says whether it is law on a day.
    pub cites: Vec<String>,
    pub(crate) when: Predicate,
    /// Why, in words.
    pub because: String,
    /// What starts the clock: the earliest of those whose condition holds.
    pub(crate) starts: Vec<Start>,
    /// How long it runs; `None` where the law names no period.
    pub within: Option<Within>,
    /// What the law says besides or instead of a period.
    pub promptly: Option<String>,
    /// What holds it up; the first that is known.
    pub(crate) holds: Vec<Hold>,
    /// The form that holds its content.
    pub form: Option<String>,
}

/// What starts a clock.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) fact: String,
    pub(crate) when: Option<Predicate>,
}

/// Nothing is due before a day, or some days after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) fact: String,
    pub(crate) days: u32,
}

/// What a report contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// `pack/name`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Requirement ids it rests on.
    pub cites: Vec<String>,
    /// What it asks, in order.
    pub fields: Vec<FormField>,
}

/// One thing a form asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormField {
    /// Block or paragraph of the form.
    pub part: String,
    /// What is asked.
    pub asks: String,
    /// Facts that answer it; none where a person has to write.
    pub facts: Vec<String>,
}

impl Duty {
    /// When it falls due, as written.
    pub fn when_source(&self) -> String {
        self.when.source()
    }

    /// Facts that may start its clock.
    pub fn starts(&self) -> impl Iterator<Item = &str> {
        self.starts.iter().map(|start| start.fact.as_str())
    }

    pub(crate) fn predicates(&self) -> impl Iterator<Item = &Predicate> {
        std::iter::once(&self.when).chain(self.starts.iter().filter_map(|start| start.when.as_ref()))
    }
}

/// Reads the `[[duty]]` and `[[form]]` tables of a pack.
pub(super) fn read(
    pack: &str,
    root: &mut Table<'_>,
    catalog: &Catalog,
    cited: Cites<'_>,
    diagnostics: &mut Diagnostics,
) -> (Vec<Duty>, Vec<Form>) {
    let forms: Vec<Form> = root
        .tables("form", diagnostics)
        .into_iter()
        .filter_map(|mut table| form(pack, &mut table, catalog, cited, diagnostics))
        .collect();
    let known: BTreeSet<&str> = forms.iter().map(|form| form.id.as_str()).collect();
    let mut duties: Vec<Duty> = Vec::new();
    for mut table in root.tables("duty", diagnostics) {
        let place = table.place();
        let Some(duty) = duty(pack, &mut table, catalog, diagnostics) else { continue };
        cited(&place, &duty.cites, diagnostics);
        if let Some(form) = &duty.form
            && !known.contains(form.as_str())
        {
            diagnostics.push(Diagnostic::at(
                &place,
                "unknown-form",
                format!("there is no form `{form}`"),
                "add it as [[form]]",
            ));
        }
        if duties.iter().any(|other| other.id == duty.id) {
            let message = format!("duty `{}` is defined twice", duty.id);
            diagnostics.push(Diagnostic::at(&place, "duplicate-duty", message, "ids are unique within a pack"));
        }
        duties.push(duty);
    }
    (duties, forms)
}

fn duty(pack: &str, table: &mut Table<'_>, catalog: &Catalog, diagnostics: &mut Diagnostics) -> Option<Duty> {
    let place = table.place();
    let id = table.required_string("id", diagnostics);
    let title = table.required_string("title", diagnostics);
    let by = table.required_string("by", diagnostics);
    let to = table.required_string("to", diagnostics);
    let cites = table.strings("cites", diagnostics);
    let when = predicate(table, "when", diagnostics);
    let because = table.required_string("because", diagnostics);
    let promptly = table.string("promptly", diagnostics);
    let form = table.string("form", diagnostics).map(|form| format!("{pack}/{form}"));
    let within = table.table("within", diagnostics).and_then(|mut within| period(&mut within, catalog, diagnostics));
    let mut starts = Vec::new();
    for mut start in table.tables("starts", diagnostics) {
        let fact = moment(&mut start, catalog, diagnostics);
        let when = condition(&mut start, catalog, Per::Incident, diagnostics);
        start.finish(diagnostics);
        let when = when.ok()?;
        starts.extend(fact.map(|fact| Start { fact, when }));
    }
    let mut holds = Vec::new();
    for mut hold in table.tables("holds", diagnostics) {
        let fact = moment(&mut hold, catalog, diagnostics);
        let days = hold.integer("days", diagnostics).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        hold.finish(diagnostics);
        holds.extend(fact.map(|fact| Hold { fact, days }));
    }
    table.finish(diagnostics);
    if within.is_none() && promptly.is_none() {
        let message = "nothing says by when it is due".to_owned();
        diagnostics.push(Diagnostic::at(
            &place,
            "duty-without-time",
            message,
            "add within = { days = 30 }, or promptly = \"…\"",
        ));
    }
    if within.is_some() && starts.last().is_none_or(|start| start.when.is_some()) {
        let message = "nothing starts the clock in every case".to_owned();
        diagnostics.push(Diagnostic::at(
            &place,
            "duty-without-start",
            message,
            "end `starts` with one that has no `when`",
        ));
    }
    let Some(when) = when else {
        diagnostics.push(Diagnostic::at(
            &place,
            "duty-incomplete",
            "it is not said when the duty arises",
            "add `when`",
        ));
        return None;
    };
    Some(Duty {
        id: format!("{pack}/{}", id?),
        title: title?,
        by: by?,
        to: to?,
        cites,
        when: compile(&when, catalog, Per::Incident, diagnostics)?,
        because: because?,
        starts,
        within,
        promptly,
        holds,
        form,
    })
}

/// The fact of a start or a hold, which must be a moment.
fn moment(table: &mut Table<'_>, catalog: &Catalog, diagnostics: &mut Diagnostics) -> Option<String> {
    let place = table.place();
    let key = table.required_string("fact", diagnostics)?;
    match catalog.get(&key).map(|definition| &definition.kind) {
        Some(FactType::Moment | FactType::Date) => return Some(key),
        Some(_) => {
            let message = format!("`{key}` is not a moment");
            let hint = "clocks start from facts of the type moment or date";
            diagnostics.push(Diagnostic::at(&place, "not-a-moment", message, hint));
        }
        None => {
            let moments = catalog.iter().filter(|d| d.kind == FactType::Moment).map(|d| d.key.as_str());
            let hint = closest(&key, moments).map_or_else(String::new, |near| format!("did you mean `{near}`?"));
            diagnostics.push(Diagnostic::at(
                &place,
                "unknown-fact",
                format!("`{key}` is not in the catalogue"),
                &hint,
            ));
        }
    }
    None
}

fn period(table: &mut Table<'_>, catalog: &Catalog, diagnostics: &mut Diagnostics) -> Option<Within> {
    let place = table.place();
    let mut number = |key: &str| table.integer(key, diagnostics).and_then(|n| u32::try_from(n).ok());
    let (hours, days, working, months) = (number("hours"), number("days"), number("working-days"), number("months"));
    let after = table.choice("after", &["year-end"], diagnostics);
    let calendar = table.string("calendar", diagnostics);
    table.finish(diagnostics);
    let within = match (hours, days, working, months, after, calendar) {
        (Some(n), None, None, None, None, None) => Some(Within::Hours(n)),
        (None, Some(n), None, None, None, None) => Some(Within::Days(n)),
        (None, Some(n), None, None, Some(_), None) => Some(Within::DaysAfterYearEnd(n)),
        (None, None, None, Some(n), None, None) => Some(Within::Months(n)),
        (None, None, Some(n), None, None, Some(id)) => {
            catalog.calendars().iter().find(|calendar| calendar.id == id).map(|c| Within::WorkingDays(n, c.clone()))
        }
        _ => None,
    };
    if within.is_none() {
        let hint = "write one of hours, days, days with after = \"year-end\", months, or working-days with a calendar \
                    that the catalogue has";
        diagnostics.push(Diagnostic::at(&place, "not-a-period", "this is not a period", hint));
    }
    within
}

fn form(
    pack: &str,
    table: &mut Table<'_>,
    catalog: &Catalog,
    cited: Cites<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Form> {
    let place = table.place();
    let id = table.required_string("id", diagnostics);
    let title = table.required_string("title", diagnostics);
    let cites = table.strings("cites", diagnostics);
    cited(&place, &cites, diagnostics);
    let mut fields = Vec::new();
    for mut field in table.tables("field", diagnostics) {
        let place = field.place();
        let part = field.string("part", diagnostics).unwrap_or_default();
        let asks = field.required_string("asks", diagnostics);
        let facts = field.strings("facts", diagnostics);
        field.finish(diagnostics);
        for key in &facts {
            let stated = |d: &&crate::catalog::FactDefinition| matches!(d.origin, Origin::Stated);
            if catalog.get(key).filter(stated).is_none() {
                diagnostics.push(Diagnostic::at(
                    &place,
                    "unknown-fact",
                    format!("`{key}` is not a fact anyone states"),
                    "",
                ));
            }
        }
        fields.extend(asks.map(|asks| FormField { part, asks, facts }));
    }
    table.finish(diagnostics);
    Some(Form { id: format!("{pack}/{}", id?), title: title?, cites, fields })
}
