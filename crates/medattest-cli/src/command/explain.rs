//! `explain`: anything that has an id.

use medattest_metrics::{Definition, Form, Metric, definitions};

use medattest_core::{
    Classification, Duty, FactDefinition, FactType, Form as ReportForm, Library, Origin, Pack, Questionnaire,
    Requirement, Rule, closest,
};

use super::{Stop, Text, library, print};
use crate::arguments::ExplainOptions;
use crate::terminal::{BOLD, DIM, UNSURE};

pub(crate) fn run(options: &ExplainOptions) -> Result<u8, Stop> {
    let (library, _) = library(&options.project)?;
    let id = options.id.as_str();
    let mut text = Text::new();
    if let Some(pack) = library.packs.get(id) {
        pack_text(&mut text, pack);
    } else if let Some((pack, name)) = id.split_once('/').and_then(|(p, n)| library.packs.get(p).map(|p| (p, n))) {
        if let Some(rule) = pack.rules.iter().find(|rule| rule.id == id) {
            rule_text(&mut text, pack, rule);
        } else if let Some(duty) = pack.duties.iter().find(|duty| duty.id == id) {
            duty_text(&mut text, pack, duty);
        } else if let Some(form) = pack.forms.iter().find(|form| form.id == id) {
            form_text(&mut text, form);
        } else if let Some(one) = pack.questionnaires.iter().find(|one| one.id == id) {
            questionnaire_text(&mut text, pack, one);
        } else if let Some(requirement) = pack.requirement(name) {
            requirement_text(&mut text, pack, requirement);
        } else {
            return Err(unknown(id, &library));
        }
    } else if let Some(definition) = library.catalog.get(id) {
        match &definition.origin {
            Origin::Concluded(pack) => {
                let item = id.split_once('.').and_then(|(_, name)| {
                    library
                        .packs
                        .get(pack)
                        .and_then(|p| p.classifications.iter().find(|c| c.id == name).map(|c| (p, c)))
                });
                match item {
                    Some((pack, item)) => classification_text(&mut text, pack, item),
                    None => return Err(unknown(id, &library)),
                }
            }
            _ => fact_text(&mut text, definition, &library),
        }
    } else if let Some(definition) = definitions().find(|definition| definition.id == id) {
        figure_text(&mut text, &definition);
    } else if let Some((metric, form)) = spread(id) {
        text.line(&format!("{BOLD}{}{BOLD:#}  {DIM}{id}{DIM:#}", form.title_of(metric)));
        text.paragraph(0, &format!("The {} of the figure below over the groups of an attribute.", form.title()));
        text.blank();
        figure_text(&mut text, &metric.definition());
    } else {
        return Err(unknown(id, &library));
    }
    print(&text.into_string())?;
    Ok(0)
}

/// The figure and the form that a comparison of groups is named after.
fn spread(id: &str) -> Option<(Metric, Form)> {
    let forms = |metric| Form::ALL.into_iter().map(move |form| (metric, form));
    Metric::ALL.into_iter().flat_map(forms).find(|(metric, form)| form.fits(*metric) && form.of(*metric) == id)
}

fn figure_text(text: &mut Text, definition: &Definition) {
    text.line(&format!("{BOLD}{}{BOLD:#}  {DIM}{}{DIM:#}", definition.title, definition.id));
    text.tagged(DIM, "formula", 9, definition.formula);
    text.tagged(DIM, "range", 9, &format!("{} to {}", definition.range.0, definition.range.1));
    let parity = definition.parity.map_or_else(|| "equal values of the groups".to_owned(), |p| p.to_string());
    text.tagged(DIM, "parity", 9, &parity);
    for peer in definition.peers {
        let differs = if peer.2.is_empty() { "the same" } else { peer.2 };
        text.tagged(DIM, "elsewhere", 9, &format!("{} {}: {differs}", peer.0, peer.1));
    }
}

fn unknown(id: &str, library: &Library) -> Stop {
    let mut known: Vec<String> = library.catalog.iter().map(|d| d.key.clone()).collect();
    for pack in library.packs.iter() {
        known.push(pack.id.clone());
        known.extend(pack.rules.iter().map(|rule| rule.id.clone()));
        known.extend(pack.duties.iter().map(|duty| duty.id.clone()));
        known.extend(pack.forms.iter().map(|form| form.id.clone()));
        known.extend(pack.questionnaires.iter().map(|one| one.id.clone()));
        known.extend(pack.requirements.iter().map(|r| format!("{}/{}", pack.id, r.id)));
    }
    known.extend(definitions().map(|definition| definition.id.to_owned()));
    let hint = match closest(id, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`medattest pack list --rules` shows packs and rules".to_owned(),
    };
    Stop::usage(id, "nothing has this id", hint)
}

