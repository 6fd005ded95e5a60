//! The tagger of `medattest-deid`: training, and how well it does on notes it was not trained on.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use medattest_deid::{
    Kind, Labels, Layers, Note, Resources, Scanner, Score, Split, Synthesizer, TrainOptions, read_gold, train,
};

use crate::say;

/// The year in which ages are reckoned, so that the same notes give the same weights for ever.
const YEAR: i16 = 2026;
/// How often each template is filled for training, and for measuring.
const TRAINING_TIMES: usize = 12;
const MEASURING_TIMES: usize = 12;
const SEED: u64 = 20_261_125;

fn resources(root: &Path) -> Result<Resources, String> {
    let mut resources = Resources::default();
    resources.add_folder(&root.join("recognizers")).map_err(|error| error.to_string())?;
    Ok(resources)
}

/// Trains on generated notes and writes `recognizers/tagger.bin`.
pub(crate) fn train_tagger(root: &Path) -> ExitCode {
    finish((|| {
        let resources = resources(root)?;
        let scanner = Scanner::load(&resources, Layers::Lists, YEAR).map_err(|e| e.to_string())?;
        let synthesizer = Synthesizer::load(&resources).map_err(|e| e.to_string())?;
        let (templates, kinds) = synthesizer.templates(Split::Training);
        let notes = synthesizer.notes(Split::Training, TRAINING_TIMES, SEED);
        say(&format!("{} notes of {templates} templates of {kinds} kinds", notes.len()));
        let started = Instant::now();
        let bytes = train(&scanner, &notes, &TrainOptions::default(), &|pass, loss| {
            say(&format!("pass {pass}: mean loss {loss:.5}, {:.0} s", started.elapsed().as_secs_f64()));
        });
        std::fs::write(root.join("recognizers/tagger.bin"), &bytes).map_err(|e| e.to_string())?;
        say(&format!("wrote recognizers/tagger.bin, {} bytes", bytes.len()));
        Ok(())
    })())
}

/// Writes held-out generated notes, labelled, for benches and for measuring other tools.
pub(crate) fn write_notes(root: &Path, file: &str, times: usize) -> ExitCode {
    finish((|| {
        let synthesizer = Synthesizer::load(&resources(root)?).map_err(|e| e.to_string())?;
        let notes = synthesizer.notes(Split::HeldOut, times, SEED);
        let lines: String = notes.iter().map(|note| note.to_json() + "\n").collect();
        std::fs::write(file, lines).map_err(|e| e.to_string())
    })())
}

/// Searches a text again and again for some seconds, on one core, with and without the tagger.
pub(crate) fn speed(root: &Path, file: &str) -> ExitCode {
    const SECONDS: f64 = 4.0;
    finish((|| {
        let text = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
        let resources = resources(root)?;
        for (layers, name) in [(Layers::Lists, "patterns and lists"), (Layers::All, "with the tagger")] {
            let started = Instant::now();
            let scanner = Scanner::load(&resources, layers, YEAR).map_err(|e| e.to_string())?;
            let loaded = started.elapsed().as_secs_f64();
            let (mut scratch, mut found) = (scanner.scratch(), Vec::new());
            scanner.scan(&text, &mut scratch, &mut found);
            let (started, mut passes, mut best) = (Instant::now(), 0, f64::MAX);
            while started.elapsed().as_secs_f64() < SECONDS {
                let pass = Instant::now();
                scanner.scan(&text, &mut scratch, &mut found);
                best = best.min(pass.elapsed().as_secs_f64());
                passes += 1;
            }
            let bytes = text.len() as f64 / 1e6;
            let mean = started.elapsed().as_secs_f64() / f64::from(passes);
            say(&format!(
                "{name}: {:.1} MB/s at best, {:.1} MB/s on average, {} detections in {bytes:.1} MB; loaded in {loaded:.2} s",
                bytes / best,
                bytes / mean,
                found.len()
            ));
        }
        Ok(())
    })())
}

