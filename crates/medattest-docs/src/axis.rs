//! Marks of an axis: round numbers, with zero where the axis has it.

use std::fmt::Write as _;

/// Round values within the ends of an axis, at most so many and one, with what is written at them.
fn ticks((low, high): (f64, f64), most: usize) -> Vec<(f64, String)> {
    let span = high - low;
    if !(span.is_finite() && span > 0.0) {
        return Vec::new();
    }
    let raw = span / most.max(1) as f64;
    let magnitude = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|of| of * magnitude).find(|step| *step >= raw * (1.0 - 1e-9));
    let step = step.unwrap_or(magnitude * 10.0);
    let digits = (-step.log10().floor()).max(0.0) as usize;
    let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
    let label = |value: f64| {
        if digits > 6 {
            format!("{value:.0e}")
        } else if digits == 0 && value >= 10_000.0 {
            medattest_core::output::thousands(value as u64)
        } else {
            format!("{value:.digits$}")
        }
    };
    // An integer times the step is never minus zero.
    (first..=last).map(|at| at as f64 * step).map(|value| (value, label(value))).collect()
}

/// Writes what stands at the marks of a vertical axis, up to `x`; `y` places a value.
pub(crate) fn upright(svg: &mut String, ends: (f64, f64), most: usize, x: f64, y: impl Fn(f64) -> f64) {
    for (value, label) in ticks(ends, most) {
        let _ = write!(
            svg,
            "<text class=\"soft\" font-size=\"10\" text-anchor=\"end\" x=\"{x}\" y=\"{:.1}\">{label}</text>",
            y(value) + 3.0
        );
    }
}

/// Writes what stands at the marks of a horizontal axis, at the height `y`; `x` places a value, nothing where it is none.
pub(crate) fn level(svg: &mut String, ends: (f64, f64), most: usize, x: impl Fn(f64) -> Option<f64>, y: f64) {
    for (value, label) in ticks(ends, most) {
        let Some(x) = x(value) else { continue };
        let _ = write!(
            svg,
            "<text class=\"soft\" font-size=\"10\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{y:.1}\">{label}</text>"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn ticks_are_round_and_zero_is_one_of_them() {
        let labels = |ends, most| ticks(ends, most).into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels((-0.0148, 0.0621), 6), ["0.00", "0.02", "0.04", "0.06"]);
        assert_eq!(labels((0.0, 1.0), 6), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels((0.0, 5649.0), 6), ["0", "1000", "2000", "3000", "4000", "5000"]);
        assert_eq!(labels((-0.3, 0.3), 4), ["-0.2", "0.0", "0.2"]);
        assert!(labels((1.0, 1.0), 4).is_empty() && labels((0.0, f64::NAN), 4).is_empty());
    }
}
