//! How scores would have to be changed to mean what they say.

use crate::estimate::{Estimate, NotEstimable};
use crate::score::{Asked, Scores, Value, clip};

impl Scores {
    /// Calibration in the large and calibration slope (Cox 1958, doi 10.1093/biomet/45.3-4.562), by maximum
    /// likelihood with Wald intervals; for clusters or weights the variance is the sandwich (Huber 1967).
    pub fn recalibration(&self, asked: &Asked) -> (Estimate, Estimate) {
        let (n, events) = self.totals();
        let asked = Asked { events: asked.events.max(1), non_events: asked.non_events.max(1), ..*asked };
        if let Some(because) = self.refuses(&asked) {
            return (Estimate::missing(n, events, because), Estimate::missing(n, events, because));
        }
        let missing = |because| Estimate::missing(n, events, because);
        let any = (f64::NEG_INFINITY, f64::INFINITY);
        let large = match self.fit(false) {
            Some((value, bound)) => self.finish(value, any, &asked, "maximum likelihood", bound),
            None => missing(NotEstimable::NotConverged),
        };
        let mut scores = self.items.iter().map(|i| logit(i.score));
        let first = scores.next();
        let slope = if scores.all(|s| Some(s) == first) {
            missing(NotEstimable::NoSpread)
        } else {
            match self.fit(true) {
                Some((value, bound)) => self.finish(value, any, &asked, "maximum likelihood", bound),
                None => missing(NotEstimable::NotConverged),
            }
        };
        (large, slope)
    }

    /// Newton's method for a logistic model of the label on the logit of the score: the intercept with the slope held
    /// at 1, or the slope beside a free intercept. With it the first-order error that a grid can have caused.
    fn fit(&self, free_slope: bool) -> Option<(Value, f64)> {
        let logits: Vec<f64> = self.items.iter().map(|i| logit(i.score)).collect();
        let (mut a, mut b) = (0.0_f64, 1.0_f64);
        let mut information = [[0.0; 2]; 2];
        let mut converged = false;
        for _ in 0..60 {
            let (mut g, mut h) = ([0.0; 2], [[0.0; 2]; 2]);
            for (i, &x) in self.items.iter().zip(&logits) {
                let p = 1.0 / (1.0 + (-(a + b * x)).exp());
                let n = i.weight * (i.pos + i.neg) as f64;
                let residual = i.weight * i.pos as f64 - n * p;
                let w = n * p * (1.0 - p);
                g[0] += residual;
                g[1] += residual * x;
                h[0][0] += w;
                h[0][1] += w * x;
                h[1][1] += w * x * x;
            }
            h[1][0] = h[0][1];
            let step = if free_slope {
                let inverse = invert(h)?;
                [inverse[0][0] * g[0] + inverse[0][1] * g[1], inverse[1][0] * g[0] + inverse[1][1] * g[1]]
            } else if h[0][0] > 0.0 {
                [g[0] / h[0][0], 0.0]
            } else {
                return None;
            };
            // A long step overshoots where the likelihood is flat.
            let longest = step[0].abs().max(step[1].abs());
            let scale = if longest > 5.0 { 5.0 / longest } else { 1.0 };
            a += step[0] * scale;
            b += step[1] * scale;
            information = h;
            if a.abs() > 1e3 || b.abs() > 1e3 {
                return None;
            }
            if longest < 1e-11 {
                converged = true;
                break;
            }
        }
        if !converged {
            return None;
        }
        let inverse = if free_slope { invert(information)? } else { [[1.0 / information[0][0], 0.0], [0.0, 0.0]] };
        let at = usize::from(free_slope);
        let bread = inverse[at];
        let influence = |score: f64, label: bool| {
            let x = logit(score);
            let p = 1.0 / (1.0 + (-(a + b * x)).exp());
            (f64::from(u8::from(label)) - p) * (bread[0] + bread[1] * x)
        };
        let se = if self.robust() { self.variance(influence, |_, _| true).sqrt() } else { inverse[at][at].sqrt() };
        let bound = if self.half_cell > 0.0 {
            // How much the estimate moves per unit of each row's logit, times how far the logit may be off.
            self.items
                .iter()
                .map(|i| {
                    let x = logit(i.score);
                    let off =
                        (logit(i.score + self.half_cell) - x).abs().max((logit(i.score - self.half_cell) - x).abs());
                    let p = 1.0 / (1.0 + (-(a + b * x)).exp());
                    let w = p * (1.0 - p) * b;
                    let pull = |y: f64| ((bread[0] + bread[1] * x) * -w + bread[1] * (y - p)).abs();
                    i.weight * off * (i.pos as f64 * pull(1.0) + i.neg as f64 * pull(0.0))
                })
                .sum()
        } else {
            0.0
        };
        Some((Value { value: if free_slope { b } else { a }, se }, bound))
    }
}

fn logit(score: f64) -> f64 {
    let s = clip(score);
    (s / (1.0 - s)).ln()
}

fn invert(m: [[f64; 2]; 2]) -> Option<[[f64; 2]; 2]> {
    let determinant = m[0][0] * m[1][1] - m[0][1] * m[1][0];
    let scale = m[0][0] * m[1][1];
    (determinant > scale * 1e-13)
        .then(|| [[m[1][1] / determinant, -m[0][1] / determinant], [-m[1][0] / determinant, m[0][0] / determinant]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Item;

    const ASKED: Asked = Asked { level: 0.95, events: 1, non_events: 1, rows: 1 };

    #[test]
    fn separated_labels_have_no_slope() {
        let item = |i: i32| Item {
            score: f64::from(i) / 40.0 + 0.01,
            cluster: 0,
            weight: 1.0,
            pos: u64::from(i >= 20),
            neg: u64::from(i < 20),
        };
        let (_, slope) = Scores::new((0..40).map(item).collect(), None, 0.0).recalibration(&ASKED);
        assert_eq!(slope.figure, Err(NotEstimable::NotConverged));
    }
}
