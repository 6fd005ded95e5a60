//! `questions`: what would have to be known.

use medattest_core::output::json;

use super::{Stop, Text, assessed, print, print_json};
use crate::arguments::{Plain, ProjectOptions};
use crate::terminal::{DIM, clean};

pub(crate) fn run(options: &ProjectOptions) -> Result<u8, Stop> {
    let (_, run) = assessed(&options.on)?;
    let mut text = Text::new();
    let mut systems = serde_json::Map::new();
    for system in &run.systems {
        if options.format == Plain::Json {
            let questions: Vec<_> = system.questions.iter().map(json::question).collect();
            systems.insert(system.id.clone(), serde_json::json!(questions));
            continue;
        }
        let noun = if system.questions.len() == 1 { "question" } else { "questions" };
        text.heading(&format!("{}: {} open {noun}", clean(&system.name), system.questions.len()));
        let width = system.questions.len().to_string().len().max(2) + 1;
        for (index, question) in system.questions.iter().enumerate() {
            text.tagged(DIM, &format!("{}.", index + 1), width, &clean(&question.question));
            if !question.help.is_empty() {
                text.styled(6, DIM, &clean(&question.help));
            }
            text.paragraph(6, &clean(&question.answer));
            let decides: Vec<&str> = question.conclusions.iter().chain(&question.rules).map(String::as_str).collect();
            let shown = decides.iter().take(4).copied().collect::<Vec<_>>().join(", ");
            let more = if decides.len() > 4 { format!(" and {} more", decides.len() - 4) } else { String::new() };
            text.styled(6, DIM, &format!("decides {shown}{more}"));
        }
    }
    match options.format {
        Plain::Json => {
            print_json(&serde_json::json!({ "format": "medattest-questions-v1", "systems": systems }))?;
        }
        Plain::Terminal => print(&text.into_string())?,
    }
    Ok(0)
}
