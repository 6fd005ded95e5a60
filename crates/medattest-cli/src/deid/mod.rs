//! From files to tallies and cleaned copies: piece by piece, on all cores, with memory that does not grow.

mod detector;
mod piece;
mod settle;
mod source;
#[cfg(feature = "transformer")]
mod transformer;
mod work;

use std::path::{Path, PathBuf};

use medattest_core::sha256_hex;
use medattest_data::ParquetCopy;
use medattest_deid::{FieldReport, FieldTally, SourceTally, Survey, Unread};
use rayon::prelude::*;

use crate::command::Stop;
use crate::progress::Progress;
use crate::write::Partial;
pub(crate) use detector::Detector;
use piece::{Done, Piece};
pub(crate) use settle::Replacements;
pub(crate) use source::{MANIFEST, MANIFEST_FORM, Walk, walk};
use source::{Opened, Source};
#[cfg(feature = "transformer")]
pub(crate) use transformer::transformer;
pub(crate) use work::{Further, Work, unusable};

/// Pieces that are worked on together: enough for all cores, few enough for memory.
const TOGETHER: usize = 32;
/// Bytes that are worked on together.
const BYTES_TOGETHER: usize = 24 << 20;

/// What a run over files yields.
pub(crate) struct Outcome {
    pub(crate) survey: Survey,
    /// For each copy: path of the source, path of the copy, SHA-256 of the copy, what was replaced.
    pub(crate) copies: Vec<(String, String, String, Replacements)>,
}

/// A file that is being read, with what was found in it so far.
struct Open {
    source: Source,
    reader: Option<Opened>,
    tally: SourceTally,
    fields: Vec<(String, FieldTally)>,
    copy: Option<Copy>,
    replacements: Replacements,
}

/// A copy that is being written.
enum Copy {
    Text(Partial),
    Parquet(Box<ParquetCopy>, Partial),
}

/// Audits files, and writes cleaned copies below `out` if the work has a cleaner.
pub(crate) fn run(work: &Work, walked: Walk, out: Option<&Path>, progress: &Progress) -> Result<Outcome, Stop> {
    let mut survey = Survey {
        policy: work.policy.id.clone(),
        layers: work.layers(),
        recognizers_sha256: work.recognizers_sha256.clone(),
        year: work.year,
        unread: walked.unread,
        ..Survey::default()
    };
    let mut copies = Vec::new();
    let mut digests = String::new();
    for unread in &mut survey.unread {
        unread.path = work.masked(&unread.path).0;
    }
    let mut sources = walked.sources;
    let mut taken = std::collections::BTreeSet::new();
    for source in &mut sources {
        work.mask_names(source, &mut taken);
    }
    let mut waiting = sources.into_iter();
    let mut open: Vec<Open> = Vec::new();
    let total = waiting.len();
    loop {
        // Read until there is enough to do; files stay open in order.
        let mut pieces: Vec<(usize, Piece)> = Vec::new();
        let mut bytes = 0;
        while pieces.len() < TOGETHER && bytes < BYTES_TOGETHER {
            let unread = open.last().is_none_or(|last| last.reader.is_none());
            if unread {
                let Some(source) = waiting.next() else { break };
                progress.say(&format!("{}/{total} {}", total - waiting.len(), source.shown));
                match begin(work, source, out)? {
                    Ok(begun) => open.push(begun),
                    Err(reason) => survey.unread.push(reason),
                }
                continue;
            }
            let at = open.len() - 1;
            let Some(last) = open.last_mut() else { break };
            let Some(reader) = &mut last.reader else { break };
            match reader.next() {
                Ok(Some(piece)) => {
                    bytes += piece.bytes();
                    pieces.push((at, piece));
                }
                Ok(None) => {
                    let (sha256, bytes) = reader.finished();
                    last.tally.sha256 = sha256;
                    last.tally.bytes = bytes;
                    last.tally.notes.extend(reader.notes());
                    last.reader = None;
                }
                Err(stop) => return Err(stop),
            }
        }
        let sources: Vec<&Source> = open.iter().map(|open| &open.source).collect();
        let done: Vec<(usize, Done)> =
            pieces.into_par_iter().with_max_len(1).map(|(at, piece)| (at, work.piece(sources[at], piece))).collect();
        if let Some(stop) = work.failed() {
            return Err(stop);
        }
        let idle = done.is_empty();
        for (at, done) in done {
            settle(&mut open[at], done)?;
        }
        // What was read to the end is finished; the one still being read stays.
        let rest = open.iter().position(|o| o.reader.is_some()).unwrap_or(open.len());
        for finished in open.drain(..rest) {
            digests.push_str(&finished.tally.sha256);
            if let Some(copy) = finish(work, finished, &mut survey)? {
                copies.push(copy);
            }
        }
        if idle && open.is_empty() && waiting.len() == 0 {
            break;
        }
    }
    survey.sha256 = sha256_hex(digests.as_bytes());
    Ok(Outcome { survey, copies })
}

