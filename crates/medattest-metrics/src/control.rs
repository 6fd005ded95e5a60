//! Control charts (Montgomery 2019; Woodall 2006, doi 10.1080/00224065.2006.11918623) and how long they run before they
//! alarm. A chart takes what was seen in each window and what was expected, and yields points with limits.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial as BinomialLaw, DiscreteCDF};

use crate::estimate::{Estimate, Figure, NotEstimable};
use crate::rate::z as quantile;

/// One window on a chart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChartPoint {
    /// What was seen.
    pub value: f64,
    /// Centre line.
    pub centre: f64,
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
    /// Distance from the centre in standard errors.
    pub z: f64,
    /// Rows behind it.
    pub n: u64,
}

impl ChartPoint {
    /// Whether it lies beyond a limit.
    pub fn beyond(&self) -> bool {
        self.value < self.low || self.value > self.high
    }
}

/// How wide limits are, in standard errors, unless something else is asked (Shewhart 1931).
pub const SHEWHART: f64 = 3.0;

fn point(value: f64, centre: f64, error: f64, n: u64, width: f64, (least, most): (f64, f64)) -> ChartPoint {
    let z = if error > 0.0 { (value - centre) / error } else { 0.0 };
    ChartPoint {
        value,
        centre,
        low: (centre - width * error).max(least),
        high: (centre + width * error).min(most),
        z,
        n,
    }
}

/// Share of rows with an event in each window: (events, rows) against an expected share.
pub fn p_chart(windows: &[(u64, u64)], centre: f64, width: f64) -> Vec<Option<ChartPoint>> {
    let one = |(events, n): &(u64, u64)| {
        let rows = *n as f64;
        let error = (centre * (1.0 - centre) / rows).sqrt();
        (*n > 0).then(|| point(*events as f64 / rows, centre, error, *n, width, (0.0, 1.0)))
    };
    windows.iter().map(one).collect()
}

/// Events per unit of exposure in each window: (events, exposure) against an expected rate.
pub fn u_chart(windows: &[(u64, f64)], centre: f64, width: f64) -> Vec<Option<ChartPoint>> {
    let one = |(events, exposure): &(u64, f64)| {
        let error = (centre / exposure).sqrt();
        let bounds = (0.0, f64::INFINITY);
        (*exposure > 0.0).then(|| point(*events as f64 / exposure, centre, error, *exposure as u64, width, bounds))
    };
    windows.iter().map(one).collect()
}

/// Mean of each window: (mean, rows) against an expected mean and the standard deviation of single rows.
pub fn x_bar_chart(windows: &[(f64, u64)], centre: f64, sd: f64, width: f64) -> Vec<Option<ChartPoint>> {
    let one = |(mean, n): &(f64, u64)| {
        let bounds = (f64::NEG_INFINITY, f64::INFINITY);
        (*n > 0).then(|| point(*mean, centre, sd / (*n as f64).sqrt(), *n, width, bounds))
    };
    windows.iter().map(one).collect()
}

/// Exponentially weighted mean of standardised values (Roberts 1959), with limits that widen as it settles.
pub fn ewma_chart(z: &[Option<f64>], weight: f64, width: f64) -> Vec<Option<ChartPoint>> {
    let (mut mean, mut rest) = (0.0, 1.0);
    z.iter()
        .map(|z| {
            let z = (*z)?;
            mean += weight * (z - mean);
            rest *= (1.0 - weight) * (1.0 - weight);
            let error = (weight / (2.0 - weight) * (1.0 - rest)).sqrt();
            Some(point(mean, 0.0, error, 0, width, (f64::NEG_INFINITY, f64::INFINITY)))
        })
        .collect()
}

/// Cumulated sums of standardised values on both sides (Page 1954).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Evidence of a rise.
    pub up: f64,
    /// Evidence of a fall.
    pub down: f64,
}

/// Cumulates standardised values; `slack` is half the shift to be seen, in standard errors.
pub fn cusum_chart(z: &[Option<f64>], slack: f64) -> Vec<Option<Sums>> {
    let mut sums = Sums::default();
    z.iter()
        .map(|z| {
            let z = (*z)?;
            sums.up = (sums.up + z - slack).max(0.0);
            sums.down = (sums.down - z - slack).max(0.0);
            Some(sums)
        })
        .collect()
}

