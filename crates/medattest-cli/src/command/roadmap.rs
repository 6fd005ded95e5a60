//! `roadmap`: what begins to apply when.

use medattest_core::output::json;

use super::questions::assessed;
use super::{Stop, Text, print, print_json};
use crate::arguments::{Plain, ProjectOptions};
use crate::terminal::{BOLD, DIM, UNSURE, clean, outcome_style};

pub(crate) fn run(options: &ProjectOptions) -> Result<u8, Stop> {
    let run = assessed(options)?;
    let mut text = Text::new();
    let mut systems = serde_json::Map::new();
    for system in &run.systems {
        if options.format == Plain::Json {
            let milestones: Vec<_> = system.roadmap.iter().map(json::milestone).collect();
            systems.insert(system.id.clone(), serde_json::json!(milestones));
            continue;
        }
        text.heading(&clean(&system.name));
        if system.roadmap.is_empty() {
            text.paragraph(2, "Nothing the packs know of changes for it after this day.");
        }
        let mut day = None;
        for milestone in &system.roadmap {
            if day != Some(milestone.date) {
                text.line(&format!("  {BOLD}{}{BOLD:#}", milestone.date));
                day = Some(milestone.date);
            }
            text.paragraph(4, &clean(&milestone.title));
            if let Some(citation) = &milestone.citation {
                let status = milestone.status.map(|s| format!(" ({s})")).unwrap_or_default();
                text.styled(4, DIM, &clean(&format!("{citation}{status}")));
            }
            if let Some(contested) = &milestone.contested {
                text.styled(4, UNSURE, &clean(&format!("Contested: {contested}")));
            }
            for rule in &milestone.rules {
                let missing = match rule.missing.as_slice() {
                    [] => String::new(),
                    missing => format!("; missing: {}", missing.join(", ")),
                };
                let line = format!("{}{missing}", rule.rule);
                text.tagged(outcome_style(rule.outcome), &format!("  {}", rule.outcome), 16, &clean(&line));
            }
        }
    }
    match options.format {
        Plain::Json => print_json(&serde_json::json!({ "format": "medattest-roadmap-v1", "systems": systems }))?,
        Plain::Terminal => print(&text.into_string())?,
    }
    Ok(0)
}
