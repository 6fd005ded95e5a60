//! What tests of windows ask of files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use medattest_core::monitor::{Cut, ProfileQuery, WindowCounts};
use medattest_data::Counter;

/// Every column, cut so.
pub(crate) fn query(cut: Cut) -> ProfileQuery {
    ProfileQuery {
        filter: None,
        cut,
        ignore: Vec::new(),
        texts: Vec::new(),
        outcome: None,
        threshold: None,
        shift: BTreeMap::new(),
        loss: None,
    }
}

/// The windows of a file in a folder `site=3`; of texts the length is told.
pub(crate) fn profile(path: &Path, query: &ProfileQuery) -> Vec<WindowCounts> {
    let probe = |text: &str, told: &mut Vec<(&'static str, f64)>| told.push(("length", text.len() as f64));
    let fixed = [("site".to_owned(), "3".to_owned())];
    Counter::new().profile(path, "t", &fixed, query, &probe).expect("counted")
}

/// The readmission data, where they are there.
pub(crate) fn readmission() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/diabetes-readmission");
    folder.is_dir().then_some(folder)
}
