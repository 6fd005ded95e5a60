//! How well identifiers are found in labelled notes.

use std::io::Read as _;

use medattest_core::output::thousands;
use medattest_deid::{Found, Kind, Labels, Right, Score, read_gold};
use medattest_metrics::RateInterval;
use serde_json::{Value, json};

use super::{further, resources, scanner};
use crate::arguments::{DeidEval, DeidFormat};
use crate::command::{Stop, Text, print, print_json};
use crate::deid::unusable;
use crate::terminal::DIM;

pub(super) fn eval(options: &DeidEval) -> Result<u8, Stop> {
    let resources = resources(&options.how)?;
    let (scanner, policy, _) = scanner(&options.how, &resources)?;
    let further = further(&options.how, &resources)?;
    let labels = Labels::load(&resources).map_err(|error| unusable(&error))?;
    let (mut scratch, mut found, mut score) = (scanner.scratch(), Vec::new(), Score::default());
    for path in &options.gold {
        const LARGEST: u64 = 512 << 20;
        let shown = path.display().to_string();
        let unreadable =
            |_| Stop::usage(&shown, "the file cannot be read as text", "check the path and its encoding");
        let mut text = String::new();
        std::fs::File::open(path).map_err(unreadable)?.take(LARGEST).read_to_string(&mut text).map_err(unreadable)?;
        let notes = read_gold(&text, &labels).map_err(|error| {
            let place = if error.note == 0 { shown.clone() } else { format!("{shown}, note {}", error.note) };
            Stop::usage(&place, error.message, error.hint)
        })?;
        for note in &notes {
            scanner.scan(&note.text, &mut scratch, &mut found);
            if let Some(further) = &further {
                further(&note.text, &mut found)?;
                medattest_deid::merge(&note.text, &mut found);
            }
            score.add(note, &found, &policy, |kind| scanner.kinds.of(kind).letter);
        }
    }
    match options.format {
        DeidFormat::Json => print_json(&scored(&score))?,
        DeidFormat::Terminal => print(&score_table(&score))?,
    }
    Ok(0)
}

/// A share with its Wilson interval (Wilson 1927) at 95 %.
fn share(hits: u64, of: u64) -> Value {
    match interval(hits, of) {
        None => Value::Null,
        Some((value, low, high)) => json!({"value": value, "low": low, "high": high, "n": of, "events": hits}),
    }
}

fn interval(hits: u64, of: u64) -> Option<(f64, f64, f64)> {
    (of > 0).then(|| {
        let (low, high) = RateInterval::Wilson.of(hits, of, 0.95);
        (hits as f64 / of as f64, low, high)
    })
}

fn scored(score: &Score) -> Value {
    let (found, right) = score.total();
    let both = |found: Found, right: Right| {
        json!({
            "recall": share(found.overlapped, found.gold), "recall-covered": share(found.covered, found.gold),
            "recall-exact": share(found.exact, found.gold), "recall-same-identifier": share(found.typed, found.gold),
            "precision": share(right.right, right.detected),
        })
    };
    let kinds: serde_json::Map<String, Value> = Kind::ALL
        .iter()
        .filter_map(|kind| {
            let found = score.found.get(kind).copied().unwrap_or_default();
            let right = score.right.get(kind).copied().unwrap_or_default();
            (found.gold + right.detected > 0).then(|| (kind.id().to_owned(), both(found, right)))
        })
        .collect();
    json!({
        "format": "medattest-deid-eval", "version": 1, "tool": medattest_core::VERSION, "notes": score.notes,
        "all": both(found, right), "over-redaction": share(score.clean_notes_touched, score.clean_notes), "kinds": kinds,
    })
}

fn score_table(score: &Score) -> String {
    let percent = |hits: u64, of: u64| match interval(hits, of) {
        None => "–".to_owned(),
        Some((value, low, high)) => format!("{value:.3} {low:.3}–{high:.3}"),
    };
    let mut text = Text::new();
    let (found, right) = score.total();
    text.line(&format!("{} notes, {} labelled spans", thousands(score.notes), thousands(found.gold)));
    let mut rows = vec![["", "n", "recall", "nothing left", "precision"].map(str::to_owned).to_vec()];
    let mut row = |name: &str, found: Found, right: Right| {
        rows.push(vec![
            name.to_owned(),
            thousands(found.gold),
            percent(found.overlapped, found.gold),
            percent(found.covered, found.gold),
            percent(right.right, right.detected),
        ]);
    };
    row("all", found, right);
    for kind in Kind::ALL {
        let found = score.found.get(kind).copied().unwrap_or_default();
        let right = score.right.get(kind).copied().unwrap_or_default();
        if found.gold + right.detected > 0 {
            row(kind.id(), found, right);
        }
    }
    text.table(&rows);
    text.paragraph(
        0,
        &format!(
            "whole span {}; same identifier {}; notes without identifiers in which something was found: {} of {}",
            percent(found.exact, found.gold),
            percent(found.typed, found.gold),
            score.clean_notes_touched,
            score.clean_notes
        ),
    );
    text.styled(
        0,
        DIM,
        "recall: any overlap. nothing left: every letter and digit covered. Wilson intervals at 95 %; notes are taken as \
         independent, which repeated templates are not.",
    );
    text.into_string()
}