/// Rows of one predicted risk in a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RiskCell {
    /// Predicted risk, within 0 and 1.
    pub risk: f64,
    /// Rows with the event.
    pub pos: u64,
    /// Rows without.
    pub neg: u64,
}

/// Weight of the evidence in a window that the odds of the event are `ratio` times those predicted (Steiner et al.
/// 2000, doi 10.1093/biostatistics/1.4.441).
pub fn risk_weight(cells: &[RiskCell], ratio: f64) -> f64 {
    cells
        .iter()
        .map(|cell| {
            let neg = -(1.0 - cell.risk + ratio * cell.risk).ln();
            cell.pos as f64 * (ratio.ln() + neg) + cell.neg as f64 * neg
        })
        .sum()
}

/// Risk-adjusted cumulated sums: `up` for odds `ratio` times those predicted, `down` for one over it. The sums are
/// looked at where a window ends.
pub fn risk_adjusted_cusum(windows: &[Vec<RiskCell>], ratio: f64) -> Vec<Option<Sums>> {
    let mut sums = Sums::default();
    windows
        .iter()
        .map(|cells| {
            if cells.iter().all(|cell| cell.pos + cell.neg == 0) {
                return None;
            }
            sums.up = (sums.up + risk_weight(cells, ratio)).max(0.0);
            sums.down = (sums.down + risk_weight(cells, 1.0 / ratio)).max(0.0);
            Some(sums)
        })
        .collect()
}

/// A pattern of points that chance alone seldom makes (Western Electric 1956; Nelson 1984).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunRule {
    /// One point beyond three standard errors.
    BeyondThree,
    /// Two of three in a row beyond two on the same side.
    TwoOfThree,
    /// Four of five in a row beyond one on the same side.
    FourOfFive,
    /// Eight in a row on the same side.
    EightOnOneSide,
    /// Six in a row that rise or fall.
    SixInATrend,
}

impl RunRule {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::BeyondThree, Self::TwoOfThree, Self::FourOfFive, Self::EightOnOneSide, Self::SixInATrend];

    /// Whether the last points make the pattern.
    pub fn holds(self, z: &[f64]) -> bool {
        let last = |k: usize| z.len().checked_sub(k).map(|from| &z[from..]);
        let many = |of: usize, asked: usize, beyond: f64| {
            last(of).is_some_and(|last| {
                let newest = last[of - 1];
                newest.abs() > beyond && last.iter().filter(|z| **z * newest.signum() > beyond).count() >= asked
            })
        };
        match self {
            Self::BeyondThree => many(1, 1, 3.0),
            Self::TwoOfThree => many(3, 2, 2.0),
            Self::FourOfFive => many(5, 4, 1.0),
            Self::EightOnOneSide => many(8, 8, 0.0),
            Self::SixInATrend => last(6).is_some_and(|last| {
                last.windows(2).all(|pair| pair[1] > pair[0]) || last.windows(2).all(|pair| pair[1] < pair[0])
            }),
        }
    }
}

/// One site on a funnel plot (Spiegelhalter 2005, doi 10.1002/sim.1970).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FunnelPoint {
    /// Share seen.
    pub value: f64,
    /// Rows.
    pub n: u64,
    /// 95 % limits around the share of all sites, exact.
    pub warning: (f64, f64),
    /// 99.8 % limits, exact.
    pub alarm: (f64, f64),
    /// Two-sided p-value of the site being like all, exact.
    pub p: f64,
}

/// Sites as (events, rows) around the share `centre`.
pub fn funnel(sites: &[(u64, u64)], centre: f64) -> Vec<Option<FunnelPoint>> {
    let limit = |n: u64, tail: f64| -> Option<(f64, f64)> {
        let law = BinomialLaw::new(centre, n).ok()?;
        let rows = n as f64;
        Some((law.inverse_cdf(tail) as f64 / rows, law.inverse_cdf(1.0 - tail) as f64 / rows))
    };
    sites
        .iter()
        .map(|(events, n)| {
            if *n == 0 {
                return None;
            }
            let law = BinomialLaw::new(centre, *n).ok()?;
            let below = law.cdf(*events);
            let above = if *events == 0 { 1.0 } else { law.sf(*events - 1) };
            Some(FunnelPoint {
                value: *events as f64 / *n as f64,
                n: *n,
                warning: limit(*n, 0.025)?,
                alarm: limit(*n, 0.001)?,
                p: (2.0 * below.min(above)).min(1.0),
            })
        })
        .collect()
}

