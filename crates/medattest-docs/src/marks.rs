//! Source marks of reports that stand within papers.

use medattest_core::Outcome;

use crate::document::Inline;

/// What a line of a report rests on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rests<'r> {
    /// A fact of the system, by its key.
    Fact(&'r str),
    /// How a rule came out, for those for whom it did so.
    Rule(&'r str, Outcome),
}

/// Where a report gets its marks: a paper numbers its sources, a report of its own has none.
pub(crate) type Marks<'m> = &'m mut dyn FnMut(Rests<'_>) -> Option<Inline>;

/// The marks of a report of its own.
pub(crate) fn unmarked(_: Rests<'_>) -> Option<Inline> {
    None
}
