//! Performance and fairness estimates from tables of counts.
//!
//! Everything here is a pure function of counts: how many rows of a group had this label, this prediction, this
//! score. Nothing here reads a file, knows a threshold or decides what is acceptable. Every result is an
//! [`Estimate`]: a value with an interval, its denominator and its method, or *not estimable, because …*; never NaN.

mod audit;
mod bootstrap;
mod calibration;
mod confusion;
mod discrimination;
mod disparity;
mod estimate;
mod metric;
mod rate;

pub use audit::{Audit, GroupEstimates, Options, Row, audit};
pub use bootstrap::{Interval, percentile_interval};
pub use calibration::{CalibrationBin, brier, calibration_bins, observed_expected};
pub use confusion::Confusion;
pub use discrimination::{ScoreCell, auroc, merge_cells};
pub use disparity::{Disparity, DisparityEstimate, LeftOut};
pub use estimate::{Estimate, Figure, NotEstimable};
pub use metric::Metric;
pub use rate::{clopper_pearson, wilson};
