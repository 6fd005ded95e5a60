//! A document as a tree of blocks.

/// A paper before it has a format.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Title.
    pub title: String,
    /// Content in order.
    pub blocks: Vec<Block>,
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
