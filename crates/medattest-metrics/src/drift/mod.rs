//! How far a distribution has moved, from value counts. Every figure is an exact function of how often each value
//! occurs in two samples, so its cost depends on the number of distinct values and not on the number of rows.

mod category;
mod exact;
mod kolmogorov;
mod number;
mod test;

pub use category::{Categories, CategoryPair};
pub use number::{NumberPair, Numbers};
pub use test::{DriftTest, Kind, Outcome, SD_FLOOR};

use crate::estimate::{Estimate, Figure, NotEstimable};
use crate::rate::z;

/// A distance with the interval of the delta method: `variance` is that of the sum of influences.
pub(crate) fn distance(value: f64, variance: f64, (n, m): (u64, u64), level: f64, most: f64, bound: f64) -> Estimate {
    if n == 0 || m == 0 {
        return Estimate::missing(m, 0, NotEstimable::NoRows);
    }
    let half = z(level) * variance.max(0.0).sqrt();
    let figure = Figure {
        value,
        low: (value - half).max(0.0),
        high: (value + half).min(most),
        level,
        method: "delta".into(),
        error_bound: bound,
    };
    Estimate { n: m, events: 0, figure: Ok(figure) }
}
