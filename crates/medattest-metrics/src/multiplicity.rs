//! P-values of a family of tests, adjusted for their number.

/// Holm's step-down adjustment (Holm 1979, jstor 4615733): keeps the chance of any false alarm in the family.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let mut adjusted = vec![1.0; p.len()];
    let mut highest = 0.0_f64;
    for (rank, &at) in order.iter().enumerate() {
        highest = highest.max(p[at] * (p.len() - rank) as f64).min(1.0);
        adjusted[at] = highest;
    }
    adjusted
}

/// Benjamini & Hochberg's step-up adjustment (1995, doi 10.1111/j.2517-6161.1995.tb02031.x): keeps the expected share
/// of false alarms among alarms.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let mut adjusted = vec![1.0; p.len()];
    let mut lowest = 1.0_f64;
    for (rank, &at) in order.iter().enumerate().rev() {
        lowest = lowest.min(p[at] * p.len() as f64 / (rank + 1) as f64);
        adjusted[at] = lowest;
    }
    adjusted
}

fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjusted_values_are_those_of_the_textbook() {
        let p = [0.01, 0.04, 0.03, 0.005];
        let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-12);
        assert!(close(&holm(&p), &[0.03, 0.06, 0.06, 0.02]), "{:?}", holm(&p));
        assert!(close(&benjamini_hochberg(&p), &[0.02, 0.04, 0.04, 0.02]), "{:?}", benjamini_hochberg(&p));
        assert!(holm(&[]).is_empty());
    }
}