/// How a chart decides, for [`run_length`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decider {
    /// A point beyond this many standard errors.
    Shewhart(f64),
    /// Any of the run rules.
    RunRules,
    /// An exponentially weighted mean with this weight, beyond this many of its standard errors.
    Ewma(f64, f64),
    /// Cumulated sums with this slack, beyond this.
    Cusum(f64, f64),
}

impl Decider {
    /// The window of the first alarm over standardised values, from 1.
    pub fn first_alarm(self, z: impl Iterator<Item = f64>) -> Option<usize> {
        let (mut mean, mut rest, mut sums) = (0.0, 1.0, Sums::default());
        let mut recent: Vec<f64> = Vec::new();
        for (at, z) in z.enumerate() {
            let alarm = match self {
                Self::Shewhart(width) => z.abs() > width,
                Self::RunRules => {
                    if recent.len() == 8 {
                        recent.remove(0);
                    }
                    recent.push(z);
                    RunRule::ALL.iter().any(|rule| rule.holds(&recent))
                }
                Self::Ewma(weight, width) => {
                    mean += weight * (z - mean);
                    rest *= (1.0 - weight) * (1.0 - weight);
                    mean.abs() > width * (weight / (2.0 - weight) * (1.0 - rest)).sqrt()
                }
                Self::Cusum(slack, limit) => {
                    sums.up = (sums.up + z - slack).max(0.0);
                    sums.down = (sums.down - z - slack).max(0.0);
                    sums.up.max(sums.down) > limit
                }
            };
            if alarm {
                return Some(at + 1);
            }
        }
        None
    }
}

/// What runs are simulated from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Process {
    /// Means of many rows, `shift` standard errors away from what is expected.
    Mean {
        /// Shift in standard errors of a window.
        shift: f64,
    },
    /// A share of `n` rows whose true value is `truth` where `centre` is expected.
    Share {
        /// Rows of a window.
        n: u64,
        /// Expected share.
        centre: f64,
        /// True share.
        truth: f64,
    },
}

/// Longest run that is simulated.
const LONGEST: usize = 20_000;