fn pack_text(text: &mut Text, pack: &Pack) {
    text.line(&format!("{BOLD}{}{BOLD:#}  {}", pack.id, pack.title));
    text.paragraph(2, &format!("Jurisdiction: {}. Revision {}.", pack.jurisdiction, pack.revision));
    text.paragraph(2, &format!("Text: {}", pack.edition));
    text.paragraph(
        2,
        &format!("Source: {}. Newest evidence: {}.", pack.source.trim_end_matches('.'), pack.evidence_date),
    );
    text.paragraph(2, &format!("Not covered or not verified: {}", pack.limits));
    text.heading("Classifications");
    for item in &pack.classifications {
        text.paragraph(2, &format!("{}.{}: {}", pack.id, item.id, item.title));
    }
    text.heading("Rules");
    for rule in &pack.rules {
        text.paragraph(2, &format!("{} ({}): {}", rule.id, rule.severity, rule.title));
    }
    if !pack.duties.is_empty() {
        text.heading("Duties to report");
        for duty in &pack.duties {
            text.paragraph(2, &format!("{}: {}", duty.id, duty.title));
        }
    }
    if !pack.questionnaires.is_empty() {
        text.heading("Impact assessments");
        for one in &pack.questionnaires {
            text.paragraph(2, &format!("{}: {}", one.id, one.title));
        }
    }
    text.heading("Requirements");
    for requirement in pack.requirements.iter().filter(|requirement| requirement.parent.is_none()) {
        below(text, pack, requirement, 2);
    }
}

/// A requirement and its parts, indented; a tree is as deep as citations are, and a circle of parents has no root.
fn below(text: &mut Text, pack: &Pack, requirement: &Requirement, indent: usize) {
    text.paragraph(indent, &format!("{}/{}: {}", pack.id, requirement.id, requirement.citation));
    let part = |other: &&Requirement| other.parent.as_ref() == Some(&requirement.id);
    for part in pack.requirements.iter().filter(part) {
        below(text, pack, part, indent + 2);
    }
}

fn duty_text(text: &mut Text, pack: &Pack, duty: &Duty) {
    text.line(&format!("{BOLD}{}{BOLD:#}  {}", duty.id, duty.title));
    text.paragraph(2, &format!("{} to {}.", duty.by, duty.to));
    text.paragraph(2, &duty.because);
    text.heading("By when");
    if let Some(within) = &duty.within {
        text.paragraph(2, &format!("{} from {}", within.words(), duty.starts().collect::<Vec<_>>().join(", ")));
    }
    if let Some(promptly) = &duty.promptly {
        text.paragraph(2, promptly);
    }
    text.heading("Law");
    for requirement in duty.cites.iter().filter_map(|id| pack.requirement(id)) {
        standing(text, requirement);
    }
    text.heading("How it is decided");
    text.styled(2, DIM, &format!("when: {}", duty.when_source()));
    if let Some(form) = &duty.form {
        text.styled(2, DIM, &format!("form: {form}"));
    }
}

fn form_text(text: &mut Text, form: &ReportForm) {
    text.line(&format!("{BOLD}{}{BOLD:#}  {}", form.id, form.title));
    for field in &form.fields {
        text.tagged(DIM, &field.part, 12, &field.asks);
        if !field.facts.is_empty() {
            text.styled(15, DIM, &field.facts.join(", "));
        }
    }
}

fn questionnaire_text(text: &mut Text, pack: &Pack, one: &Questionnaire) {
    text.line(&format!("{BOLD}{}{BOLD:#}  {}", one.id, one.title));
    if let Some(because) = &one.because {
        text.paragraph(2, because);
    }
    for section in &one.sections {
        let part = section.part.as_ref().map(|part| format!(" ({part})")).unwrap_or_default();
        text.heading(&format!("{}{part}", section.title));
        for item in &section.items {
            text.paragraph(2, &item.asks);
        }
    }
    text.heading("Law");
    for requirement in one.cites.iter().filter_map(|id| pack.requirement(id)) {
        standing(text, requirement);
    }
}

