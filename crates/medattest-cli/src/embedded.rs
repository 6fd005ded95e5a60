//! Files that are part of the binary.

use medattest_core::SourceFile;
use medattest_deid::Resources;

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The catalogue.
pub(crate) fn catalog() -> Vec<SourceFile> {
    CATALOG.iter().map(|(name, text)| SourceFile::new(name, text)).collect()
}

/// The packs with their scenarios.
pub(crate) fn packs() -> Vec<SourceFile> {
    PACKS.iter().map(|(name, text)| SourceFile::new(name, text)).collect()
}

/// The templates of papers.
pub(crate) fn templates() -> Vec<SourceFile> {
    TEMPLATES.iter().map(|(name, text)| SourceFile::new(name, text)).collect()
}

/// The files of one example project: path within it, and text.
pub(crate) fn example(name: &str) -> Vec<(&'static str, &'static str)> {
    let prefix = format!("examples/{name}/");
    EXAMPLES.iter().filter_map(|(path, text)| path.strip_prefix(&prefix).map(|path| (path, *text))).collect()
}

/// Recognizers, lists and weights.
pub(crate) fn recognizers() -> Resources {
    let mut resources = Resources::default();
    for (name, bytes) in RECOGNIZERS {
        resources.add(name, *bytes);
    }
    resources
}
