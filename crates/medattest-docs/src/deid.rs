//! The Safe Harbor audit as a paper: for each identifier what was looked for, what was found, where and how surely.

use medattest_core::VERSION;
use medattest_core::output::thousands;
use medattest_deid::{FieldClass, Kind, Kinds, Policy, SourceTally, Survey};

use crate::document::{Block, Cell, Document, Inline, Tone, section, text};

/// The report on an audit of files.
pub fn deid_report(survey: &Survey, kinds: &Kinds, policy: &Policy) -> Document {
    let mut blocks = vec![Block::Heading { level: 1, text: text("De-identification audit"), id: None }];
    let n = survey.detections();
    blocks.push(Block::Verdict {
        tone: if n == 0 { Tone::Good } else { Tone::Bad },
        title: if n == 0 { "Nothing found".to_owned() } else { format!("{} identifiers found", thousands(n)) },
        text: text(format!("{} ({})", policy.basis, policy.citation)),
    });
    blocks.push(Block::Paragraph(text(format!(
        "{} files with {} records were read under the policy “{}”, with {}. {} files were not read.",
        thousands(survey.files),
        thousands(survey.records),
        policy.title,
        survey.layers,
        thousands(survey.unread.len() as u64)
    ))));
    blocks.push(Block::Note(text(
        "This report shows counts, places and shapes (letters as A and a, digits as 9), never a value. It measures; it \
         does not say that data are de-identified. No tool finds everything.",
    )));
    blocks.push(Block::Contents);
    blocks.push(section("The eighteen identifiers", "identifiers"));
    blocks.push(identifiers(survey, kinds, policy));
    let tables: Vec<&SourceTally> = survey.sources.iter().filter(|s| s.form != "text").collect();
    if !tables.is_empty() {
        blocks.push(section("Tables", "tables"));
        for source in tables.iter().take(MOST) {
            blocks.extend(table(source));
        }
    }
    let texts: Vec<&SourceTally> = survey.sources.iter().filter(|s| s.form == "text").collect();
    if !texts.is_empty() {
        blocks.push(section("Texts", "texts"));
        blocks.push(places(&texts));
    }
    if !survey.unread.is_empty() {
        blocks.push(section("Not read", "unread"));
        let line =
            |u: &medattest_deid::Unread| vec![Inline::Code(u.path.clone()), Inline::Text(format!(": {}", u.reason))];
        blocks.push(Block::List(survey.unread.iter().take(MOST * 4).map(line).collect()));
    }
    blocks.push(section("What was not judged", "limits"));
    blocks.push(Block::List(vec![
        text(
            "Whether anybody knows that what remains could identify someone, alone or together with other information: \
             45 CFR 164.514(b)(2)(ii). State it in the system file as `deid.actual-knowledge`.",
        ),
        text("Images, sound and other files that are not text: faces and voices are identifiers too."),
        text("Names in scripts other than Latin are found only after words such as “patient”."),
        text("Kinds that the policy keeps are not counted."),
    ]));
    blocks.push(section("How to check this report", "provenance"));
    blocks.push(Block::Paragraph(vec![
        Inline::Text(format!("medattest {VERSION}; recognizers ")),
        Inline::Code(survey.recognizers_sha256.clone()),
        Inline::Text("; files ".into()),
        Inline::Code(survey.sha256.clone()),
        Inline::Text(format!("; ages reckoned by {}. The same files give the same report.", survey.year)),
    ]));
    Document::new("De-identification audit".to_owned(), blocks)
}

/// Files of one sort that are shown.
const MOST: usize = 50;

