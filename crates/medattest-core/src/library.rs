//! The catalogue of facts and the packs, loaded together because each depends on the other.

use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, SourceFile};
use crate::pack::Packs;

/// What medattest knows before it sees a project.
#[derive(Debug)]
pub struct Library {
    /// Every fact anyone may state, measure or conclude.
    pub catalog: Catalog,
    /// Every pack.
    pub packs: Packs,
}

impl Library {
    /// Loads catalogue files, and packs from files named `pack-id/…`; reports every mistake.
    pub fn load(catalog_files: &[SourceFile], pack_files: &[SourceFile]) -> (Self, Vec<Diagnostic>) {
        let (mut catalog, mut diagnostics) = Catalog::load(catalog_files);
        let (packs, mistakes) = Packs::load(pack_files, &mut catalog);
        diagnostics.extend(mistakes);
        diagnostics.sort();
        diagnostics.dedup();
        (Self { catalog, packs }, diagnostics)
    }
}
