//! Resampling people from tables of counts.
//!
//! Drawing rows with replacement makes the table of counts one multinomial draw; drawing patients with replacement
//! makes the number of patients of each kind one multinomial draw, where patients are of one kind when they add the
//! same to every cell. So a draw costs as much as there are kinds, however many rows there are, and has exactly the
//! distribution of the ordinary bootstrap (Efron 1979, doi 10.1214/aos/1176344552; clusters: Davison & Hinkley 1997,
//! section 3.8).

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution};

use crate::rate::Interval;

/// Kinds with fewer people are drawn one by one, which is then quicker than a binomial draw.
const FREQUENT: u64 = 16;
/// Cell draws of one table beyond which fewer draws are made.
const BUDGET: usize = 2_000_000;
/// Never fewer draws than this.
const FEWEST_DRAWS: usize = 200;

/// What one row kind adds: `count` rows of cluster `unit`, each adding `amount` to `cell`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adds {
    pub(crate) unit: u32,
    pub(crate) cell: u32,
    pub(crate) amount: f64,
    pub(crate) count: u64,
}

/// People by what they add to the cells of a table.
pub(crate) struct Sample {
    /// What people of each kind add.
    kinds: Vec<Vec<(u32, f64)>>,
    /// Kinds of at least [`FREQUENT`] people, and how many they are.
    frequent: Vec<(usize, u64)>,
    /// The kind of everyone else.
    rare: Vec<usize>,
    people: u64,
    cells: usize,
}

impl Sample {
    /// Every row is a person of its own, or, if `clustered`, the rows of a unit are one person's.
    pub(crate) fn new(adds: impl Iterator<Item = Adds>, cells: usize, clustered: bool) -> Self {
        let mut all: Vec<(Vec<(u32, f64)>, u64)> = if clustered {
            let mut rows: Vec<Adds> = adds.collect();
            rows.sort_by_key(|a| (a.unit, a.cell));
            rows.chunk_by(|a, b| a.unit == b.unit)
                .map(|unit| {
                    let cell = |rows: &[Adds]| {
                        let sum = rows.iter().map(|r| r.amount * r.count as f64).sum();
                        (rows[0].cell, sum)
                    };
                    (unit.chunk_by(|a, b| a.cell == b.cell).map(cell).collect(), 1)
                })
                .collect()
        } else {
            adds.map(|a| (vec![(a.cell, a.amount)], a.count)).collect()
        };
        let order = |a: &[(u32, f64)], b: &[(u32, f64)]| {
            let by = |(x, y): (&(u32, f64), &(u32, f64))| x.0.cmp(&y.0).then(x.1.total_cmp(&y.1));
            let first = a.iter().zip(b).map(by).find(|o| o.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        };
        all.sort_by(|a, b| order(&a.0, &b.0));
        let (mut kinds, mut frequent, mut rare) = (Vec::new(), Vec::new(), Vec::new());
        for alike in all.chunk_by(|a, b| a.0 == b.0) {
            let people: u64 = alike.iter().map(|(_, people)| people).sum();
            if people >= FREQUENT {
                frequent.push((kinds.len(), people));
            } else {
                rare.extend(std::iter::repeat_n(kinds.len(), usize::try_from(people).unwrap_or(0)));
            }
            kinds.push(alike[0].0.clone());
        }
        // Large kinds first: what is left for the small ones is then small, and so is the cost of drawing it.
        frequent.sort_by_key(|&(kind, people)| (std::cmp::Reverse(people), kind));
        let people = frequent.iter().map(|(_, people)| people).sum::<u64>() + rare.len() as u64;
        Self { kinds, frequent, rare, people, cells }
    }

    /// One draw of as many people as there are.
    fn draw(&self, rng: &mut ChaCha8Rng, out: &mut [f64]) {
        let mut left = self.people;
        let mut mass = self.people as f64;
        for &(kind, people) in &self.frequent {
            let p = if mass > 0.0 { (people as f64 / mass).clamp(0.0, 1.0) } else { 0.0 };
            let drawn = Binomial::new(left, p).map_or(0, |b| b.sample(rng));
            self.add(kind, drawn as f64, out);
            left -= drawn;
            mass -= people as f64;
        }
        if !self.rare.is_empty() {
            for _ in 0..left {
                self.add(self.rare[rng.random_range(0..self.rare.len())], 1.0, out);
            }
        }
    }

    fn add(&self, kind: usize, times: f64, out: &mut [f64]) {
        if times > 0.0 {
            for &(cell, amount) in &self.kinds[kind] {
                out[cell as usize] += times * amount;
            }
        }
    }

    /// `wanted` draws, or fewer where the table is so large that they would take too long.
    pub(crate) fn draws(&self, wanted: usize, seed: u64) -> Draws {
        let work = self.frequent.len() + self.rare.len() / 8 + self.cells / 8;
        let made = wanted.min((BUDGET / work.max(1)).max(FEWEST_DRAWS));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut tables = vec![0.0; made * self.cells];
        for table in tables.chunks_exact_mut(self.cells.max(1)) {
            self.draw(&mut rng, table);
        }
        Draws { tables, cells: self.cells.max(1), made }
    }
}

/// Resampled tables.
pub(crate) struct Draws {
    tables: Vec<f64>,
    cells: usize,
    made: usize,
}

impl Draws {
    /// How many there are.
    pub(crate) fn made(&self) -> usize {
        self.made
    }

