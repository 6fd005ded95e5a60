//! Engines measure. Each turns counts into estimates, and estimates into facts; none knows what is acceptable.

pub mod bias;
pub mod deid;
pub mod inputs;
pub mod monitor;
