//! What Typst may see: the page design, the data of one document, the embedded fonts. No file, no network, no clock.

use std::collections::HashMap;
use std::sync::LazyLock;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, World};

const DESIGN: &str = include_str!("paper.typ");

/// Fonts and standard library, made once.
struct Shared {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
}

static SHARED: LazyLock<Shared> = LazyLock::new(|| {
    // The design says which cells hold data.
    let features = [typst::Feature::A11yExtras].into_iter().collect();
    let fonts: Vec<Font> = typst_assets::fonts().flat_map(|data| Font::iter(Bytes::new(data))).collect();
    Shared {
        library: LazyHash::new(<Library as typst::LibraryExt>::builder().with_features(features).build()),
        book: LazyHash::new(FontBook::from_fonts(&fonts)),
        fonts,
    }
});

/// One document as Typst sees it.
pub(crate) struct Paper {
    main: Source,
    files: HashMap<FileId, Bytes>,
}

impl Paper {
    /// A document of these files.
    pub(crate) fn new(files: Vec<(String, Vec<u8>)>) -> Self {
        let files = files.into_iter().filter_map(|(name, bytes)| Some((id(&name)?, Bytes::new(bytes)))).collect();
        // The name of the design is a constant and a good one.
        let main = id("/paper.typ").map_or_else(|| Source::detached(DESIGN), |id| Source::new(id, DESIGN.to_owned()));
        Self { main, files }
    }
}

fn id(name: &str) -> Option<FileId> {
    VirtualPath::new(name).ok().map(|path| RootedPath::new(VirtualRoot::Project, path).intern())
}

impl World for Paper {
    fn library(&self) -> &LazyHash<Library> {
        &SHARED.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &SHARED.book
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() { Ok(self.main.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(&id).cloned().ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        SHARED.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
