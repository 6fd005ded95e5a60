//! How a long text is cut into windows that overlap.

use std::ops::Range;

/// A window shares so many tokens with the one before, if it has twice as many.
const OVERLAP: usize = 32;

/// Ranges of at most `room` tokens that cover `tokens`; every two neighbours overlap. At least one, even if empty.
pub(crate) fn windows(tokens: &Range<usize>, room: usize) -> Vec<Range<usize>> {
    let room = room.max(1);
    let step = room.saturating_sub(OVERLAP).max(room / 2).max(1);
    let mut windows = Vec::new();
    let mut from = tokens.start;
    loop {
        let to = (from + room).min(tokens.end);
        windows.push(from..to);
        if to == tokens.end {
            return windows;
        }
        from += step;
    }
}

#[cfg(test)]
mod tests {
    use super::{OVERLAP, windows};

    #[test]
    fn every_token_is_in_a_window_and_none_is_too_long() {
        for room in [1, 2, 3, 30, 62, 63, 64, 65, 510] {
            for length in (0..70).chain([509, 510, 511, 1000, 1021]) {
                let tokens = 1..1 + length;
                let made = windows(&tokens, room);
                assert_eq!((made[0].start, made[made.len() - 1].end), (1, tokens.end));
                assert!(made.iter().all(|window| window.len() <= room), "{room} {length}");
                let shared = if room >= 2 * OVERLAP { OVERLAP } else { room - (room / 2).max(1) };
                for pair in made.windows(2) {
                    assert_eq!(pair[0].len(), room);
                    assert_eq!(pair[0].end - pair[1].start, shared, "{room} {length}");
                    assert!(pair[0].end < pair[1].end, "{room} {length}");
                }
            }
        }
    }
}
