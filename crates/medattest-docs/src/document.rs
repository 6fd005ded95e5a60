//! A document as a tree of blocks.

use jiff::civil::Date;

/// A paper before it has a format.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Title.
    pub title: String,
    /// Content in order.
    pub blocks: Vec<Block>,
    /// What a paper carries beside its content; reports have none.
    pub front: Option<Front>,
}

impl Document {
    /// A report.
    pub fn new(title: String, blocks: Vec<Block>) -> Self {
        Self { title, blocks, front: None }
    }
}

/// What stands on the cover and in the margins of a paper.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Front {
    /// What it is about, under the title.
    pub subject: String,
    /// Whose paper it is.
    pub organisation: String,
    /// Status, such as `Draft`.
    pub status: String,
    /// Whether it may not be relied on yet; every page then says so.
    pub draft: bool,
    /// Day of facts and law.
    pub day: Option<Date>,
    /// Title, day and digest, in one line of the margin.
    pub margin: String,
    /// Whether it is a short sheet, without cover and contents.
    pub sheet: bool,
    /// What the facts on the paper were, as JSON, for `doc check` and `doc diff`.
    pub manifest: String,
    /// Named texts for the metadata of a PDF.
    pub metadata: Vec<(String, String)>,
    /// The house style.
    pub letterhead: Letterhead,
}

/// The house style of an organisation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Letterhead {
    /// Lines at the head of the first page: name, department, address.
    pub lines: Vec<String>,
    /// An SVG drawing.
    pub logo: Option<String>,
    /// Colour of headings and rules, as `#rrggbb`.
    pub accent: Option<String>,
    /// At the foot of every page.
    pub footer: Option<String>,
    /// Whether pages are US letter instead of A4.
    pub us_letter: bool,
}

/// A block of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A heading of level 1 to 4; level 2 headings make the table of contents.
    Heading {
        /// Level.
        level: u8,
        /// Text.
        text: Vec<Inline>,
        /// Anchor, unique in the document.
        id: Option<String>,
    },
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// A paragraph in small print.
    Note(Vec<Inline>),
    /// A bulleted list.
    List(Vec<Vec<Inline>>),
    /// A table.
    Table {
        /// What it shows.
        caption: Option<String>,
        /// Column heads.
        head: Vec<String>,
        /// Rows.
        rows: Vec<Vec<Cell>>,
    },
    /// What is asked, and its answer, row by row.
    Terms(Vec<(Vec<Inline>, Cell)>),
    /// A drawing.
    Figure {
        /// An `<svg>` element whose texts are escaped.
        svg: String,
        /// What it shows, enough for someone who cannot see it.
        caption: String,
    },
    /// The verdict of the paper.
    Verdict {
        /// How it reads at a glance.
        tone: Tone,
        /// The verdict.
        title: String,
        /// What it rests on.
        text: Vec<Inline>,
    },
    /// Links to every heading of level 2.
    Contents,
    /// What follows begins on a page of its own.
    Page,
}

/// A cell of a table: one or several paragraphs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cell {
    /// Paragraphs.
    pub lines: Vec<Vec<Inline>>,
    /// Whether figures are aligned to the right.
    pub number: bool,
}

impl Cell {
    /// A cell of one line of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { lines: vec![vec![Inline::Text(text.into())]], number: false }
    }

    /// A cell with a figure.
    pub fn number(text: impl Into<String>) -> Self {
        Self { lines: vec![vec![Inline::Text(text.into())]], number: true }
    }

    /// A cell of one line.
    pub fn line(line: Vec<Inline>) -> Self {
        Self { lines: vec![line], number: false }
    }

    /// Adds a line, unless it is empty.
    #[must_use]
    pub fn and(mut self, line: Vec<Inline>) -> Self {
        if !line.is_empty() {
            self.lines.push(line);
        }
        self
    }
}

/// A piece of running text.
#[derive(Debug, Clone, PartialEq)]
pub enum Inline {
    /// Plain.
    Text(String),
    /// Important.
    Strong(String),
    /// An id, key or digest.
    Code(String),
    /// Less important.
    Small(String),
    /// A coloured word.
    Tag(Tone, String),
    /// Numbers of sources at the end of the paper.
    Cite(Vec<usize>),
    /// The number of a source where it is described.
    Source(usize),
}

/// What a colour says; the word beside it says it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// In order.
    Good,
    /// Wanting.
    Bad,
    /// Not known, or disputed.
    Unsure,
    /// Neither.
    Plain,
}

/// A line of plain text.
pub(crate) fn text(words: impl Into<String>) -> Vec<Inline> {
    vec![Inline::Text(words.into())]
}

/// A line in which what stands between backticks is code.
pub(crate) fn spans(words: &str) -> Vec<Inline> {
    let parts = words.split('`').enumerate();
    let of = |(at, part): (usize, &str)| match (part.is_empty(), at % 2) {
        (true, _) => None,
        (_, 1) => Some(Inline::Code(part.to_owned())),
        _ => Some(Inline::Text(part.to_owned())),
    };
    parts.filter_map(of).collect()
}

/// A table without a caption.
pub(crate) fn table(head: &[&str], rows: Vec<Vec<Cell>>) -> Block {
    Block::Table { caption: None, head: head.iter().map(|name| (*name).to_owned()).collect(), rows }
}

/// A heading that stands in the table of contents.
pub(crate) fn section(title: &str, id: &str) -> Block {
    Block::Heading { level: 2, text: text(title), id: Some(id.to_owned()) }
}

/// A heading within a section.
pub(crate) fn sub(title: &str) -> Block {
    Block::Heading { level: 3, text: text(title), id: None }
}

/// Where the source of this number stands.
pub(crate) fn source_anchor(number: usize) -> String {
    format!("source-{number}")
}
