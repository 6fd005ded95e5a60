//! A document as the data that the page design reads.

use medattest_docs::{
    Block, Cell, DRAWN, Document, Front, Inline, Tone, breakable, drawing, is_long, is_small, last_rows, levelled,
    lines, lines_of_terms, size, widths, with_units,
};
use serde_json::{Value, json};

use crate::places::{Place, places};

/// Width and height of the text on a page, in millimetres, with room for a caption.
const TEXT: (f64, f64) = (169.0, 210.0);

/// Every file that the design reads.
pub(crate) fn files(document: &Document) -> Vec<(String, Vec<u8>)> {
    let none = Front::default();
    let front = document.front.as_ref().unwrap_or(&none);
    let head = &front.letterhead;
    let mut files = Vec::new();
    let mut drawn = 0;
    let linked = document.front.is_some();
    let levelled = levelled(&document.blocks);
    let parts = levelled.iter().filter(|block| matches!(block, Block::Heading { level: 2, .. })).count();
    let sources = levelled.iter().map(highest_source).max().unwrap_or_default();
    let mut blocks = Vec::new();
    for (block, place) in levelled.iter().zip(places(&levelled, front.sheet)) {
        blocks.push(self::block(block, &place, &mut |svg| {
            drawn += 1;
            let name = format!("/figure-{drawn}.svg");
            files.push((name.clone(), drawing(svg).into_bytes()));
            name
        }));
    }
    let manifest = !front.manifest.is_empty();
    if manifest {
        files.push(("/paper.json".to_owned(), front.manifest.clone().into_bytes()));
    }
    if let Some(logo) = &head.logo {
        files.push(("/logo.svg".to_owned(), logo.clone().into_bytes()));
    }
    let data = json!({
        "title": document.title,
        "author": if front.organisation.is_empty() { "medattest" } else { &front.organisation },
        "subject": if front.subject.is_empty() { &document.title } else { &front.subject },
        "status": front.status, "draft": front.draft, "margin": front.margin, "footer": head.footer,
        "date": date(front), "lines": head.lines, "logo": head.logo.is_some(),
        "accent": head.accent.as_deref().unwrap_or("#0b5cad"),
        "paper": if head.us_letter { "us-letter" } else { "a4" },
        "manifest": manifest, "linked": linked, "blocks": blocks, "parts": parts, "sources": sources,
    });
    files.push(("/document.json".to_owned(), data.to_string().into_bytes()));
    files
}

/// The highest number of a source that a block cites.
fn highest_source(block: &Block) -> usize {
    let of = |line: &[Inline]| {
        let cited = line.iter().flat_map(|inline| match inline {
            Inline::Cite(numbers) => numbers.as_slice(),
            _ => &[],
        });
        cited.copied().max().unwrap_or_default()
    };
    let cell = |cell: &Cell| cell.lines.iter().map(|line| of(line)).max().unwrap_or_default();
    match block {
        Block::Heading { text, .. } | Block::Paragraph(text) | Block::Note(text) | Block::Verdict { text, .. } => {
            of(text)
        }
        Block::List(items) => items.iter().map(|item| of(item)).max().unwrap_or_default(),
        Block::Table { rows, .. } => rows.iter().flatten().map(cell).max().unwrap_or_default(),
        Block::Terms(rows) => rows.iter().map(|(name, value)| of(name).max(cell(value))).max().unwrap_or_default(),
        Block::Figure { .. } | Block::Contents | Block::Page => 0,
    }
}

/// Year, month and day. Archives want a date; reports without one get that of nothing.
fn date(front: &Front) -> Value {
    front.day.map_or(json!([2000, 1, 1]), |day| json!([day.year(), day.month(), day.day()]))
}