fn rule_text(text: &mut Text, pack: &Pack, rule: &Rule) {
    text.line(&format!("{BOLD}{}{BOLD:#}  {} ({})", rule.id, rule.title, rule.severity));
    for (title, body) in [
        ("What it asks", &rule.explanation.what),
        ("Why", &rule.explanation.why),
        ("What evidence satisfies it", &rule.explanation.evidence),
        ("What it does not look at", &rule.explanation.limits),
        ("What to do", &rule.remedy),
    ] {
        text.heading(title);
        text.paragraph(2, body);
    }
    text.heading("Law");
    for requirement in rule.serves.iter().filter_map(|id| pack.requirement(id)) {
        standing(text, requirement);
    }
    text.heading("How it is decided");
    text.styled(2, DIM, &format!("applies: {}", rule.applies_source()));
    text.styled(2, DIM, &format!("check:   {}", rule.check_source()));
}

fn standing(text: &mut Text, requirement: &Requirement) {
    text.paragraph(2, &format!("{}: {}", requirement.citation, requirement.title));
    text.paragraph(4, &requirement.asks);
    for entry in &requirement.statuses {
        let mut line = entry.status.to_string();
        if let Some(from) = entry.from {
            line.push_str(&format!(", from {from}"));
        }
        if let Some(until) = entry.until {
            line.push_str(&format!(", before {until}"));
        }
        if let Some(when) = entry.when_source() {
            line.push_str(&format!(", where {when}"));
        }
        text.styled(4, DIM, &format!("{line}; {}", requirement.confidence));
        if let Some(contested) = &entry.contested {
            text.styled(4, UNSURE, &format!("Contested: {contested}"));
        }
    }
}

fn requirement_text(text: &mut Text, pack: &Pack, requirement: &Requirement) {
    text.line(&format!("{BOLD}{}/{}{BOLD:#}", pack.id, requirement.id));
    standing(text, requirement);
    let serving: Vec<&str> =
        pack.rules.iter().filter(|rule| rule.serves.contains(&requirement.id)).map(|rule| rule.id.as_str()).collect();
    if !serving.is_empty() {
        text.heading("Rules that serve it");
        text.paragraph(2, &serving.join(", "));
    }
    let duties: Vec<&str> =
        pack.duties.iter().filter(|duty| duty.cites.contains(&requirement.id)).map(|duty| duty.id.as_str()).collect();
    if !duties.is_empty() {
        text.heading("Duties to report that rest on it");
        text.paragraph(2, &duties.join(", "));
    }
    if !requirement.topics.is_empty() {
        text.heading("Topics");
        text.paragraph(2, &requirement.topics.join(", "));
    }
}

fn classification_text(text: &mut Text, pack: &Pack, item: &Classification) {
    text.line(&format!("{BOLD}{}.{}{BOLD:#}  {}", pack.id, item.id, item.title));
    text.heading("Values");
    for (value, meaning) in &item.values {
        text.paragraph(2, &format!("{value}: {meaning}"));
    }
    text.heading("Answers, in order of precedence");
    for answer in &item.answers {
        let from = answer.from.map(|day| format!(" from {day}")).unwrap_or_default();
        let until = answer.until.map(|day| format!(" before {day}")).unwrap_or_default();
        text.line(&format!("  {BOLD}{}{BOLD:#}{from}{until}", answer.value));
        text.paragraph(4, &answer.because);
        if let Some(contested) = &answer.contested {
            text.styled(4, UNSURE, &format!("Contested: {contested}"));
        }
        text.styled(4, DIM, &format!("when {}", answer.when_source()));
        for requirement in answer.cites.iter().filter_map(|id| pack.requirement(id)) {
            text.styled(4, DIM, &requirement.citation);
        }
    }
}

fn fact_text(text: &mut Text, definition: &FactDefinition, library: &Library) {
    text.line(&format!("{BOLD}{}{BOLD:#}  {}", definition.key, definition.title));
    match &definition.origin {
        Origin::Measured(engine) => text.paragraph(2, &format!("Measured by the {engine} engine.")),
        _ => text.paragraph(2, &definition.question),
    }
    if !definition.help.is_empty() {
        text.paragraph(2, &definition.help);
    }
    if let FactType::Choice(values) | FactType::Choices(values) = &definition.kind {
        text.heading("Values");
        for (value, meaning) in values {
            text.paragraph(2, &format!("{value}: {meaning}"));
        }
    }
    let readers: Vec<&str> = library
        .packs
        .iter()
        .filter(|pack| pack.mentions().contains(&definition.key))
        .map(|p| p.id.as_str())
        .collect();
    text.heading("Read by");
    text.paragraph(2, &if readers.is_empty() { "no pack".to_owned() } else { readers.join(", ") });
}
