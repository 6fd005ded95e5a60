//! `minimum`: what a system reads against what its purpose needs.

use medattest_core::output::thousands;
use medattest_core::{InputField, InputShare, SystemAssessment, Value};

use super::{Stop, Text, assessed, print, print_json};
use crate::arguments::{Plain, ProjectOptions};
use crate::terminal::{BAD, DIM, GOOD, UNSURE, clean};

pub(crate) fn run(options: &ProjectOptions) -> Result<u8, Stop> {
    let (_, run) = assessed(&options.on)?;
    if options.format == Plain::Json {
        let systems: Vec<_> = run.systems.iter().map(as_json).collect();
        print_json(&serde_json::json!({ "format": "medattest-minimum-v1", "systems": systems }))?;
        return Ok(0);
    }
    let mut text = Text::new();
    for system in &run.systems {
        one(&mut text, system);
    }
    text.line("");
    text.styled(2, DIM, "A field the output does not move with, by itself, may still matter together with others;");
    text.styled(2, DIM, "one it moves with may still not be needed. Both are questions, not answers.");
    print(&text.into_string())?;
    Ok(0)
}

fn exemptions(system: &SystemAssessment) -> Vec<String> {
    match system.facts.value("input.minimum-exemption") {
        Some(Value::List(named)) => named.iter().map(ToString::to_string).filter(|name| name != "none").collect(),
        _ => Vec::new(),
    }
}

fn shares<'a>(system: &'a SystemAssessment, field: &'a InputField) -> impl Iterator<Item = &'a InputShare> {
    system.inputs.shares.iter().filter(move |share| share.field == field.name)
}

fn told(share: &InputShare) -> String {
    match &share.association {
        Ok(found) => {
            let p = share.holm.map(|p| if p < 0.001 { ", p < 0.001".to_owned() } else { format!(", p = {p:.3}") });
            format!(
                "tells {:.1} % of the output in {} (n = {}{})",
                found.share * 100.0,
                share.table,
                thousands(found.n),
                p.unwrap_or_default()
            )
        }
        Err(reason) => format!("not compared in {}: {reason}", share.table),
    }
}

fn one(text: &mut Text, system: &SystemAssessment) {
    text.heading(&clean(&system.name));
    if system.inputs.fields.is_empty() {
        text.paragraph(2, "No field is declared; describe what it reads with [[input.fields]] in the system file.");
        return;
    }
    let exempt = exemptions(system);
    if !exempt.is_empty() {
        text.paragraph(2, &clean(&format!("exempt from minimum necessary as stated: {}", exempt.join(", "))));
    }
    let weak = system.inputs.weak();
    for field in &system.inputs.fields {
        let idle = weak.contains(&field.name.as_str());
        let (style, word) = match (field.needed, idle) {
            (Some(false), _) => (BAD, "not needed"),
            (None, _) => (UNSURE, "not said"),
            (Some(true), true) => (UNSURE, "idle?"),
            (Some(true), false) => (GOOD, "needed"),
        };
        let holds = field.holds.as_ref().map(|holds| format!(" ({holds})")).unwrap_or_default();
        text.tagged(style, word, 10, &clean(&format!("{}{holds}", field.name)));
        if let Some(why) = &field.why {
            text.styled(13, DIM, &clean(why));
        }
        for share in shares(system, field) {
            text.styled(13, DIM, &clean(&told(share)));
        }
    }
}

fn as_json(system: &SystemAssessment) -> serde_json::Value {
    let weak = system.inputs.weak();
    let fields: Vec<_> = system
        .inputs
        .fields
        .iter()
        .map(|field| {
            let compared: Vec<_> = shares(system, field)
                .map(|share| match &share.association {
                    Ok(found) => serde_json::json!({
                        "table": share.table, "n": found.n, "values": found.values, "share": found.share,
                        "p": found.p, "holm": share.holm,
                    }),
                    Err(reason) => serde_json::json!({ "table": share.table, "because": reason }),
                })
                .collect();
            serde_json::json!({
                "field": field.name, "holds": field.holds, "needed": field.needed, "why": field.why,
                "column": field.column, "compared": compared, "idle": weak.contains(&field.name.as_str()),
            })
        })
        .collect();
    serde_json::json!({ "system": system.id, "exemptions": exemptions(system), "fields": fields })
}
