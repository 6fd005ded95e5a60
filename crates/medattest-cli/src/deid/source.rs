//! Files to be read: found, told apart by their names, cut into pieces.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use medattest_core::hex;
use medattest_data::ParquetCells;
use medattest_deid::{Detection, Field, Unread};
use sha2::{Digest as _, Sha256};

use super::piece::Piece;
use crate::command::Stop;

/// Folders are read so deep.
const DEEPEST: usize = 32;
/// What a cleaning run writes beside its copies; it is no data.
pub(crate) const MANIFEST: &str = "manifest.json";
/// How it names its form.
pub(crate) const MANIFEST_FORM: &str = "medattest-deid-manifest";
/// Pieces have about so many bytes.
const PIECE: usize = 1 << 20;
/// A line longer than this is cut.
const LONGEST_LINE: usize = 16 << 20;

/// A file to be read.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    /// As the user knows it.
    pub(crate) shown: String,
    /// Where its copy stands below the folder of copies.
    pub(crate) below: PathBuf,
    /// Whose dates move together, where no column tells.
    pub(crate) stem: String,
    form: Form,
    /// Columns, once it is open.
    pub(crate) fields: Vec<Field>,
    pub(crate) patient_column: Option<usize>,
    /// Which columns of a Parquet file become text.
    pub(crate) replaced: Vec<bool>,
    /// Its name, as it is looked at.
    pub(crate) file_name: String,
    /// What identifies somebody in the name of the file.
    pub(crate) in_name: Vec<Detection>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Table(u8),
    Objects,
    Parquet,
}

/// What was found below the paths that were named.
pub(crate) struct Walk {
    pub(crate) sources: Vec<Source>,
    pub(crate) unread: Vec<Unread>,
}

fn form(path: &Path) -> Option<Form> {
    let end = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    Some(match end.as_str() {
        "" | "txt" | "text" | "md" | "log" | "hl7" | "note" | "rpt" | "xml" | "html" | "htm" => Form::Text,
        "csv" => Form::Table(b','),
        "tsv" | "tab" => Form::Table(b'\t'),
        "psv" => Form::Table(b'|'),
        "jsonl" | "ndjson" | "json" => Form::Objects,
        "parquet" | "pq" => Form::Parquet,
        _ => return None,
    })
}

/// Finds the files below paths, in order of their names. Symbolic links are not followed.
pub(crate) fn walk(paths: &[PathBuf]) -> Result<Walk, Stop> {
    let mut walk = Walk { sources: Vec::new(), unread: Vec::new() };
    for path in paths {
        let shown = path.display().to_string();
        let kind = std::fs::metadata(path)
            .map_err(|_| Stop::usage(&shown, "there is no such file or folder", "check the path"))?;
        if kind.is_file() {
            let name = path.file_name().map(PathBuf::from).unwrap_or_default();
            add(&mut walk, path.clone(), name);
        } else {
            below(&mut walk, path, Path::new(""), 0);
        }
    }
    Ok(walk)
}

fn is_manifest(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(200).read_to_end(&mut head));
    read.is_ok() && String::from_utf8_lossy(&head).contains(MANIFEST_FORM)
}

fn below(walk: &mut Walk, folder: &Path, prefix: &Path, depth: usize) {
    let unread = |path: &Path, reason: &str| Unread { path: path.display().to_string(), reason: reason.to_owned() };
    let Ok(entries) = std::fs::read_dir(folder) else {
        return walk.unread.push(unread(folder, "the folder cannot be read"));
    };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), prefix.join(entry.file_name()));
        match entry.file_type() {
            Ok(kind) if kind.is_symlink() => walk.unread.push(unread(&path, "symbolic links are not followed")),
            Ok(kind) if kind.is_dir() && depth < DEEPEST => below(walk, &path, &name, depth + 1),
            Ok(kind) if kind.is_dir() => walk.unread.push(unread(&path, "the folder lies too deep")),
            Ok(kind) if kind.is_file() => add(walk, path, name),
            _ => walk.unread.push(unread(&path, "neither file nor folder")),
        }
    }
}

fn add(walk: &mut Walk, path: PathBuf, below: PathBuf) {
    let shown = path.display().to_string();
    if below == Path::new(MANIFEST) && is_manifest(&path) {
        return;
    }
    match form(&path) {
        Some(form) => walk.sources.push(Source {
            stem: below.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
            path,
            shown,
            below,
            form,
            fields: Vec::new(),
            patient_column: None,
            replaced: Vec::new(),
            file_name: String::new(),
            in_name: Vec::new(),
        }),
        None => walk.unread.push(Unread { path: shown, reason: "a kind of file that is not read".to_owned() }),
    }
}

