//! Watching a deployed model: what moved against a reference, how the model does, for whom it does worse.

mod counts;

pub use counts::*;
