//! Source marks of reports that stand within papers.

use crate::document::Inline;

/// What a line of a report rests on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rests<'r> {
    /// A fact of the system, by its key.
    Fact(&'r str),
    /// The outcome of a rule.
    Rule(&'r str),
}

/// Where a report gets its marks: a paper numbers its sources, a report of its own has none.
pub(crate) type Marks<'m> = &'m mut dyn FnMut(Rests<'_>) -> Option<Inline>;

/// The marks of a report of its own.
pub(crate) fn unmarked(_: Rests<'_>) -> Option<Inline> {
    None
}