/// A stream that counts and digests what passes.
struct Digested<R> {
    inner: R,
    hasher: Sha256,
    bytes: u64,
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

/// An open file.
pub(crate) enum Opened {
    Lines(Box<Lines>),
    Table(Box<Table>),
    Parquet(ParquetCells, PathBuf),
}

/// A file of lines: text, or an object a line.
pub(crate) struct Lines {
    shown: String,
    stream: Digested<BufReader<File>>,
    objects: bool,
    /// What was read and not yet given out.
    rest: Vec<u8>,
    line: u64,
    ended: bool,
    encoding: Option<&'static encoding_rs::Encoding>,
    ready: VecDeque<Piece>,
}

/// A file of rows.
pub(crate) struct Table {
    shown: String,
    reader: csv::Reader<Digested<BufReader<File>>>,
    head: csv::ByteRecord,
    /// The first line is a row like the others.
    headless: bool,
    delimiter: u8,
    row: u64,
    not_utf8: bool,
}

impl Opened {
    /// Opens a file, or says why it cannot be read.
    pub(crate) fn open(source: &Source) -> Result<Self, String> {
        let unreadable = |_| "the file cannot be read".to_owned();
        if source.form == Form::Parquet {
            let cells = ParquetCells::open(&source.path, &source.shown).map_err(|error| error.message)?;
            return Ok(Self::Parquet(cells, source.path.clone()));
        }
        let mut file = File::open(&source.path).map_err(unreadable)?;
        let mut first = [0; 8192];
        let read = file.read(&mut first).map_err(unreadable)?;
        let first = &first[..read];
        let encoding = encoding_rs::Encoding::for_bom(first).map(|(encoding, _)| encoding);
        let wide = encoding.is_some_and(|e| e == encoding_rs::UTF_16LE || e == encoding_rs::UTF_16BE);
        if first.contains(&0) && !wide {
            return Err("the file is binary, not text".to_owned());
        }
        if wide {
            return Err("the file is UTF-16; save it as UTF-8".to_owned());
        }
        let file = File::open(&source.path).map_err(unreadable)?;
        let inner = BufReader::with_capacity(1 << 18, file);
        let mut stream = Digested { inner, hasher: Sha256::new(), bytes: 0 };
        if encoding.is_some() {
            // The byte order mark is no text.
            let mut mark = [0; 3];
            stream.read_exact(&mut mark).map_err(unreadable)?;
        }
        if let Form::Table(delimiter) = source.form {
            let mut reader = csv::ReaderBuilder::new()
                .delimiter(delimiter)
                .flexible(true)
                .buffer_capacity(1 << 18)
                .from_reader(stream);
            let head = reader.byte_headers().map_err(|_| "the file cannot be read as a table".to_owned())?.clone();
            let shown = source.shown.clone();
            return Ok(Self::Table(Box::new(Table {
                shown,
                reader,
                head,
                headless: false,
                delimiter,
                row: 1,
                not_utf8: false,
            })));
        }
        Ok(Self::Lines(Box::new(Lines {
            shown: source.shown.clone(),
            stream,
            objects: source.form == Form::Objects,
            rest: Vec::new(),
            line: 1,
            ended: false,
            encoding: None,
            ready: VecDeque::new(),
        })))
    }

    /// `text`, `table` or `objects`.
    pub(crate) fn form(&self) -> &'static str {
        match self {
            Self::Lines(lines) if lines.objects => "objects",
            Self::Lines(_) => "text",
            _ => "table",
        }
    }

    /// Names of columns; a text has one without a name, objects tell theirs as they come.
    pub(crate) fn columns(&self) -> Vec<String> {
        match self {
            Self::Lines(lines) if lines.objects => Vec::new(),
            Self::Lines(_) => vec![String::new()],
            Self::Table(table) => table.head.iter().map(|cell| decoded(cell).0).collect(),
            Self::Parquet(cells, _) => cells.columns(),
        }
    }

    /// Reads the line of column names as a row like the others.
    pub(crate) fn without_names(&mut self) {
        if let Self::Table(table) = self {
            table.headless = true;
        }
    }

    /// The line of column names as a copy has it.
    pub(crate) fn head(&self) -> Option<String> {
        let Self::Table(table) = self else { return None };
        if table.headless {
            return None;
        }
        let cells: Vec<String> = table.head.iter().map(|cell| decoded(cell).0).collect();
        Some(super::piece::csv_line(table.delimiter, cells.iter().map(String::as_str)))
    }

