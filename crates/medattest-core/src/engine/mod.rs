//! Engines measure. Each turns counts into estimates, and estimates into facts; none knows what is acceptable.

use medattest_metrics::holm;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::world::{DataError, World};

pub mod bias;
pub mod deid;
pub mod inputs;
pub mod monitor;
pub mod profile;

/// What was kept under `key`, if it fits; measured and kept otherwise.
fn recalled<T: Serialize + DeserializeOwned>(
    world: &dyn World,
    key: &str,
    fits: impl Fn(&T) -> bool,
    measure: impl FnOnce() -> Result<T, DataError>,
) -> Result<T, DataError> {
    if let Some(bytes) = world.recall(key)
        && let Ok(known) = serde_json::from_slice::<T>(&bytes)
        && fits(&known)
    {
        return Ok(known);
    }
    let measured = measure()?;
    if let Ok(bytes) = serde_json::to_vec(&measured) {
        world.remember(key, &bytes);
    }
    Ok(measured)
}

/// Adjusts the p-values of those that have one, over all of them (Holm 1979).
fn adjust<T>(all: &mut [T], p: impl Fn(&T) -> Option<f64>, set: impl Fn(&mut T, Option<f64>)) {
    let known: Vec<f64> = all.iter().filter_map(&p).collect();
    let mut adjusted = holm(&known).into_iter();
    for one in all.iter_mut() {
        if p(one).is_some() {
            set(one, adjusted.next());
        }
    }
}