/// Average number of windows up to the first alarm, with the interval that the number of simulated runs leaves.
pub fn run_length(decider: Decider, process: Process, runs: usize, seed: u64) -> Estimate {
    let lengths: Vec<f64> = (0..runs)
        .map(|run| {
            let mut random = ChaCha8Rng::seed_from_u64(seed ^ (run as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let length = match process {
                Process::Mean { shift } => {
                    let values = (0..LONGEST).map(|_| {
                        let z: f64 = StandardNormal.sample(&mut random);
                        z + shift
                    });
                    decider.first_alarm(values)
                }
                Process::Share { n, centre, truth } => {
                    let error = (centre * (1.0 - centre) / n as f64).sqrt();
                    Binomial::new(n, truth).ok().and_then(|law| {
                        let values =
                            (0..LONGEST).map(|_| (law.sample(&mut random) as f64 / n as f64 - centre) / error);
                        decider.first_alarm(values)
                    })
                }
            };
            length.unwrap_or(LONGEST) as f64
        })
        .collect();
    averaged(&lengths)
}

fn averaged(lengths: &[f64]) -> Estimate {
    let runs = lengths.len() as f64;
    if lengths.len() < 2 {
        return Estimate::missing(lengths.len() as u64, 0, NotEstimable::FewerThan(2));
    }
    let mean = lengths.iter().sum::<f64>() / runs;
    let variance = lengths.iter().map(|l| (l - mean) * (l - mean)).sum::<f64>() / (runs - 1.0);
    let half = quantile(0.95) * (variance / runs).sqrt();
    let figure = Figure {
        value: mean,
        low: mean - half,
        high: mean + half,
        level: 0.95,
        method: "simulation".into(),
        error_bound: 0.0,
    };
    Estimate { n: lengths.len() as u64, events: 0, figure: Ok(figure) }
}

/// The limit at which cumulated sums, or an exponentially weighted mean, run `target` windows on average while nothing
/// changes, to about one in fifty.
pub fn limit_for(target: f64, process: Process, make: impl Fn(f64) -> Decider, runs: usize, seed: u64) -> f64 {
    let (mut low, mut high) = (0.5, 12.0);
    for _ in 0..14 {
        let middle = (low + high) / 2.0;
        let length = run_length(make(middle), process, runs, seed).value().unwrap_or(0.0);
        if length < target { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// Windows of one composition whose events are drawn again and again. The evidence depends on the number of events
/// alone: each adds the logarithm of the odds ratio, whatever its risk.
struct Drawn {
    laws: Vec<Binomial>,
    /// Mean and standard deviation of the number of events, where it is large enough to be drawn at once.
    normal: Option<(f64, f64)>,
    /// Evidence of a window without events, for a rise and for a fall.
    none: (f64, f64),
    step: f64,
}

/// Variance of the number of events from which it is drawn from the normal distribution.
const MANY: f64 = 200.0;

impl Drawn {
    /// Windows of `cells`' composition whose true odds are `truth` times those predicted, with odds `ratio` times those
    /// predicted to be seen.
    fn new(cells: &[RiskCell], ratio: f64, truth: f64) -> Self {
        let events = |cell: &RiskCell| {
            let odds = truth * cell.risk / (1.0 - cell.risk).max(1e-12);
            (cell.pos + cell.neg, odds / (1.0 + odds))
        };
        let all: Vec<(u64, f64)> = cells.iter().map(events).collect();
        let mean: f64 = all.iter().map(|(n, p)| *n as f64 * p).sum();
        let variance: f64 = all.iter().map(|(n, p)| *n as f64 * p * (1.0 - p)).sum();
        let empty: Vec<RiskCell> =
            cells.iter().map(|cell| RiskCell { risk: cell.risk, pos: 0, neg: cell.pos + cell.neg }).collect();
        Self {
            laws: all.iter().filter_map(|(n, p)| Binomial::new(*n, *p).ok()).collect(),
            normal: (variance >= MANY).then(|| (mean, variance.sqrt())),
            none: (risk_weight(&empty, ratio), risk_weight(&empty, 1.0 / ratio)),
            step: ratio.ln(),
        }
    }

    /// One run: the windows at which the larger sum rose above all before, up to `limit` or `longest` windows.
    fn records(&self, run: usize, seed: u64, limit: f64, longest: usize) -> Vec<(usize, f64)> {
        let mut random = ChaCha8Rng::seed_from_u64(seed ^ (run as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut sums = Sums::default();
        let mut records: Vec<(usize, f64)> = Vec::new();
        for at in 0..longest {
            let events = match self.normal {
                Some((mean, sd)) => {
                    let z: f64 = StandardNormal.sample(&mut random);
                    (mean + sd * z).round().max(0.0)
                }
                None => self.laws.iter().map(|law| law.sample(&mut random)).sum::<u64>() as f64,
            };
            sums.up = (sums.up + self.none.0 + events * self.step).max(0.0);
            sums.down = (sums.down + self.none.1 - events * self.step).max(0.0);
            let sum = sums.up.max(sums.down);
            if records.last().is_none_or(|(_, most)| sum > *most) {
                records.push((at + 1, sum));
            }
            if sum > limit {
                break;
            }
        }
        records
    }
}

/// Run lengths of risk-adjusted sums with alarm beyond `limit` on either side, for true odds `truth` times those
/// predicted; runs are given up after `longest` windows.
pub fn risk_run_length(
    cells: &[RiskCell],
    (ratio, truth): (f64, f64),
    limit: f64,
    (runs, longest): (usize, usize),
    seed: u64,
) -> Estimate {
    let drawn = Drawn::new(cells, ratio, truth);
    let length = |run| {
        let last = drawn.records(run, seed, limit, longest).last().copied();
        last.filter(|(_, sum)| *sum > limit).map_or(longest, |(at, _)| at) as f64
    };
    averaged(&(0..runs).map(length).collect::<Vec<f64>>())
}

/// The limit at which risk-adjusted sums run `target` windows on average while odds are as predicted. Each run is drawn
/// once and tells its length for every limit.
pub fn risk_limit(cells: &[RiskCell], ratio: f64, target: f64, runs: usize, seed: u64) -> f64 {
    let longest = 4 * target as usize;
    let drawn = Drawn::new(cells, ratio, 1.0);
    let records: Vec<Vec<(usize, f64)>> =
        (0..runs).map(|run| drawn.records(run, seed, f64::INFINITY, longest)).collect();
    let mean = |limit: f64| {
        let length =
            |records: &Vec<(usize, f64)>| records.iter().find(|(_, sum)| *sum > limit).map_or(longest, |r| r.0);
        records.iter().map(length).sum::<usize>() as f64 / runs.max(1) as f64
    };
    let (mut low, mut high) = (0.0, records.iter().flatten().map(|(_, sum)| *sum).fold(1.0, f64::max));
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        if mean(middle) < target { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance, "{a} for {b}");
    }

    #[test]
    fn textbook_run_lengths() {
        // Shewhart with three standard errors: one over the normal tail, 370.4 (Montgomery 2019, table 5.1).
        let mean = Process::Mean { shift: 0.0 };
        close(run_length(Decider::Shewhart(3.0), mean, 4_000, 1).value().expect("runs"), 370.4, 20.0);
        // Cumulated sums with slack 0.5 and limit 4: 168, and 8.38 after a shift by one (Hawkins 1993).
        close(run_length(Decider::Cusum(0.5, 4.0), mean, 4_000, 2).value().expect("runs"), 168.0, 9.0);
        let shifted = Process::Mean { shift: 1.0 };
        close(run_length(Decider::Cusum(0.5, 4.0), shifted, 4_000, 3).value().expect("runs"), 8.38, 0.3);
        // An exponentially weighted mean of weight 0.2 at 2.86 of its own errors: about 370 (Lucas & Saccucci 1990).
        close(run_length(Decider::Ewma(0.2, 2.86), mean, 4_000, 4).value().expect("runs"), 370.0, 25.0);
    }

    #[test]
    fn limits_are_found() {
        let limit = limit_for(370.0, Process::Mean { shift: 0.0 }, |h| Decider::Cusum(0.5, h), 1_500, 5);
        // 4.77 (Hawkins 1993).
        close(limit, 4.77, 0.15);
    }

    #[test]
    fn evidence_of_risk_adds_up() {
        let cells = [RiskCell { risk: 0.2, pos: 3, neg: 7 }];
        // Three events of weight ln 2 - ln 1.2, seven of weight -ln 1.2.
        close(risk_weight(&cells, 2.0), 3.0 * 2.0_f64.ln() - 10.0 * 1.2_f64.ln(), 1e-12);
        let sums = risk_adjusted_cusum(&[cells.to_vec(), Vec::new(), cells.to_vec()], 2.0);
        assert_eq!(sums[1], None);
        let twice = sums[2].expect("rows").up;
        close(twice, 2.0 * risk_weight(&cells, 2.0), 1e-12);
    }

    #[test]
    fn a_risk_limit_keeps_the_run_length_asked_for() {
        let cells = [0.05, 0.1, 0.2, 0.4].map(|risk| RiskCell { risk, pos: 0, neg: 25 });
        let limit = risk_limit(&cells, 1.5, 100.0, 300, 1);
        let quiet = risk_run_length(&cells, (1.5, 1.0), limit, (600, 4_000), 2).value().expect("runs");
        // Long runs are cut off while the limit is looked for, so that it errs a little on the long side.
        assert!((85.0..130.0).contains(&quiet), "{quiet}");
        let odd = risk_run_length(&cells, (1.5, 1.5), limit, (600, 4_000), 3).value().expect("runs");
        assert!(odd < quiet / 4.0, "{odd}");
    }

    #[test]
    fn patterns_of_points() {
        assert!(RunRule::BeyondThree.holds(&[0.0, -3.1]));
        assert!(RunRule::TwoOfThree.holds(&[2.1, 0.0, 2.2]) && !RunRule::TwoOfThree.holds(&[2.1, 0.0, -2.2]));
        assert!(RunRule::FourOfFive.holds(&[1.1, 1.2, 0.0, 1.3, 1.4]));
        assert!(RunRule::EightOnOneSide.holds(&[0.1; 8]) && !RunRule::EightOnOneSide.holds(&[0.1; 7]));
        assert!(RunRule::SixInATrend.holds(&[-1.0, -0.5, 0.0, 0.2, 0.3, 0.9]));
    }

    #[test]
    fn sites_on_a_funnel() {
        let sites = funnel(&[(5, 50), (20, 50), (0, 0)], 0.1);
        assert!(sites[2].is_none());
        let (usual, odd) = (sites[0].expect("rows"), sites[1].expect("rows"));
        assert!(usual.p > 0.5 && odd.p < 1e-6);
        assert!(odd.value > odd.alarm.1 && usual.value < usual.warning.1);
    }
}