    /// The next piece; none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Piece>, Stop> {
        match self {
            Self::Lines(lines) => lines.next(),
            Self::Table(table) => table.next(),
            Self::Parquet(cells, _) => {
                let rows = cells.next_rows().map_err(|error| Stop::from(error.diagnostic()))?;
                Ok(rows.map(|rows| Piece::Columns(rows, cells.take_batch())))
            }
        }
    }

    /// Digest and size of what was read.
    pub(crate) fn finished(&mut self) -> (String, u64) {
        match self {
            Self::Lines(lines) => (hex(&lines.stream.hasher.clone().finalize()), lines.stream.bytes),
            Self::Table(table) => {
                let stream = table.reader.get_ref();
                (hex(&stream.hasher.clone().finalize()), stream.bytes)
            }
            Self::Parquet(_, path) => {
                let bytes = std::fs::metadata(&path).map(|m| m.len()).unwrap_or_default();
                let digest = File::open(path).ok().and_then(|file| medattest_core::sha256_stream(file).ok());
                (digest.unwrap_or_default(), bytes)
            }
        }
    }

    /// What the reader should know.
    pub(crate) fn notes(&self) -> Vec<String> {
        let not_utf8 = match self {
            Self::Lines(lines) => lines.encoding.is_some(),
            Self::Table(table) => table.not_utf8,
            Self::Parquet(..) => false,
        };
        if not_utf8 { vec!["not UTF-8 throughout; the rest was read as Windows-1252".to_owned()] } else { Vec::new() }
    }
}

/// Text of bytes, and whether they were not UTF-8.
fn decoded(bytes: &[u8]) -> (String, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(), true),
    }
}

impl Lines {
    fn next(&mut self) -> Result<Option<Piece>, Stop> {
        if let Some(piece) = self.ready.pop_front() {
            return Ok(Some(piece));
        }
        if self.ended {
            return Ok(None);
        }
        let mut buffer = vec![0; PIECE];
        loop {
            let read = self.stream.read(&mut buffer).map_err(|_| {
                Stop::usage(&self.shown, "the file could not be read to its end", "check the disk and try again")
            })?;
            if read == 0 {
                self.ended = true;
                break;
            }
            self.rest.extend_from_slice(&buffer[..read]);
            let cut = self.rest.len() >= PIECE && self.rest.contains(&b'\n');
            if cut || self.rest.len() >= LONGEST_LINE {
                break;
            }
        }
        let end = if self.ended {
            self.rest.len()
        } else {
            self.rest.iter().rposition(|b| *b == b'\n').map_or_else(|| self.character_end(), |at| at + 1)
        };
        let bytes: Vec<u8> = self.rest.drain(..end).collect();
        if bytes.is_empty() {
            return Ok(None);
        }
        let (text, not_utf8) = decoded(&bytes);
        if not_utf8 {
            self.encoding = Some(encoding_rs::WINDOWS_1252);
        }
        let line = self.line;
        self.line += text.bytes().filter(|b| *b == b'\n').count() as u64;
        Ok(Some(if self.objects { Piece::Objects { line, text } } else { Piece::Text { line, text } }))
    }

    /// The last place in `rest` where no character is cut.
    fn character_end(&self) -> usize {
        let mut at = self.rest.len();
        while at > 0 && self.rest.len() - at < 4 && std::str::from_utf8(&self.rest[..at]).is_err() {
            at -= 1;
        }
        if at == 0 { self.rest.len() } else { at }
    }
}

impl Table {
    fn next(&mut self) -> Result<Option<Piece>, Stop> {
        const MOST_ROWS: usize = 8_192;
        let first = self.row;
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut bytes = 0;
        let mut record = csv::ByteRecord::new();
        if self.headless && self.row == 1 {
            rows.push(self.head.iter().map(|cell| decoded(cell).0).collect());
            self.row += 1;
        }
        while rows.len() < MOST_ROWS && bytes < PIECE {
            let more = self.reader.read_byte_record(&mut record).map_err(|error| {
                let line = error.position().map_or(0, csv::Position::line);
                let message = format!("the file cannot be read as a table at line {line}");
                Stop::usage(&self.shown, message, "check the quoting of that line")
            })?;
            if !more {
                break;
            }
            bytes += record.as_slice().len();
            if record.as_slice().len() > LONGEST_LINE {
                let message = format!("row {} is longer than {LONGEST_LINE} bytes", self.row);
                return Err(Stop::usage(&self.shown, message, "check the quoting: a quote may not be closed"));
            }
            let row = record.iter().map(|cell| {
                let (text, not_utf8) = decoded(cell);
                self.not_utf8 |= not_utf8;
                text
            });
            rows.push(row.collect());
            self.row += 1;
        }
        Ok((!rows.is_empty()).then_some(Piece::Rows { first, rows, delimiter: self.delimiter }))
    }
}
