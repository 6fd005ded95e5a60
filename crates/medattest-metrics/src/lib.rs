//! Performance and fairness estimates from tables of counts.
//!
//! Everything here is a pure function of counts: how many rows of a group had this label, this prediction, this
//! score. Nothing here reads a file, knows a threshold or decides what is acceptable. Every result is an
//! [`Estimate`]: a value with an interval, its denominator and its method, or *not estimable, because …*; never NaN.

mod against;
mod apart;
mod attribute;
mod audit;
pub mod boost;
mod class;
mod composite;
mod confusion;
pub mod control;
mod curve;
mod definition;
mod definitions;
pub mod drift;
mod estimate;
pub mod estimated;
mod metric;
pub mod moments;
mod multiplicity;
mod number;
mod pair;
mod paired;
mod pooling;
mod rate;
mod recalibration;
mod representation;
mod rows;
mod sample;
mod score;
mod spread;

pub use audit::{Audit, Contrast, Equalised, GroupEstimates, Options, audit, figures, threshold_in_use};
pub use class::{ClassAudit, ClassRows, audit_classes};
pub use composite::Composite;
pub use confusion::Confusion;
pub use curve::{
    CalibrationBin, Operating, RocPoint, area_between, calibration_curve, ece, operating, roc, score_distance,
    threshold_for,
};
pub use definition::{Definition, Peer};
pub use estimate::{Estimate, Figure, NotEstimable};
pub use metric::{Metric, Needs};
pub use multiplicity::{benjamini_hochberg, holm};
pub use number::{NumberRows, audit_numbers};
pub use pair::Pair;
pub use paired::{PairedItem, paired_auroc};
pub use pooling::{Pooled, pool};
pub use rate::{Interval, RateInterval, Sided, clopper_pearson, equal_proportions, log_ratio, newcombe, wilson};
pub use representation::{Association, Representation, Share, association, representation};
pub use rows::{Grouping, Rows};
pub use score::{Asked, Item, Scores};
pub use spread::{Bounds, Form, LeftOut, Spread};

/// Every figure with a definition of its own: of groups, of pairs of groups, of all groups.
pub fn definitions() -> impl Iterator<Item = Definition> {
    let metrics = Metric::ALL.into_iter().map(Metric::definition);
    let pairs = Pair::ALL.into_iter().map(Pair::definition);
    metrics.chain(pairs).chain(Composite::ALL.into_iter().map(Composite::definition))
}
