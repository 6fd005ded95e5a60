//! What is to be known of a figure before reading it.

/// What is to be known of a figure before reading it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Definition {
    /// The permanent kebab-case id.
    pub id: &'static str,
    /// The name a reader sees.
    pub title: &'static str,
    /// The same, short enough for the head of a column.
    pub short: &'static str,
    /// Formula, in counts, scores and sums.
    pub formula: &'static str,
    /// Smallest and largest possible value.
    pub range: (f64, f64),
    /// The value at parity or of a perfect score, where there is one of its own.
    pub parity: Option<f64>,
    /// What other packages call it, and where theirs differs.
    pub peers: &'static [Peer],
}

impl Definition {
    /// The value at parity of a figure that can lie on one side of it only; one that can fall below zero lies on both.
    pub(crate) fn one_sided_parity(&self) -> Option<f64> {
        self.parity.filter(|_| self.range.0 >= 0.0)
    }
}

/// A name in another package: the package, its name for the figure, and where it differs; empty where it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub &'static str, pub &'static str, pub &'static str);
