//! `impact`: impact assessments answered from facts, asking only what is not known.

use medattest_core::{Assessment, FilledAssessment, Library, Outcome, Owed, Questionnaire, SystemAssessment, fill};
use medattest_docs::{html, impact_assessment};

use super::{Stop, Text, assessed, print, print_json, suggestion};
use crate::arguments::{ImpactOptions, Plain, ProjectOn};
use crate::terminal::{BAD, BOLD, DIM, GOOD, UNSURE, clean};
use crate::write::write_whole;

/// Something is owed and not answered whole.
const OPEN: u8 = 3;

pub(crate) fn run(options: &ImpactOptions) -> Result<u8, Stop> {
    let (opened, run) = assessed(&ProjectOn {
        project: options.project.clone(),
        system: options.system.iter().cloned().collect(),
        as_of: options.as_of,
        data: options.data.clone(),
    })?;
    let library = &opened.library;
    let chosen = &opened.project.packs;
    let of_packs = |one: &&Questionnaire| chosen.iter().any(|pack| one.id.split('/').next() == Some(pack));
    let all: Vec<&Questionnaire> =
        library.packs.iter().flat_map(|pack| &pack.questionnaires).filter(of_packs).collect();
    let Some(kind) = &options.kind else { return overview(&run, library, &all, options.format) };
    let one = find(&all, kind)?;
    let [system] = run.systems.as_slice() else {
        let known: Vec<&str> = run.systems.iter().map(|system| system.id.as_str()).collect();
        let hint = format!("name one with --system: {}", known.join(", "));
        return Err(Stop::usage("impact", "an impact assessment is about one system", hint));
    };
    let filled = fill(library, one, system);
    if let Some(path) = &options.write {
        let paper = impact_assessment(&filled, &system.name, &run.as_of.to_string());
        write_whole(path, html(&paper).as_bytes())?;
    }
    match options.format {
        Plain::Json => print_json(&as_json(system, &filled))?,
        Plain::Terminal => print(&shown(system, &filled))?,
    }
    Ok(if is_open(&filled) { OPEN } else { 0 })
}

fn is_open(filled: &FilledAssessment) -> bool {
    filled.owed == Owed::Yes && filled.sections.iter().flat_map(|s| &s.items).any(|item| !item.is_answered())
}

/// By its whole id, or by its name where only one pack has it.
fn find<'a>(all: &[&'a Questionnaire], kind: &str) -> Result<&'a Questionnaire, Stop> {
    let named = |one: &&&Questionnaire| one.id == kind || one.id.split('/').nth(1) == Some(kind);
    let found: Vec<&&Questionnaire> = all.iter().filter(named).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => {
            let known: Vec<&str> = all.iter().map(|one| one.id.as_str()).collect();
            let hint = suggestion(kind, &known, "there are: ");
            Err(Stop::usage(
                "impact",
                format!("there is no impact assessment `{kind}` in the packs of the project"),
                hint,
            ))
        }
        several => {
            let known: Vec<&str> = several.iter().map(|one| one.id.as_str()).collect();
            Err(Stop::usage(
                "impact",
                format!("several packs have `{kind}`"),
                format!("name one: {}", known.join(", ")),
            ))
        }
    }
}

fn owed(filled: &FilledAssessment) -> &'static str {
    match filled.owed {
        Owed::Yes => "owed",
        Owed::No => "not owed",
        Owed::Unknown(_) => "not known whether owed",
        Owed::Voluntary => "voluntary",
    }
}

fn overview(run: &Assessment, library: &Library, all: &[&Questionnaire], format: Plain) -> Result<u8, Stop> {
    let filled: Vec<(&SystemAssessment, Vec<FilledAssessment>)> = run
        .systems
        .iter()
        .map(|system| (system, all.iter().map(|one| fill(library, one, system)).collect()))
        .collect();
    let code = if filled.iter().flat_map(|(_, all)| all).any(is_open) { OPEN } else { 0 };
    if format == Plain::Json {
        let listed: Vec<_> =
            filled.iter().flat_map(|(system, all)| all.iter().map(move |one| as_json(system, one))).collect();
        print_json(&serde_json::json!({ "format": "medattest-impacts-v1", "assessments": listed }))?;
        return Ok(code);
    }
    let mut text = Text::new();
    for (system, all) in &filled {
        text.heading(&clean(&system.name));
        for one in all {
            let (items, answered, begun) = one.counts();
            let style = if is_open(one) { BAD } else { DIM };
            text.tagged(style, owed(one), 12, &clean(&format!("{}: {}", one.id, one.title)));
            text.styled(15, DIM, &format!("{items} items: {answered} answered, {begun} in part"));
        }
    }
    text.line("");
    text.styled(2, DIM, "medattest impact ID --system SYSTEM --write FILE.html writes one.");
    print(&text.into_string())?;
    Ok(code)
}