/// Opens a file and its copy; a file that cannot be read is told apart from one that must stop the run.
fn begin(work: &Work, source: Source, out: Option<&Path>) -> Result<Result<Open, Unread>, Stop> {
    let mut reader = match Opened::open(&source) {
        Ok(reader) => reader,
        Err(reason) => return Ok(Err(Unread { path: source.shown, reason })),
    };
    let mut names = reader.columns();
    let mut notes = Vec::new();
    if names.iter().any(|name| work.identifies(name)) {
        // Without a line of names the first patient stands where the names should.
        reader.without_names();
        names = (1..=names.len()).map(|n| format!("(column {n})")).collect();
        notes.push("the first line seems to be a row, not names of columns; it was read as one".to_owned());
    }
    let fields: Vec<(String, FieldTally)> = names.iter().map(|name| (name.clone(), FieldTally::default())).collect();
    let mut source = source;
    source.fields = names.iter().map(|name| work.names.field(name)).collect();
    source.patient_column = work.patient.as_ref().and_then(|patient| names.iter().position(|name| name == patient));
    let copy = match out {
        None => None,
        Some(folder) => {
            let path = folder.join(&source.below);
            let mut partial = Partial::create(&path)?;
            Some(match &reader {
                Opened::Parquet(cells, _) => {
                    // A column becomes text if anything in it may be replaced, which a first pass tells.
                    let replaced = work.replaced_columns(&source)?;
                    source.replaced.clone_from(&replaced);
                    let file = partial.file().map_err(|_| partial_failed(&path))?;
                    let copy = ParquetCopy::create(cells, file, &replaced).map_err(|e| Stop::from(e.diagnostic()))?;
                    Copy::Parquet(Box::new(copy), partial)
                }
                _ => {
                    if let Some(head) = reader.head() {
                        partial.write(head.as_bytes())?;
                    }
                    Copy::Text(partial)
                }
            })
        }
    };
    let mut fields = fields;
    if !source.in_name.is_empty() {
        let mut tally = FieldTally::default();
        tally.add(&work.scanner, &work.policy, &source.file_name, 1, &source.in_name);
        fields.push(("(name of the file)".to_owned(), tally));
        notes.push("the name of the file identifies somebody; it is shown as a shape".to_owned());
    }
    let path = source.shown.clone();
    let tally = SourceTally { path, form: reader.form().to_owned(), notes, ..SourceTally::default() };
    let replacements = Replacements::default();
    Ok(Ok(Open { source, reader: Some(reader), tally, fields, copy, replacements }))
}

fn partial_failed(path: &Path) -> Stop {
    Stop::usage(&path.display().to_string(), "the copy cannot be written", "check the folder and its permissions")
}

/// Adds what was found in a piece, and writes its cleaned form.
fn settle(open: &mut Open, done: Done) -> Result<(), Stop> {
    open.tally.records += done.records;
    for (name, tally) in done.fields {
        match open.fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, own)) => own.merge(tally),
            None => open.fields.push((name, tally)),
        }
    }
    open.replacements.merge(done.replacements);
    open.tally.notes.extend(done.notes);
    match (&mut open.copy, done.batch) {
        (Some(Copy::Parquet(copy, _)), Some((batch, cells))) => {
            copy.write(batch, cells).map_err(|error| Stop::from(error.diagnostic()))?;
        }
        (Some(Copy::Text(partial)), _) => partial.write(done.text.as_bytes())?,
        _ => {}
    }
    Ok(())
}

/// Closes a file: its report goes into the survey, its copy to its place.
fn finish(
    work: &Work,
    open: Open,
    survey: &mut Survey,
) -> Result<Option<(String, String, String, Replacements)>, Stop> {
    let Open { source, mut tally, fields, copy, replacements, .. } = open;
    let text = tally.form == "text";
    tally.notes.sort();
    tally.notes.dedup();
    tally.fields = fields
        .into_iter()
        .map(|(name, tally)| {
            let field = work.names.field(&name);
            FieldReport {
                class: (!text).then(|| tally.class(&field)),
                distinct: (!text).then(|| tally.distinct()).flatten(),
                name,
                tally,
            }
        })
        .collect();
    let shown = tally.path.clone();
    survey.add(tally);
    let partial = match copy {
        None => return Ok(None),
        Some(Copy::Text(partial)) => partial,
        Some(Copy::Parquet(copy, partial)) => {
            copy.finish().map_err(|error| Stop::from(error.diagnostic()))?;
            partial
        }
    };
    let sha256 = partial.finish()?;
    let below: PathBuf = source.below;
    Ok(Some((shown, below.to_string_lossy().replace('\\', "/"), sha256, replacements)))
}
