//! Where pages begin, and what stays together so that no page holds next to nothing.

use medattest_docs::{Block, introduces, is_small, lines_of_block, rows_of};

/// Rows and paragraphs above which the parts of a paper begin on pages of their own: so files of some seventy pages are
/// bound and read, and their parts are laid out side by side.
const PARTED: usize = 1_200;
/// But a part that follows fewer rows than a page holds, about so many, begins on theirs.
const PAGE: usize = 30;
/// Within a part, a heading after so many rows begins a page, too.
const CHAPTER: usize = 300;

/// Lines that stand at least on the last page before one that is begun.
const TAIL: f64 = 8.0;

/// How a block stands on its page.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Place {
    /// It begins a page.
    pub(crate) fresh: bool,
    /// No page ends after it.
    pub(crate) sticky: bool,
    /// Lines of the last rows of a table that stay together.
    pub(crate) last: f64,
}

/// The places of all blocks of a paper, or of a sheet of few pages.
pub(crate) fn places(blocks: &[Block], sheet: bool) -> Vec<Place> {
    let rows = |block: &Block| rows_of(block, PAGE / 2);
    let parted = blocks.iter().map(rows).sum::<usize>() > PARTED;
    let contents = blocks.iter().position(|block| *block == Block::Contents).unwrap_or(0);
    let mut places: Vec<Place> =
        (0..blocks.len()).map(|at| Place { sticky: introduces(blocks, at), ..Place::default() }).collect();
    let mut since = 0;
    for (at, block) in blocks.iter().enumerate() {
        let (before, place) = at.checked_sub(1).map_or((None, None), |at| (blocks.get(at), places.get(at)));
        let bound = matches!(before, Some(Block::Heading { .. })) || place.is_some_and(|place| place.sticky);
        let opens = match block {
            Block::Heading { level: 2, .. } => since > PAGE,
            // Not one that stands under another heading or its citation.
            Block::Heading { level: 3.., .. } => since > CHAPTER && !bound,
            _ => false,
        };
        let opens = parted && at > contents && opens && keep(blocks, at, &mut places);
        since = if opens { 0 } else { since + rows(block) };
        // What follows the contents begins on a page of its own.
        let first = !sheet && before == Some(&Block::Contents);
        if let Some(place) = places.get_mut(at) {
            place.fresh = first || opens;
        }
    }
    keep(blocks, blocks.len(), &mut places);
    places
}

/// Binds what stands before a block that begins a page, or before the end, so that some lines of it stand together;
/// `false` where they cannot be bound: what little follows a long table would stand alone.
fn keep(blocks: &[Block], end: usize, places: &mut [Place]) -> bool {
    let mut lines = 0.0;
    for (at, (block, place)) in blocks.iter().zip(places).enumerate().take(end).rev() {
        let rows = lines_of_block(block);
        match block {
            Block::Contents | Block::Page => return true,
            Block::Table { .. } | Block::Terms(_) if !is_small(&rows) => {
                place.last = TAIL;
                return at + 1 == end;
            }
            _ => {}
        }
        place.sticky |= at + 1 < end;
        lines += rows.iter().sum::<f64>();
        if lines >= TAIL || place.fresh {
            return true;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use medattest_docs::{Cell, Inline};

    use super::*;

    fn heading(level: u8) -> Block {
        Block::Heading { level, text: vec![Inline::Text("Part".into())], id: None }
    }

    fn table(rows: usize) -> Block {
        let rows = (0..rows).map(|_| vec![Cell::text("figure")]).collect();
        Block::Table { caption: None, head: vec!["Name".into()], rows }
    }

    fn line() -> Block {
        Block::Paragraph(vec![Inline::Text("A line.".into())])
    }

    #[test]
    fn short_papers_have_no_parts() {
        let places = places(&[heading(2), table(PAGE + 1), heading(2), line()], false);
        assert!(places.iter().all(|place| !place.fresh));
    }

    #[test]
    fn rows_before_a_new_page_stay_together() {
        let places = places(&[heading(2), table(PARTED), heading(2), line()], false);
        assert_eq!(places.iter().map(|place| place.fresh).collect::<Vec<_>>(), [false, false, true, false]);
        assert_eq!(places.get(1).map(|place| place.last), Some(TAIL));
    }

    #[test]
    fn no_page_begins_where_a_line_after_a_long_table_would_stand_alone() {
        let places = places(&[heading(2), table(PARTED), line(), line(), heading(2), line()], false);
        assert!(places.iter().all(|place| !place.fresh), "{places:?}");
    }

    #[test]
    fn a_few_lines_before_a_new_page_hold_on_to_the_text_before_them() {
        let blocks =
            [heading(2), table(PARTED), line(), table(6), line(), line(), heading(2), table(20), line(), line()];
        let places = places(&blocks, false);
        assert!(places.get(6).is_some_and(|place| place.fresh), "{places:?}");
        let sticky: Vec<usize> =
            places.iter().enumerate().filter(|(_, place)| place.sticky).map(|(at, _)| at).collect();
        assert_eq!(sticky, [3, 4, 8], "up to eight lines; a paper ends like a part");
    }
}
