//! Impact assessments as papers.

use medattest_core::{ANSWERS, FilledAssessment, FilledItem, Owed, ScoreResult, VERSION};

use crate::document::{Block, Cell, Document, Inline, Tone, section, table, text};
use crate::finding::tone;
use crate::marks::{Marks, Rests, unmarked};

/// An impact assessment, answered as far as the run answers it.
pub fn impact_assessment(filled: &FilledAssessment, system: &str, as_of: &str) -> Document {
    marked(filled, system, as_of, &mut unmarked)
}

/// The same with source marks.
pub(crate) fn marked(filled: &FilledAssessment, system: &str, as_of: &str, marks: Marks<'_>) -> Document {
    let title = format!("{}: {system}", filled.title);
    let (items, answered, begun) = filled.counts();
    let (tone, owed) = match &filled.owed {
        Owed::Yes => (Tone::Bad, "It is owed".to_owned()),
        Owed::No => (Tone::Good, "It is not owed under the cited law".to_owned()),
        Owed::Unknown(facts) => (Tone::Unsure, format!("Whether it is owed is not known: {}", facts.join(", "))),
        Owed::Voluntary => (Tone::Plain, "No law that was read asks for it".to_owned()),
    };
    let tone = if answered == items && tone == Tone::Bad { Tone::Good } else { tone };
    let mut blocks = vec![
        Block::Heading { level: 1, text: text(&title), id: None },
        Block::Paragraph(vec![Inline::Small(format!(
            "Law and facts as of {as_of}{}. medattest {VERSION}.",
            filled.evidence_date.map(|date| format!("; evidence of the law of {date}")).unwrap_or_default()
        ))]),
        Block::Verdict {
            tone,
            title: format!("{answered} of {items} items answered, {begun} in part"),
            text: text(match &filled.because {
                Some(because) if filled.owed == Owed::Yes => format!("{owed}. {because}"),
                _ => format!("{owed}."),
            }),
        },
        Block::Note(text(
            "Answers are facts that people stated or that were measured, conclusions drawn from them, and the state of \
             measures under the rules named. What is marked a person has to state or write; nothing was invented. Not legal advice.",
        )),
    ];
    if !filled.citations.is_empty() {
        let line = |(citation, confidence): &(String, medattest_core::Confidence)| {
            vec![Inline::Text(citation.clone()), Inline::Small(format!(" ({confidence})"))]
        };
        blocks.push(Block::List(filled.citations.iter().map(line).collect()));
    }
    blocks.push(Block::Contents);
    if !filled.scores.is_empty() {
        blocks.push(section("Level", "level"));
        blocks.push(levels(&filled.scores));
    }
    for (number, part) in filled.sections.iter().enumerate() {
        blocks.push(section(&part.title, &format!("part-{number}")));
        if let Some(citation) = &part.part {
            blocks.push(Block::Note(text(citation)));
        }
        let rows = part.items.iter().map(|item| row(item, marks)).collect();
        blocks.push(table(&["Asked", "Answer", "Also asked by"], rows));
    }
    Document::new(title, blocks)
}

fn levels(scores: &[ScoreResult]) -> Block {
    let of = |(got, most): (u32, u32)| format!("{got} of {most}");
    let rows = scores.iter().map(|score| {
        let open =
            if score.open == 0 { "none".to_owned() } else { format!("{} items; the level may rise", score.open) };
        vec![
            Cell::text(&score.title),
            Cell::number(of(score.risk)),
            Cell::number(of(score.mitigation)),
            Cell::number(score.total.to_string()),
            Cell::line(vec![Inline::Strong(score.level.0.clone())]).and(vec![Inline::Small(score.level.1.clone())]),
            Cell::text(open),
        ]
    });
    Block::Table {
        caption: Some("Points by the published rule, over the items answered.".to_owned()),
        head: ["", "Risk", "Mitigation", "Total", "Level", "Open"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

fn row(item: &FilledItem, marks: Marks<'_>) -> Vec<Cell> {
    let mut answer = Cell::default();
    for (key, title, value, said) in &item.facts {
        let mut line = vec![Inline::Small(format!("{title}: ")), Inline::Text(value.clone())];
        line.extend(marks(Rests::Fact(key)));
        line.push(Inline::Small(format!(" ({said})")));
        answer = answer.and(line);
    }
    for (key, title, value) in &item.conclusions {
        let mut line = vec![Inline::Small(format!("{title} ")), Inline::Text(value.clone())];
        line.extend(marks(Rests::Fact(key)));
        answer = answer.and(line);
    }
    for (rule, title, outcome) in &item.measures {
        let mut line = vec![Inline::Tag(tone(*outcome), outcome.to_string()), Inline::Text(format!(" {title}"))];
        line.extend(marks(Rests::Rule(rule, *outcome)));
        line.extend([Inline::Text(" ".into()), Inline::Code(rule.clone())]);
        answer = answer.and(line);
    }
    for (key, question) in &item.missing {
        answer = answer.and(vec![
            Inline::Tag(Tone::Unsure, "to be stated".into()),
            Inline::Text(format!(" {question} ")),
            Inline::Code(key.clone()),
        ]);
    }
    for (keys, question) in &item.undecided {
        answer = answer.and(vec![
            Inline::Tag(Tone::Unsure, "undecided".into()),
            Inline::Text(format!(" {question} ")),
            Inline::Code(keys.clone()),
        ]);
    }
    for (_, title) in &item.unmeasured {
        answer =
            answer.and(vec![Inline::Tag(Tone::Unsure, "not measured".into()), Inline::Text(format!(" {title}"))]);
    }
    if let Some((text, said)) = &item.written {
        let mut line = vec![Inline::Text(text.clone())];
        line.extend(marks(Rests::Fact(ANSWERS)));
        line.push(Inline::Small(format!(" ({said})")));
        answer = answer.and(line);
    }
    if let Some((name, write)) = &item.write {
        answer = answer.and(vec![
            Inline::Tag(Tone::Unsure, "to be written".into()),
            Inline::Text(format!(" {write} ")),
            Inline::Code(name.clone()),
        ]);
    }
    let mut asked = Cell::text(&item.asks);
    if let Some((got, most)) = item.points {
        let got = got.map_or_else(|| "no".to_owned(), |got| got.to_string());
        asked = asked.and(vec![Inline::Small(format!("{got} of {most} points"))]);
    }
    let also =
        item.crosswalk.iter().fold(Cell::default(), |cell, place| cell.and(vec![Inline::Small(place.clone())]));
    vec![asked, answer, also]
}
