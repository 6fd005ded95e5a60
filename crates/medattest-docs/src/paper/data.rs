//! What papers show of data and of planned changes.

use medattest_core::output::paper::few;
use medattest_core::output::thousands;
use medattest_core::{InputShare, SystemAssessment, TableProfile, Value};

use super::{Filling, source};
use crate::document::{Block, Cell, Inline, Tone, table, text};

/// Columns of a table that are shown.
const MOST: usize = 120;

impl Filling<'_> {
    pub(super) fn data_profile(&mut self, system: &SystemAssessment, smallest: u64) -> Vec<Block> {
        let mut blocks = Vec::new();
        for profile in &system.profiles {
            let cite = self.cite(source::of_profile(&system.id, profile));
            blocks.push(Block::Paragraph(vec![
                Inline::Strong(format!("Table {} ", profile.table)),
                Inline::Text(format!(
                    "({} data): {} rows, {} columns",
                    profile.use_,
                    few(profile.rows, smallest),
                    profile.columns.len()
                )),
                cite,
                Inline::Text(".".into()),
            ]));
            blocks.push(columns(profile, smallest));
        }
        for survey in &system.surveys {
            let cite = self.cite(source::of_survey(&system.id, survey));
            let found = &survey.survey;
            blocks.push(Block::Paragraph(vec![
                Inline::Strong(format!("Dataset {}: ", survey.dataset)),
                Inline::Text(format!(
                    "{} records were searched for identifiers under policy {}; {} detections",
                    thousands(found.records),
                    found.policy,
                    thousands(found.detections())
                )),
                cite,
                Inline::Text(".".into()),
            ]));
        }
        blocks
    }

    pub(super) fn inputs(&mut self, system: &SystemAssessment) -> Vec<Block> {
        let read = &system.inputs;
        if read.fields.is_empty() {
            return Vec::new();
        }
        if let Some((fact, _)) = self.known("input.fields") {
            let cite = self.cite_fact(fact);
            let line = vec![Inline::Text("Fields that the system reads, as declared".into()), cite];
            let rows = read.fields.iter().map(|field| {
                let share: Vec<String> =
                    read.shares.iter().filter(|share| share.field == field.name).map(told).collect();
                vec![
                    Cell::text(&field.name).and(text(field.holds.clone().unwrap_or_default())),
                    Cell::text(match field.needed {
                        Some(true) => "needed",
                        Some(false) => "not needed",
                        None => "not stated",
                    }),
                    Cell::text(field.why.clone().unwrap_or_else(|| "–".to_owned())),
                    Cell::text(if share.is_empty() { "not compared".to_owned() } else { share.join("; ") }),
                ]
            });
            let head = ["Field", "Needed", "Why", "Told of the output"];
            return vec![Block::Paragraph(line), table(&head, rows.collect())];
        }
        Vec::new()
    }

    /// Modifications in rows, steps of the protocol in columns, part by part.
    pub(super) fn traceability(&mut self, system: &SystemAssessment) -> Vec<Block> {
        let records = |key: &str| match system.facts.value(key) {
            Some(Value::List(records)) => records.clone(),
            _ => Vec::new(),
        };
        let text_of = |record: &Value, key: &str| match record {
            Value::Record(fields) => fields.get(key).map(ToString::to_string).unwrap_or_default(),
            _ => String::new(),
        };
        let steps_of = |record: &Value| match record {
            Value::Record(fields) => match fields.get("steps") {
                Some(Value::List(steps)) => steps.iter().map(ToString::to_string).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        let (modifications, protocol) = (records("change.modifications"), records("change.protocol"));
        if modifications.is_empty() || protocol.is_empty() {
            return Vec::new();
        }
        let parts = [
            ("data", "Data management"),
            ("retraining", "Re-training"),
            ("evaluation", "Performance evaluation"),
            ("update", "Update procedure"),
        ];
        let rows = modifications.iter().map(|modification| {
            let steps: Vec<String> = steps_of(modification);
            let mut row = vec![
                Cell::line(vec![Inline::Strong(text_of(modification, "id"))])
                    .and(text(text_of(modification, "what"))),
            ];
            for (part, _) in parts {
                let mine: Vec<String> = protocol
                    .iter()
                    .filter(|step| text_of(step, "part") == part && steps.contains(&text_of(step, "id")))
                    .map(|step| text_of(step, "id"))
                    .collect();
                row.push(if mine.is_empty() {
                    Cell::line(vec![Inline::Tag(Tone::Unsure, "no step".into())])
                } else {
                    Cell::text(mine.join(", "))
                });
            }
            row
        });
        let mut head = vec!["Modification"];
        head.extend(parts.iter().map(|(_, title)| *title));
        let mut blocks = vec![table(&head, rows.collect())];
        let known: Vec<String> = protocol.iter().map(|step| text_of(step, "id")).collect();
        let lost: Vec<String> =
            modifications.iter().flat_map(steps_of).filter(|step: &String| !known.contains(step)).collect();
        if !lost.is_empty() {
            blocks.push(Block::Paragraph(vec![
                Inline::Tag(Tone::Bad, "not in the protocol".into()),
                Inline::Text(format!(" Steps that modifications name: {}.", lost.join(", "))),
            ]));
        }
        let mut numbers = Vec::new();
        for key in ["change.modifications", "change.protocol"] {
            if let Some((fact, _)) = self.known(key) {
                numbers.push(self.fact_number(self.system_id(), fact));
            }
        }
        blocks.insert(0, Block::Paragraph(vec![Inline::Text("As planned".into()), Inline::Cite(numbers)]));
        blocks
    }
}

/// Columns, what they hold and what they lack.
fn columns(profile: &TableProfile, smallest: u64) -> Block {
    let rows = profile.columns.iter().take(MOST).map(|column| {
        // How many lack a value tells how many have one, and the other way round.
        let told = [column.missing, profile.rows.saturating_sub(column.missing)];
        let withheld = told.iter().any(|n| (1..smallest).contains(n));
        let (missing, share) = if withheld {
            ("withheld".to_owned(), "–".to_owned())
        } else {
            let share = 100.0 * column.missing as f64 / (profile.rows.max(1)) as f64;
            (thousands(column.missing), format!("{share:.1} %"))
        };
        vec![
            Cell::line(vec![Inline::Code(column.name.clone())]),
            Cell::text(&column.holds),
            Cell::number(missing),
            Cell::number(share),
        ]
    });
    table(&["Column", "Holds", "Missing", "Share"], rows.collect())
}

/// What a field tells of the output.
fn told(share: &InputShare) -> String {
    match &share.association {
        Ok(found) => format!("{:.1} % in {}", found.share * 100.0, share.table),
        Err(because) => format!("not compared in {}: {because}", share.table),
    }
}