fn shown(system: &SystemAssessment, filled: &FilledAssessment) -> String {
    let mut text = Text::new();
    let (items, answered, begun) = filled.counts();
    text.line(&format!("{BOLD}{}{BOLD:#} for {} ({})", clean(&filled.title), clean(&system.name), owed(filled)));
    if let (Owed::Yes, Some(because)) = (&filled.owed, &filled.because) {
        text.paragraph(2, &clean(because));
    }
    if let Owed::Unknown(facts) = &filled.owed {
        text.styled(2, UNSURE, &clean(&format!("it turns on {}", facts.join(", "))));
    }
    text.line(&format!("  {items} items: {answered} answered, {begun} in part"));
    for score in &filled.scores {
        let open =
            if score.open == 0 { String::new() } else { format!("; {} items open, so it may rise", score.open) };
        text.paragraph(
            2,
            &clean(&format!(
                "{}: level {} ({} of {} points, mitigation {} of {}{open})",
                score.title, score.level.0, score.total, score.risk.1, score.mitigation.0, score.mitigation.1
            )),
        );
    }
    for section in &filled.sections {
        let open: Vec<_> = section.items.iter().filter(|item| !item.is_answered()).collect();
        let (all, left) = (section.items.len(), open.len());
        text.heading(&clean(&format!("{} ({} of {all} answered)", section.title, all - left)));
        for item in open {
            text.paragraph(2, &clean(&item.asks));
            for (key, question) in &item.missing {
                text.styled(4, UNSURE, &clean(&format!("state {key}: {question}")));
            }
            for (keys, question) in &item.undecided {
                text.styled(4, UNSURE, &clean(&format!("state {keys}: {question}")));
            }
            for (_, title) in &item.unmeasured {
                text.styled(4, UNSURE, &clean(&format!("measure: {title}")));
            }
            for (rule, title, outcome) in &item.measures {
                let style = if *outcome == Outcome::Met { GOOD } else { UNSURE };
                text.styled(4, style, &clean(&format!("{outcome}: {title} ({rule})")));
            }
            if let Some((name, write)) = &item.write {
                text.styled(4, DIM, &clean(&format!("write {name}: {write}")));
            }
        }
    }
    text.into_string()
}

fn as_json(system: &SystemAssessment, filled: &FilledAssessment) -> serde_json::Value {
    let sections: Vec<_> = filled
        .sections
        .iter()
        .map(|section| {
            let items: Vec<_> = section
                .items
                .iter()
                .map(|item| {
                    serde_json::json!({
                        "asks": item.asks,
                        "answered": item.is_answered(),
                        "facts": item.facts.iter().map(|(key, title, value, said)| serde_json::json!({
                            "key": key, "title": title, "value": value, "by": said,
                        })).collect::<Vec<_>>(),
                        "missing": item.missing.iter().map(|(key, question)| serde_json::json!({
                            "key": key, "question": question,
                        })).collect::<Vec<_>>(),
                        "unmeasured": item.unmeasured.iter().map(|(key, title)| serde_json::json!({
                            "key": key, "title": title,
                        })).collect::<Vec<_>>(),
                        "conclusions": item.conclusions.iter().map(|(key, title, value)| serde_json::json!({
                            "key": key, "title": title, "value": value,
                        })).collect::<Vec<_>>(),
                        "undecided": item.undecided.iter().map(|(keys, question)| serde_json::json!({
                            "keys": keys, "question": question,
                        })).collect::<Vec<_>>(),
                        "measures": item.measures.iter().map(|(rule, title, outcome)| serde_json::json!({
                            "rule": rule, "title": title, "outcome": outcome,
                        })).collect::<Vec<_>>(),
                        "write": item.write.as_ref().map(|(name, write)| serde_json::json!({
                            "item": name, "asks": write,
                        })),
                        "written": item.written.as_ref().map(|(text, said)| serde_json::json!({
                            "text": text, "by": said,
                        })),
                        "crosswalk": item.crosswalk,
                        "points": item.points.and_then(|(got, _)| got), "most": item.points.map(|(_, most)| most),
                    })
                })
                .collect();
            serde_json::json!({ "title": section.title, "part": section.part, "items": items })
        })
        .collect();
    let scores: Vec<_> = filled
        .scores
        .iter()
        .map(|score| {
            serde_json::json!({
                "id": score.id, "risk": score.risk.0, "most-risk": score.risk.1, "mitigation": score.mitigation.0,
                "most-mitigation": score.mitigation.1, "total": score.total, "level": score.level.0, "open": score.open,
            })
        })
        .collect();
    serde_json::json!({
        "format": "medattest-impact-v1", "system": system.id, "assessment": filled.id, "title": filled.title,
        "owed": owed(filled), "because": filled.because, "sections": sections, "scores": scores,
    })
}
