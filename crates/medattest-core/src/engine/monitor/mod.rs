//! Watching a deployed model: what moved against a reference, how the model does, for whom it does worse.

mod counts;
mod facts;
mod model;
mod plan;
mod policy;
mod report;
mod window;

pub use counts::*;
pub use facts::{NAME, VERSION, Watched, facts};
pub use model::{Apart, Binning, LossModel, RowColumn, RowSample, told_apart};
pub use plan::{Escalation, Limit, Measure, Plan, Source, read_plan};
pub use policy::{ColumnDrift, DriftLimits, DriftPolicy, compare, drift, evidently, test_name};
pub use report::{Alert, Chart, DECIDERS, MonitorReport, report, rule_name};
pub use window::{GroupReport, Reference, WindowReport};
