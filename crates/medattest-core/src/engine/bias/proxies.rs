//! Features that stand in for an attribute.

use medattest_metrics::association;

use super::super::adjust;
use super::{Counts, MOST_FEATURE_VALUES, Proxy, is_missing};
use crate::world::{DataError, KeyValues};

/// Bins of a numeric feature that is looked at as a stand-in for an attribute.
const FEATURE_BINS: usize = 20;

/// Numbers are cut into bins of equal numbers of rows; other values are taken as they are.
pub(crate) fn coded(key: Option<&KeyValues>, counts: &[u64]) -> Result<Vec<Option<usize>>, String> {
    match key {
        Some(KeyValues::Category { labels, .. }) if labels.len() > MOST_FEATURE_VALUES => {
            Err(format!("has {} values; at most {MOST_FEATURE_VALUES} are looked at", labels.len()))
        }
        Some(KeyValues::Category { codes, .. }) => Ok(codes.iter().map(|c| Some(*c as usize)).collect()),
        Some(KeyValues::Binary(values)) => Ok(values.iter().map(|value| value.map(usize::from)).collect()),
        Some(KeyValues::Score { values, .. }) => {
            let mut order: Vec<(f64, u64)> =
                values.iter().zip(counts).filter_map(|(v, n)| v.map(|v| (v, *n))).collect();
            order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            let mut distinct = order.clone();
            distinct.dedup_by(|next, kept| next.0 == kept.0);
            if distinct.len() <= FEATURE_BINS {
                let at = |v: f64| distinct.partition_point(|(d, _)| *d < v);
                return Ok(values.iter().map(|v| v.map(at)).collect());
            }
            let total: u64 = order.iter().map(|(_, n)| n).sum();
            let (mut cuts, mut before, mut part) = (Vec::new(), 0, 0);
            for (value, n) in order {
                let here = before * FEATURE_BINS as u64 / total.max(1);
                if here > part && cuts.last() != Some(&value) {
                    part = here;
                    cuts.push(value);
                }
                before += n;
            }
            Ok(values.iter().map(|v| v.map(|v| cuts.partition_point(|cut| *cut <= v))).collect())
        }
        _ => Err("was not counted".to_owned()),
    }
}

/// How much each feature tells of each attribute.
pub(super) fn proxies(counts: &Counts) -> Result<Vec<Proxy>, DataError> {
    let table = &counts.request.table;
    let mut proxies = Vec::new();
    for (feature, counted) in table.features.iter().zip(&counts.features) {
        let values = coded(counted.keys.last(), &counted.counts);
        // A column tells all of itself.
        for (at, group) in table.groups.iter().enumerate().filter(|(_, group)| group.column != *feature) {
            let Some(KeyValues::Category { labels, codes }) = counted.keys.get(at) else {
                return Err(DataError {
                    code: "count-shape",
                    table: table.path.clone(),
                    message: "the counts of a feature do not fit the question".into(),
                    hint: "store the counts again".into(),
                });
            };
            let known = |code: &u32| labels.get(*code as usize).is_some_and(|label| !is_missing(group, label));
            let association = match &values {
                Err(reason) => Err(reason.clone()),
                Ok(values) => {
                    let cells: Vec<(usize, usize, u64)> = codes
                        .iter()
                        .zip(values)
                        .zip(&counted.counts)
                        .filter(|((code, _), _)| known(code))
                        .filter_map(|((code, value), n)| Some((*code as usize, (*value)?, *n)))
                        .collect();
                    association(&cells).ok_or_else(|| "the feature or the attribute has one value only".to_owned())
                }
            };
            let (attribute, feature) = (group.column.clone(), feature.clone());
            proxies.push(Proxy { attribute, feature, association, holm: None });
        }
    }
    let p = |proxy: &Proxy| proxy.association.as_ref().ok().and_then(|a| a.p);
    adjust(&mut proxies, p, |proxy, holm| proxy.holm = holm);
    Ok(proxies)
}