/// A block at its place.
fn block(block: &Block, place: &Place, draw: &mut dyn FnMut(&str) -> String) -> Value {
    let Place { fresh, sticky, last } = *place;
    match block {
        Block::Heading { level: 1, text, .. } => json!({ "kind": "title", "text": line(text) }),
        Block::Heading { level, text, id } => {
            json!({ "kind": "heading", "level": level - 1, "text": line(text), "id": id, "fresh": fresh })
        }
        Block::Paragraph(text) => json!({ "kind": "paragraph", "text": line(text), "sticky": sticky }),
        Block::Note(text) => json!({ "kind": "note", "text": line(text), "sticky": sticky }),
        Block::List(items) => {
            let items: Vec<Value> = items.iter().map(|item| line(item)).collect();
            json!({ "kind": "list", "items": items, "sticky": sticky })
        }
        Block::Table { caption, head, rows } => {
            let shares = widths(head, rows);
            let number: Vec<bool> = (0..shares.len())
                .map(|column| rows.iter().any(|row| row.get(column).is_some_and(|cell| cell.number)))
                .collect();
            let lines = lines(rows, &shares);
            let mut heads: Vec<String> = head.clone();
            heads.resize(shares.len(), String::new());
            let rows: Vec<Value> = rows
                .iter()
                .zip(&lines)
                .map(|(row, lines)| {
                    let mut cells: Vec<Value> = row.iter().map(cell).collect();
                    cells.resize(shares.len(), Value::String(String::new()));
                    json!({ "cells": cells, "long": is_long(*lines) })
                })
                .collect();
            json!({
                "kind": "table", "caption": caption, "head": heads, "widths": shares, "number": number, "rows": rows,
                "small": is_small(&lines), "last": last_rows(&lines, last), "sticky": sticky,
            })
        }
        Block::Terms(rows) => {
            let lines = lines_of_terms(rows);
            let rows: Vec<Value> = rows
                .iter()
                .zip(&lines)
                .map(|((name, value), lines)| {
                    json!({ "name": line(name), "cell": cell(value), "long": is_long(*lines) })
                })
                .collect();
            let (small, last) = (is_small(&lines), last_rows(&lines, last));
            json!({ "kind": "terms", "rows": rows, "last": last, "small": small, "sticky": sticky })
        }
        Block::Figure { svg, caption } => {
            // Both sides are said, or a drawing at the foot of a page would shrink instead of moving on.
            let (width, height) = size(svg).unwrap_or((DRAWN, DRAWN / 2.0));
            let scale = (TEXT.0 / DRAWN).min(TEXT.0 / width).min(TEXT.1 / height);
            json!({
                "kind": "figure", "file": draw(svg), "caption": caption, "width": width * scale, "height": height * scale,
                "sticky": sticky,
            })
        }
        Block::Verdict { tone, title, text } => {
            json!({ "kind": "verdict", "tone": self::tone(*tone), "title": title, "text": line(text) })
        }
        Block::Contents => json!({ "kind": "contents" }),
        Block::Page => json!({ "kind": "page" }),
    }
}

/// A cell: its text where it is one plain line, else its lines.
fn cell(cell: &Cell) -> Value {
    match cell.lines.as_slice() {
        [] => Value::String(String::new()),
        [only] if let Value::String(text) = line(only) => Value::String(text),
        lines => lines.iter().map(|text| line(text)).collect(),
    }
}

/// A line, as short as it can be told, for every step of the design costs time: its text where it is plain, its piece
/// where it is one, else its pieces, of which plain ones are texts and marks of one source numbers.
fn line(text: &[Inline]) -> Value {
    let mut pieces: Vec<Value> = Vec::new();
    for inline in text {
        let piece = match inline {
            Inline::Text(text) => {
                let text = long_words(text);
                if let Some(Value::String(before)) = pieces.last_mut() {
                    before.push_str(&text);
                    continue;
                }
                Value::String(text)
            }
            Inline::Strong(text) => json!({ "k": "strong", "v": long_words(text) }),
            Inline::Code(text) => json!({ "k": "code", "v": breakable(text) }),
            Inline::Small(text) => json!({ "k": "small", "v": long_words(text) }),
            Inline::Tag(tone, text) => json!({ "k": "tag", "v": text, "tone": self::tone(*tone) }),
            Inline::Cite(numbers) => match numbers.as_slice() {
                [one] => json!(one),
                numbers => json!({ "k": "cite", "v": numbers }),
            },
            Inline::Source(number) => json!({ "k": "source", "v": number }),
        };
        pieces.push(piece);
    }
    match pieces.as_mut_slice() {
        [] => Value::String(String::new()),
        [only] if !only.is_number() => only.take(),
        _ => Value::Array(pieces),
    }
}

/// Only words that would not fit a column are given places to break.
fn long_words(text: &str) -> String {
    let text = with_units(text);
    if text.split_whitespace().any(|word| word.chars().count() > 18) {
        let words: Vec<String> = text
            .split(' ')
            .map(|word| if word.chars().count() > 18 { breakable(word) } else { word.to_owned() })
            .collect();
        return words.join(" ");
    }
    text.into_owned()
}

fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Unsure => "unsure",
        Tone::Plain => "plain",
    }
}
