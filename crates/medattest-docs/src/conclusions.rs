//! What a system is under each regime, on paper.

use medattest_core::{Conclusion, ConclusionOutcome};

use crate::document::{Block, Cell, Inline, Tone};
use crate::dossier::{facts, law};
use crate::marks::{Marks, Rests};

/// The headline conclusions in full, the others in brief.
pub(crate) fn conclusions(conclusions: &[Conclusion], marks: Marks<'_>) -> Vec<Block> {
    let mut ordered: Vec<&Conclusion> = conclusions.iter().filter(|c| c.reached()).collect();
    ordered.sort_by_key(|c| &c.pack);
    let (headlines, others): (Vec<&Conclusion>, Vec<&Conclusion>) = ordered.into_iter().partition(|c| c.headline);
    let question = |c: &Conclusion, marks: Marks<'_>| {
        let key = format!("{}.{}", c.pack, c.id);
        let cell = Cell::line(vec![Inline::Strong(c.title.clone())]).and(vec![Inline::Code(key.clone())]);
        match &c.outcome {
            ConclusionOutcome::Known(value) => {
                let mut answer = vec![Inline::Tag(Tone::Plain, value.clone())];
                answer.extend(marks(Rests::Fact(&key)));
                cell.and(answer).and(vec![Inline::Small(c.meaning.clone())])
            }
            ConclusionOutcome::Unknown { could_be } => cell
                .and(vec![
                    Inline::Tag(Tone::Unsure, "unknown".into()),
                    Inline::Small(format!(" {}", could_be.join(" or "))),
                ])
                .and(vec![Inline::Small(format!("missing: {}", c.missing.join(", ")))]),
        }
    };
    let why = |c: &Conclusion| {
        let cell = Cell::line(vec![Inline::Text(c.because.clone())]);
        match &c.contested {
            Some(contested) => {
                cell.and(vec![Inline::Tag(Tone::Unsure, "contested".into()), Inline::Text(format!(" {contested}"))])
            }
            None => cell,
        }
    };
    let head = ["Question and answer", "Why, on which facts, under which law"].map(str::to_owned).to_vec();
    let mut rows = |chosen: Vec<&Conclusion>| -> Vec<Vec<Cell>> {
        chosen
            .into_iter()
            .map(|c| vec![question(c, marks), law(why(c).and(facts(&c.facts, marks)), &c.citations)])
            .collect()
    };
    let headlines = rows(headlines);
    let mut blocks = match headlines {
        rows if rows.is_empty() => {
            vec![Block::Paragraph(vec![Inline::Text("No regime that was looked at reaches the system.".into())])]
        }
        rows => vec![Block::Table { caption: None, head: head.clone(), rows }],
    };
    if !others.is_empty() {
        blocks.push(Block::Table { caption: Some("What these rest on".to_owned()), head, rows: rows(others) });
    }
    blocks
}

/// The headline conclusions for people who want the essence: what, why, under which law.
pub(crate) fn in_brief(conclusions: &[Conclusion], marks: Marks<'_>) -> Vec<Block> {
    let reached = conclusions.iter().filter(|c| c.headline && c.reached());
    let rows: Vec<Vec<Cell>> = reached
        .map(|c| {
            let (answer, why) = match &c.outcome {
                ConclusionOutcome::Known(value) => {
                    let mut answer = vec![Inline::Tag(Tone::Plain, value.clone())];
                    answer.extend(marks(Rests::Fact(&format!("{}.{}", c.pack, c.id))));
                    (answer, c.because.clone())
                }
                ConclusionOutcome::Unknown { could_be } => (
                    vec![Inline::Tag(Tone::Unsure, "unknown".into())],
                    format!("Undecided between {}.", could_be.join(", ")),
                ),
            };
            let first = c.citations.first().map(|cited| cited.citation.clone()).unwrap_or_default();
            let mut why = vec![Inline::Text(why)];
            if c.contested.is_some() {
                why.extend([Inline::Text(" ".into()), Inline::Tag(Tone::Unsure, "contested".into())]);
            }
            vec![Cell::text(c.title.clone()), Cell::line(answer), Cell::line(why).and(vec![Inline::Small(first)])]
        })
        .collect();
    if rows.is_empty() {
        return vec![Block::Paragraph(vec![Inline::Text("No regime that was looked at reaches the system.".into())])];
    }
    vec![Block::Table { caption: None, head: ["Question", "Answer", "Why"].map(str::to_owned).to_vec(), rows }]
}