    /// Every draw.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &[f64]> {
        self.tables.chunks_exact(self.cells)
    }

    /// The figure of every draw in which it exists.
    pub(crate) fn values(&self, figure: impl Fn(&[f64]) -> Option<f64>) -> Vec<f64> {
        self.tables().filter_map(figure).filter(|v| v.is_finite()).collect()
    }
}

/// The quantile of sorted values by linear interpolation (type 7 of Hyndman & Fan 1996, doi 10.2307/2684934).
pub(crate) fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let at = p * sorted.len().checked_sub(1)? as f64;
    let (floor, ceil) = (at.floor() as usize, at.ceil() as usize);
    let (a, b) = (sorted.get(floor)?, sorted.get(ceil)?);
    Some(a + (b - a) * (at - at.floor()))
}

/// The percentile interval of bootstrap values; `None` when there are none.
pub(crate) fn percentile_interval(values: Vec<f64>, level: f64) -> Option<Interval> {
    percentiles(values, level).map(|(interval, _)| interval)
}

/// The same with the median.
pub(crate) fn percentiles(mut values: Vec<f64>, level: f64) -> Option<(Interval, f64)> {
    values.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    Some(((quantile(&values, tail)?, quantile(&values, 1.0 - tail)?), quantile(&values, 0.5)?))
}

/// Variance of values, divided by their number less one.
pub(crate) fn variance(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.len() > 1).then(|| values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0))
}

/// A generator of standard normal values that gives the same ones every time.
pub(crate) fn normals(seed: u64) -> impl FnMut() -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    move || rand_distr::StandardNormal.sample(&mut rng)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(counts: &[u64]) -> impl Iterator<Item = Adds> {
        counts.iter().enumerate().map(|(cell, &count)| Adds { unit: 0, cell: cell as u32, amount: 1.0, count })
    }

    #[test]
    fn a_draw_keeps_the_total_and_the_mean() {
        let counts = [500, 300, 200, 0, 9];
        let draws = Sample::new(rows(&counts), 5, false).draws(2000, 7);
        assert!(draws.values(|t| Some(t.iter().sum())).iter().all(|sum| *sum == 1009.0));
        for (cell, count) in counts.iter().enumerate() {
            let mean = draws.values(|t| Some(t[cell])).iter().sum::<f64>() / 2000.0;
            assert!((mean - *count as f64).abs() < 2.0, "{cell}: {mean}");
        }
    }

    #[test]
    fn patients_are_drawn_whole() {
        // Forty patients with three rows each, and one with five: no draw has another number of rows.
        let adds = (0..41).map(|unit| Adds {
            unit,
            cell: u32::from(unit % 2 == 0),
            amount: 1.0,
            count: if unit == 40 { 5 } else { 3 },
        });
        let draws = Sample::new(adds, 2, true).draws(500, 1);
        for sum in draws.values(|t| Some(t.iter().sum())) {
            assert!((0..=41).any(|k: i32| f64::from(3 * (41 - k) + 5 * k) == sum), "{sum}");
        }
        let spread = variance(&draws.values(|t| Some(t[0] / t.iter().sum::<f64>()))).unwrap_or_default();
        // Of 120 independent rows it would be 0.0021; of 41 patients it is three times that.
        assert!((0.0045..0.0085).contains(&spread), "{spread}");
    }

    #[test]
    fn percentiles_interpolate() {
        let interval = percentile_interval((0..=100).map(f64::from).collect(), 0.9);
        assert_eq!(interval.map(|i| (i.0.round(), i.1.round())), Some((5.0, 95.0)));
    }
}