fn identifiers(survey: &Survey, kinds: &Kinds, policy: &Policy) -> Block {
    let mut rows = Vec::new();
    for identifier in &kinds.identifiers {
        for kind in Kind::ALL.iter().filter(|kind| kinds.of(**kind).letter == identifier.letter) {
            let definition = kinds.of(*kind);
            let total = survey.totals.get(kind).copied().unwrap_or_default();
            let state = if !policy.removes(*kind) {
                Inline::Tag(Tone::Plain, "kept".into())
            } else if total.detections == 0 {
                Inline::Tag(Tone::Good, "none found".into())
            } else {
                Inline::Tag(Tone::Bad, "found".into())
            };
            rows.push(vec![
                Cell::text(format!("({})", identifier.letter)),
                Cell::text(definition.title.clone()).and(if definition.note.is_empty() {
                    Vec::new()
                } else {
                    vec![Inline::Small(definition.note.clone())]
                }),
                Cell::line(vec![state]),
                Cell::number(thousands(total.detections)),
                Cell::number(thousands(total.sure)),
                Cell::number(thousands(total.files)),
                Cell::text(definition.citation.clone())
                    .and(vec![Inline::Small(format!("citation checked: {}", definition.confidence))]),
            ]);
        }
    }
    let head = ["", "What was looked for", "", "Found", "Score 0.9 and more", "Files", "Citation"];
    Block::Table {
        caption: Some("45 CFR 164.514(b)(2)(i), kind by kind.".into()),
        head: head.map(str::to_owned).to_vec(),
        rows,
    }
}

fn table(source: &SourceTally) -> Vec<Block> {
    let mut rows = Vec::new();
    for field in &source.fields {
        let class = field.class.map_or("", FieldClass::id);
        let name = Cell::line(vec![Inline::Code(field.name.clone())]);
        let filled = Cell::number(thousands(field.tally.filled));
        let distinct = Cell::number(field.distinct.map_or("many".to_owned(), thousands));
        if field.tally.kinds.is_empty() {
            rows.push(vec![
                name,
                Cell::text(class),
                filled,
                distinct,
                Cell::text("–"),
                Cell::text(""),
                Cell::text(""),
            ]);
            continue;
        }
        let mut found = Cell::default();
        let mut shapes = Cell::default();
        let mut grounds = Cell::default();
        for (kind, tally) in &field.tally.kinds {
            found = found.and(text(format!(
                "{}: {} in {} cells",
                kind.id(),
                thousands(tally.detections),
                thousands(tally.cells)
            )));
            shapes = shapes.and(vec![Inline::Code(tally.examples.iter().cloned().collect::<Vec<_>>().join(" · "))]);
            let mut by: Vec<(&String, &u64)> = tally.grounds.iter().collect();
            by.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
            let by: Vec<String> = by.iter().take(2).map(|(g, n)| format!("{g} ({})", thousands(**n))).collect();
            grounds = grounds.and(vec![Inline::Small(by.join("; "))]);
        }
        rows.push(vec![name, Cell::text(class), filled, distinct, found, shapes, grounds]);
    }
    let head = ["Column", "Is", "Filled", "Distinct", "Found", "Looks like", "Found by"];
    let mut blocks = vec![Block::Heading { level: 3, text: vec![Inline::Code(source.path.clone())], id: None }];
    blocks.push(Block::Table {
        caption: Some(format!("{} rows; sha256 {}.", thousands(source.records), source.sha256)),
        head: head.map(str::to_owned).to_vec(),
        rows,
    });
    blocks.extend(source.notes.iter().map(|note| Block::Note(text(note))));
    blocks
}

fn places(texts: &[&SourceTally]) -> Block {
    const PLACES: usize = 400;
    let mut rows = Vec::new();
    'all: for source in texts {
        for (kind, tally) in source.fields.iter().flat_map(|f| &f.tally.kinds) {
            for place in &tally.places {
                if rows.len() == PLACES {
                    break 'all;
                }
                rows.push(vec![
                    Cell::line(vec![Inline::Code(format!("{}:{}", source.path, place.row))]),
                    Cell::text(format!("{}–{}", place.start, place.end)),
                    Cell::text(kind.id()),
                    Cell::number(format!("{:.2}", place.score)),
                    Cell::line(vec![Inline::Small(place.grounds.clone())]),
                ]);
            }
        }
    }
    let caption = format!("The first {} places; the JSON report lists up to 20 of each kind and file.", rows.len());
    let head = ["File and line", "Bytes", "Kind", "Score", "Found by"];
    Block::Table { caption: Some(caption), head: head.map(str::to_owned).to_vec(), rows }
}
