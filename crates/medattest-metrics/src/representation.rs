//! Who is in the data, and what stands in for who they are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::estimate::{Estimate, Figure, NotEstimable};
use crate::rate::RateInterval;

/// One group's share of the rows beside its share of a reference population.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Share of the rows.
    pub share: Estimate,
    /// Share of the reference population, where one is declared.
    pub population: Option<f64>,
    /// Share of the rows over share of the population; 1 is proportionate.
    pub ratio: Option<Estimate>,
}

/// Who is in a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Representation {
    /// One entry per group.
    pub shares: Vec<Share>,
    /// Half the sum of absolute differences of the shares, 0 to 1, over groups with a declared share.
    pub distance: Option<f64>,
    /// P-value of Pearson's goodness of fit over groups with a declared share.
    pub p: Option<f64>,
}

/// Shares of groups of `counts` rows against a `population`, whose shares need not sum to one: both are rescaled to
/// the groups that have a declared share.
pub fn representation(
    counts: &[u64],
    population: &[Option<f64>],
    smallest: u64,
    interval: RateInterval,
    level: f64,
) -> Representation {
    let total: u64 = counts.iter().sum();
    let declared = |at: usize| population.get(at).copied().flatten();
    let known: u64 = counts.iter().enumerate().filter(|(at, _)| declared(*at).is_some()).map(|(_, n)| n).sum();
    let mass: f64 = population.iter().flatten().sum();
    let shares = counts
        .iter()
        .enumerate()
        .map(|(at, &n)| {
            let estimate = |of: u64, scale: f64| {
                let figure = if of == 0 {
                    Err(NotEstimable::NoRows)
                } else if of < smallest {
                    Err(NotEstimable::FewerThan(smallest))
                } else {
                    let (low, high) = interval.of(n, of, level);
                    let value = n as f64 / of as f64;
                    Ok(Figure::exact(value / scale, (low / scale, high / scale), level, interval.name()))
                };
                Estimate { n: of, events: n, figure }
            };
            let population = declared(at).filter(|_| mass > 0.0).map(|p| p / mass);
            Share {
                share: estimate(total, 1.0),
                population,
                ratio: population.map(|p| {
                    if p > 0.0 {
                        estimate(known, p)
                    } else {
                        Estimate::missing(known, n, NotEstimable::ZeroDenominator)
                    }
                }),
            }
        })
        .collect();
    let pairs: Vec<(f64, f64)> = counts
        .iter()
        .enumerate()
        .filter_map(|(at, &n)| Some((n as f64, declared(at)? / mass * known as f64)))
        .collect();
    let usable = pairs.len() > 1 && known > 0 && mass > 0.0;
    let distance = usable.then(|| pairs.iter().map(|(n, e)| (n - e).abs()).sum::<f64>() / known as f64 / 2.0);
    let p = usable.then(|| {
        // Nobody was expected of a group with share 0: anybody there refutes the population.
        if pairs.iter().any(|(n, e)| *e <= 0.0 && *n > 0.0) {
            return 0.0;
        }
        let expected = || pairs.iter().filter(|(_, e)| *e > 0.0);
        let statistic: f64 = expected().map(|(n, e)| (n - e).powi(2) / e).sum();
        ChiSquared::new(expected().count().saturating_sub(1) as f64).map_or(1.0, |chi| chi.sf(statistic))
    });
    Representation { shares, distance, p }
}

/// How much a feature tells of an attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Association {
    /// Rows.
    pub n: u64,
    /// Values or bins of the feature.
    pub values: usize,
    /// Mutual information in nats, as counted.
    pub information: f64,
    /// The same less what as many values would show by chance (Miller 1955), not below 0.
    pub corrected: f64,
    /// Entropy of the attribute in nats.
    pub entropy: f64,
    /// Share of the attribute's entropy that the feature removes (Theil's uncertainty coefficient), corrected; 0 to 1.
    pub share: f64,
    /// P-value of the likelihood-ratio test of independence.
    pub p: Option<f64>,
}

/// Mutual information of an attribute and a feature from the counts of their combinations; `None` where either has
/// one value only.
pub fn association(cells: &[(usize, usize, u64)]) -> Option<Association> {
    let groups = cells.iter().map(|c| c.0 + 1).max()?;
    let values = cells.iter().map(|c| c.1 + 1).max()?;
    let (mut by_group, mut by_value) = (vec![0u64; groups], vec![0u64; values]);
    // A combination may come in several parts.
    let mut joint: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    for (group, value, n) in cells {
        by_group[*group] += n;
        by_value[*value] += n;
        *joint.entry((*group, *value)).or_default() += n;
    }
    let n: u64 = by_group.iter().sum();
    let used = |counts: &[u64]| counts.iter().filter(|n| **n > 0).count();
    let (rows, columns) = (used(&by_group), used(&by_value));
    if rows < 2 || columns < 2 {
        return None;
    }
    let total = n as f64;
    let information: f64 = joint
        .iter()
        .filter(|(_, n)| **n > 0)
        .map(|((group, value), n)| {
            let n = *n as f64;
            n / total * (n * total / (by_group[*group] as f64 * by_value[*value] as f64)).ln()
        })
        .sum();
    let entropy: f64 =
        by_group.iter().filter(|n| **n > 0).map(|n| *n as f64 / total).map(|share| -share * share.ln()).sum();
    let freedom = ((rows - 1) * (columns - 1)) as f64;
    let corrected = (information - freedom / (2.0 * total)).max(0.0);
    let p = ChiSquared::new(freedom).ok().map(|chi| chi.sf(2.0 * total * information.max(0.0)));
    Some(Association {
        n,
        values: columns,
        information,
        corrected,
        entropy,
        share: (corrected / entropy).min(1.0),
        p,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_compared_with_the_declared_ones_only() {
        let found = representation(&[60, 30, 10], &[Some(0.5), Some(0.5), None], 11, RateInterval::Wilson, 0.95);
        let ratio = |at: usize| found.shares[at].ratio.as_ref().and_then(Estimate::value);
        assert!(ratio(0).is_some_and(|r| (r - 60.0 / 90.0 / 0.5).abs() < 1e-12));
        assert_eq!(ratio(2), None);
        assert!(found.distance.is_some_and(|d| (d - (60.0 / 90.0 - 0.5)).abs() < 1e-12));
        // 15²/45 twice is 10 on one degree of freedom.
        assert!(found.p.is_some_and(|p| (p - 0.001_565_402_258).abs() < 1e-9), "{:?}", found.p);
    }

    #[test]
    fn a_feature_that_is_the_attribute_tells_all_of_it() {
        let same = association(&[(0, 0, 500), (1, 1, 500)]).expect("two values");
        assert!((same.information - 2.0_f64.ln()).abs() < 1e-12 && same.share > 0.99);
        let parts = association(&[(0, 0, 200), (1, 1, 500), (0, 0, 300)]).expect("two values");
        assert_eq!(parts, same);
        let none = association(&[(0, 0, 250), (0, 1, 250), (1, 0, 250), (1, 1, 250)]).expect("two values");
        assert!(none.share == 0.0 && none.p.is_some_and(|p| p > 0.99));
        assert_eq!(association(&[(0, 0, 3), (1, 0, 3)]), None);
    }
}
