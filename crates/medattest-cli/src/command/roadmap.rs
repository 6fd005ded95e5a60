//! `roadmap`: what begins to apply when, for each system or for the organisation.

use std::collections::BTreeMap;

use jiff::civil::Date;
use medattest_core::output::json;
use medattest_core::{Assessment, Milestone};

use super::{Stop, Text, assessed, print, print_json};
use crate::arguments::{Plain, RoadmapOptions};
use crate::terminal::{BOLD, DIM, UNSURE, clean, outcome_style};

pub(crate) fn run(options: &RoadmapOptions) -> Result<u8, Stop> {
    let (_, run) = assessed(&options.project.on)?;
    match (options.project.format, options.together) {
        (Plain::Json, false) => {
            let systems: serde_json::Map<String, serde_json::Value> = run
                .systems
                .iter()
                .map(|system| {
                    let milestones: Vec<_> = system.roadmap.iter().map(json::milestone).collect();
                    (system.id.clone(), serde_json::json!(milestones))
                })
                .collect();
            print_json(&serde_json::json!({ "format": "medattest-roadmap-v1", "systems": systems }))?;
        }
        (Plain::Json, true) => {
            let milestones: Vec<_> = together(&run)
                .into_iter()
                .map(|(at, systems)| {
                    let systems: Vec<_> = systems
                        .iter()
                        .map(|(name, milestone)| {
                            serde_json::json!({ "system": name, "milestone": json::milestone(milestone) })
                        })
                        .collect();
                    serde_json::json!({
                        "date": at.0.to_string(), "days": days(&run, at.0), "title": at.1, "systems": systems,
                    })
                })
                .collect();
            let format = "medattest-organisation-roadmap-v1";
            print_json(&serde_json::json!({ "format": format, "milestones": milestones }))?;
        }
        (Plain::Terminal, false) => print(&by_system(&run))?,
        (Plain::Terminal, true) => print(&by_date(&run))?,
    }
    Ok(0)
}

/// The same change of law for several systems is one line, with each system it concerns.
type Together<'a> = BTreeMap<(Date, &'a str, Option<&'a str>), Vec<(&'a str, &'a Milestone)>>;

fn together(run: &Assessment) -> Together<'_> {
    let mut all: Together<'_> = BTreeMap::new();
    for system in &run.systems {
        for milestone in &system.roadmap {
            let at = (milestone.date, milestone.title.as_str(), milestone.citation.as_deref());
            all.entry(at).or_default().push((&system.name, milestone));
        }
    }
    all
}

/// How long there is until then.
fn days(run: &Assessment, date: Date) -> i64 {
    date.since(run.as_of).map_or(0, |span| i64::from(span.get_days()))
}

fn date_line(text: &mut Text, run: &Assessment, date: Date) {
    let left = match days(run, date) {
        1 => "in 1 day".to_owned(),
        n => format!("in {n} days"),
    };
    text.line(&format!("  {BOLD}{date}{BOLD:#}  {DIM}{left}{DIM:#}"));
}

fn law(text: &mut Text, milestone: &Milestone) {
    text.paragraph(4, &clean(&milestone.title));
    if let Some(citation) = &milestone.citation {
        let status = milestone.status.map(|s| format!(" ({s})")).unwrap_or_default();
        text.styled(4, DIM, &clean(&format!("{citation}{status}")));
    }
    if let Some(contested) = &milestone.contested {
        text.styled(4, UNSURE, &clean(&format!("Contested: {contested}")));
    }
}

fn wanting(text: &mut Text, milestone: &Milestone, before: &str) {
    for rule in &milestone.rules {
        let missing = match rule.missing.as_slice() {
            [] => String::new(),
            missing => format!("; missing: {}", missing.join(", ")),
        };
        let line = format!("{before}{}{missing}", rule.rule);
        text.tagged(outcome_style(rule.outcome), &format!("  {}", rule.outcome), 16, &clean(&line));
    }
}

fn by_system(run: &Assessment) -> String {
    let mut text = Text::new();
    for system in &run.systems {
        text.heading(&clean(&system.name));
        if system.roadmap.is_empty() {
            text.paragraph(2, "Nothing the packs know of changes for it after this day.");
        }
        let mut day = None;
        for milestone in &system.roadmap {
            if day != Some(milestone.date) {
                date_line(&mut text, run, milestone.date);
                day = Some(milestone.date);
            }
            law(&mut text, milestone);
            wanting(&mut text, milestone, "");
        }
    }
    text.into_string()
}

fn by_date(run: &Assessment) -> String {
    let mut text = Text::new();
    let all = together(run);
    let who = run.organisation.clone().unwrap_or_else(|| "All systems".to_owned());
    text.heading(&clean(&format!("{who}: {} changes ahead", all.len())));
    let mut day = None;
    for ((date, _, _), systems) in &all {
        if day != Some(*date) {
            date_line(&mut text, run, *date);
            day = Some(*date);
        }
        if let Some((_, milestone)) = systems.first() {
            law(&mut text, milestone);
        }
        let names: Vec<&str> = systems.iter().map(|(name, _)| *name).collect();
        text.styled(4, DIM, &clean(&names.join(", ")));
        for (name, milestone) in systems {
            wanting(&mut text, milestone, &format!("{name}: "));
        }
    }
    text.into_string()
}