/// Scores held-out generated notes, or a labelled file; `faults` shows what went wrong, which generated notes may.
pub(crate) fn evaluate(root: &Path, lists: bool, file: Option<&str>, faults: usize) -> ExitCode {
    finish((|| {
        let resources = resources(root)?;
        let layers = if lists { Layers::Lists } else { Layers::All };
        let scanner = Scanner::load(&resources, layers, YEAR).map_err(|e| e.to_string())?;
        let mut groups: Vec<(String, Vec<Note>)> = Vec::new();
        match file {
            Some(file) => {
                let labels = Labels::load(&resources).map_err(|e| e.to_string())?;
                let text = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
                groups.push((
                    file.to_owned(),
                    read_gold(&text, &labels).map_err(|e| format!("note {}: {}", e.note, e.message))?,
                ));
            }
            None => {
                let synthesizer = Synthesizer::load(&resources).map_err(|e| e.to_string())?;
                let notes = synthesizer.notes(Split::HeldOut, MEASURING_TIMES, SEED);
                groups.push(("held-out templates and names".to_owned(), notes.clone()));
                let mut kinds: Vec<String> = notes.iter().map(|n| kind_of(n).to_owned()).collect();
                kinds.sort();
                kinds.dedup();
                for kind in kinds {
                    let of: Vec<Note> = notes.iter().filter(|n| kind_of(n) == kind).cloned().collect();
                    groups.push((kind, of));
                }
            }
        }
        for (at, (name, notes)) in groups.iter().enumerate() {
            let score = score(&scanner, notes);
            report(name, &score, at == 0);
            if at == 0 {
                let (mut scratch, mut found) = (scanner.scratch(), Vec::new());
                for (note, start, end, kind, missed) in score.faults.iter().take(faults) {
                    let Note { id, text, .. } = &notes[*note];
                    scanner.scan(text, &mut scratch, &mut found);
                    let by = found.iter().find(|d| !missed && d.start == *start);
                    let by = by.map_or(String::new(), |d| format!("  [{} {:.2}]", scanner.grounds(d), d.score));
                    let from = floor(text, start.saturating_sub(40));
                    let to = floor(text, (end + 30).min(text.len()));
                    say(&format!(
                        "{} {:<15} {id}: {}⟦{}⟧{}{by}",
                        if *missed { "missed" } else { "wrong " },
                        kind.id(),
                        text[from..*start].replace('\n', "⏎"),
                        text[*start..*end].replace('\n', "⏎"),
                        text[*end..to].replace('\n', "⏎")
                    ));
                }
            }
        }
        Ok(())
    })())
}

/// The kind of a generated note.
fn kind_of(note: &Note) -> &str {
    note.id.split('/').next().unwrap_or_default()
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn score(scanner: &Scanner, notes: &[Note]) -> Score {
    let policy = &scanner.kinds.policies[0];
    let (mut scratch, mut detections, mut score) = (scanner.scratch(), Vec::new(), Score::default());
    for note in notes {
        scanner.scan(&note.text, &mut scratch, &mut detections);
        score.add(note, &detections, policy, |kind| scanner.kinds.of(kind).letter);
    }
    score
}

fn report(name: &str, score: &Score, details: bool) {
    let (found, right) = score.total();
    let share = |a: u64, b: u64| if b == 0 { "    –".to_owned() } else { format!("{:.3}", a as f64 / b as f64) };
    say(&format!(
        "{name}: {} notes, {} spans; recall {} (covered {}), precision {}, clean notes touched {}/{}",
        score.notes,
        found.gold,
        share(found.overlapped, found.gold),
        share(found.covered, found.gold),
        share(right.right, right.detected),
        score.clean_notes_touched,
        score.clean_notes
    ));
    if details {
        for kind in Kind::ALL {
            let found = score.found.get(kind).copied().unwrap_or_default();
            let right = score.right.get(kind).copied().unwrap_or_default();
            if found.gold + right.detected > 0 {
                say(&format!(
                    "  {:<16} n {:>6}  recall {}  covered {}  typed {}   detected {:>6}  precision {}",
                    kind.id(),
                    found.gold,
                    share(found.overlapped, found.gold),
                    share(found.covered, found.gold),
                    share(found.typed, found.gold),
                    right.detected,
                    share(right.right, right.detected)
                ));
            }
        }
    }
}

fn finish(outcome: Result<(), String>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(&message);
            ExitCode::FAILURE
        }
    }
}
