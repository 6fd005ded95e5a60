//! What every paged form needs to know: how wide columns are, where words may break, which level a heading has.

use crate::document::{Block, Cell, Inline};

/// Letters that fit beside each other in the type of tables.
const LETTERS: f64 = 112.0;

/// Shares of the width for the columns of a table, adding up to 1: by how long words and texts are.
pub fn widths(head: &[String], rows: &[Vec<Cell>]) -> Vec<f64> {
    let columns = head.len().max(rows.iter().map(Vec::len).max().unwrap_or(0)).max(1);
    let (mut least, mut wanted, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for column in 0..columns {
        let cells = || rows.iter().filter_map(|row| row.get(column));
        let lines = || cells().flat_map(|cell| cell.lines.iter().map(|line| plain(line)));
        let title = head.get(column).map(String::as_str).unwrap_or_default();
        let longest_word = |text: &str| text.split_whitespace().map(|w| w.chars().count()).max().unwrap_or(0);
        let word =
            lines().map(|line| longest_word(&line).min(18)).max().unwrap_or(0).max(longest_word(title).min(14));
        let lengths: Vec<usize> = lines().map(|line| line.chars().count()).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0).min(400) as f64;
        let mean = lengths.iter().sum::<usize>() as f64 / lengths.len().max(1) as f64;
        // Long columns get more, but not in proportion: the root evens heights out.
        let long = (mean.max(longest / 3.0) * 14.0).sqrt();
        let word = (word as f64 * 1.1 + 3.0).max(5.0);
        least.push(word);
        wanted.push(long.max(word));
        whole.push(longest);
    }
    // No column is so narrow that its words do not fit; what is left is shared by how long the texts are.
    let (all_least, all_wanted): (f64, f64) = (least.iter().sum(), wanted.iter().sum());
    let part =
        if all_wanted > all_least { ((LETTERS - all_least) / (all_wanted - all_least)).clamp(0.0, 1.0) } else { 0.0 };
    let mut weights: Vec<f64> = least.iter().zip(&wanted).map(|(low, high)| low + (high - low) * part).collect();
    // Room that nobody needs goes to the columns of sentences that break, where there are any.
    const SENTENCE: f64 = 80.0;
    let breaks = |(weight, whole): (&f64, &f64)| *whole > weight.max(SENTENCE);
    let breaking: f64 = weights.iter().zip(&whole).filter(|pair| breaks(*pair)).map(|(weight, _)| weight).sum();
    let spare = LETTERS - weights.iter().sum::<f64>();
    if breaking > 0.0 && spare > 0.0 {
        for (weight, whole) in weights.iter_mut().zip(&whole) {
            if breaks((weight, whole)) {
                *weight *= 1.0 + spare / breaking;
            }
        }
    }
    // A column of marks alone is as wide as they are; the others fill the page.
    let marks = |column: usize| {
        let mut lines = rows.iter().filter_map(|row| row.get(column)).flat_map(|cell| &cell.lines).peekable();
        lines.peek().is_some() && lines.all(|line| matches!(line.as_slice(), [Inline::Tag(..)]))
    };
    let fixed: Vec<bool> = (0..columns).map(marks).collect();
    let sum = |of: bool| -> f64 {
        weights.iter().zip(&fixed).filter(|(_, fixed)| **fixed == of).map(|(weight, _)| weight).sum()
    };
    let (narrow, wide) = (sum(true), sum(false));
    let fill = if narrow + wide < LETTERS && wide > 0.0 { (LETTERS - narrow) / wide } else { 1.0 };
    for (weight, fixed) in weights.iter_mut().zip(&fixed) {
        *weight *= if *fixed { 1.0 } else { fill };
    }
    let all: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / all).collect()
}

/// Width of the text of a page, in the units of drawings.
pub const DRAWN: f64 = 640.0;

/// Whether a row of so many lines is so long that it has to break over pages: others move on whole, for what goes on
/// beside an empty cell is not understood.
pub fn is_long(lines: f64) -> bool {
    const LONG: f64 = 18.0;
    lines > LONG
}

/// Lines that each row of a table takes at least, of columns with these shares of the width.
pub fn lines<'a>(rows: impl IntoIterator<Item = &'a Vec<Cell>>, shares: &[f64]) -> Vec<f64> {
    let row = |row: &Vec<Cell>| {
        row.iter().zip(shares).map(|(cell, share)| lines_of(&cell.lines, *share)).fold(0.0, f64::max)
    };
    rows.into_iter().map(row).collect()
}

/// Lines of each row of terms: a name beside what is said of it.
pub fn lines_of_terms(rows: &[(Vec<Inline>, Cell)]) -> Vec<f64> {
    const NAME: f64 = 0.29;
    rows.iter()
        .map(|(name, value)| lines_of(std::slice::from_ref(name), NAME).max(lines_of(&value.lines, 1.0 - NAME)))
        .collect()
}

/// Lines that texts take below each other, in a share of the width.
fn lines_of(texts: &[Vec<Inline>], share: f64) -> f64 {
    texts.iter().map(|line| (plain(line).chars().count() as f64 / (share * LETTERS)).ceil().max(1.0)).sum()
}

/// Lines that a block takes at least, row by row; a drawing takes a good part of a page.
pub fn lines_of_block(block: &Block) -> Vec<f64> {
    const DRAWING: f64 = 15.0;
    match block {
        Block::Table { head, rows, .. } => lines(rows, &widths(head, rows)),
        Block::Terms(rows) => lines_of_terms(rows),
        Block::List(items) => items.iter().map(|item| lines_of(std::slice::from_ref(item), 1.0)).collect(),
        Block::Heading { text, .. } | Block::Paragraph(text) | Block::Note(text) | Block::Verdict { text, .. } => {
            vec![lines_of(std::slice::from_ref(text), 1.0)]
        }
        Block::Figure { .. } => vec![DRAWING],
        Block::Contents | Block::Page => Vec::new(),
    }
}

/// Whether a table, by the lines of its rows, is so small that it stays on one page.
pub fn is_small(lines: &[f64]) -> bool {
    const ROWS: usize = 12;
    const LINES: f64 = 24.0;
    lines.len() <= ROWS && lines.iter().sum::<f64>() <= LINES
}

/// Rows at the end of a table that stay together, so that none stands alone on a page: two, and as many as hold so many
/// lines, unless they fill most of a page.
pub fn last_rows(lines: &[f64], least: f64) -> usize {
    const MOST: f64 = 40.0;
    let (mut count, mut all) = (0, 0.0);
    for row in lines.iter().rev() {
        if count >= 2 && (all >= least || all + row > MOST) {
            break;
        }
        count += 1;
        all += row;
    }
    if all <= MOST { count } else { 0 }
}

/// How long a block is, in rows and paragraphs, where a drawing counts for `figure` of them.
pub fn rows_of(block: &Block, figure: usize) -> usize {
    match block {
        Block::Table { rows, .. } => rows.len(),
        Block::Terms(rows) => rows.len(),
        Block::List(items) => items.len(),
        Block::Figure { .. } => figure,
        _ => 1,
    }
}

/// The words of a line.
pub fn plain(line: &[Inline]) -> String {
    let mut text = String::new();
    for inline in line {
        match inline {
            Inline::Text(part)
            | Inline::Strong(part)
            | Inline::Code(part)
            | Inline::Small(part)
            | Inline::Tag(_, part) => text.push_str(part),
            Inline::Cite(_) => {}
            Inline::Source(number) => text.push_str(&number.to_string()),
        }
    }
    text
}

/// The text with signs of percent that stay with their figure.
pub fn with_units(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains(" %") { text.replace(" %", "\u{a0}%").into() } else { text.into() }
}

/// The text with places at which a long word may break: after punctuation, before capitals within a name, and within
/// digests; but nowhere that would leave a few letters alone, like the ending of a file.
pub fn breakable(text: &str) -> String {
    const GAP: char = '\u{200b}';
    const FEW: usize = 4;
    let mut out = String::with_capacity(text.len() + 8);
    let mut run = 0;
    for (at, letter) in text.char_indices() {
        out.push(letter);
        run += 1;
        let rest = text.get(at + letter.len_utf8()..).unwrap_or_default();
        let left = rest.chars().take_while(|letter| !letter.is_whitespace()).take(FEW + 1).count();
        let mark = matches!(letter, '.' | '/' | '-' | '_' | ':' | ',' | ';' | '=' | '}' | ']' | ')');
        let hump = letter.is_lowercase() && rest.starts_with(char::is_uppercase);
        if letter.is_whitespace() {
            run = 0;
        } else if (mark || hump) && run > 3 && left > FEW || run >= 16 && left > 0 {
            out.push(GAP);
            run = 0;
        }
    }
    out
}

/// Whether a block is a short text between a heading and what it introduces, a table or a drawing, so that no page may end
/// after it.
pub fn introduces(blocks: &[Block], at: usize) -> bool {
    const SHORT: usize = 500;
    let named = |text: &[Inline]| matches!(text.first(), Some(Inline::Strong(_)));
    let (Some(before), Some(block), Some(next)) =
        (at.checked_sub(1).and_then(|before| blocks.get(before)), blocks.get(at), blocks.get(at + 1))
    else {
        return false;
    };
    // A note under a heading is a citation: it stays with whatever follows.
    let text = match (block, next) {
        (Block::Note(text), _)
        | (
            Block::Paragraph(text),
            Block::Table { .. } | Block::Terms(_) | Block::Figure { .. } | Block::List(_) | Block::Heading { .. },
        ) => text,
        (Block::Paragraph(text), Block::Paragraph(next)) if named(next) => text,
        (Block::Paragraph(text), Block::Note(_)) if named(text) => text,
        _ => return false,
    };
    // So do a name in bold type and a line that ends in a colon: they are nothing without what follows.
    let said = plain(text);
    if said.ends_with(':') || named(text) {
        return true;
    }
    said.chars().count() <= SHORT
        && (matches!(before, Block::Heading { level: 2.., .. }) || introduces(blocks, at - 1))
}

/// The blocks with headings that never skip a level, as outlines and screen readers want them: 1 is the title, sections
/// begin at 2.
pub fn levelled(blocks: &[Block]) -> Vec<Block> {
    // The headings that are open, by their own level and the one they have here: those beside each other look alike.
    let mut open: Vec<(u8, u8)> = Vec::new();
    blocks
        .iter()
        .map(|block| match block {
            Block::Heading { level, text, id } => {
                let own = (*level).clamp(1, 6);
                open.retain(|(above, _)| *above < own);
                let level = open.last().map_or(own.min(2), |(_, above)| above + 1);
                open.push((own, level));
                Block::Heading { level, text: text.clone(), id: id.clone() }
            }
            other => other.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_columns_get_more_and_all_is_shared() {
        let rows =
            vec![vec![Cell::text("x"), Cell::text("a long sentence about something that takes room ".repeat(4))]];
        let shares = widths(&["No.".to_owned(), "What".to_owned()], &rows);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(matches!(shares.as_slice(), [a, b] if b > &(3.0 * a)), "{shares:?}");
    }

    #[test]
    fn what_no_column_asks_for_is_shared_by_all() {
        let head = ["site", "Selection rate", "Sensitivity (TPR)", "False positive rate", "PPV"].map(str::to_owned);
        let figure = || Cell::text("0.133").and(vec![Inline::Small("[0.098, 0.149]".into())]);
        let row = |site: &str| vec![Cell::text(site), figure(), figure(), figure(), figure()];
        let shares = widths(&head, &[row("East"), row("North")]);
        let (least, most) = (shares.iter().copied().fold(1.0, f64::min), shares.iter().copied().fold(0.0, f64::max));
        assert!(most < 2.5 * least, "{shares:?}");
    }

    #[test]
    fn headings_do_not_skip_levels() {
        let heading = |level| Block::Heading { level, text: Vec::new(), id: None };
        let levels = |own: &[u8]| -> Vec<u8> {
            levelled(&own.iter().map(|level| heading(*level)).collect::<Vec<_>>())
                .iter()
                .filter_map(|block| if let Block::Heading { level, .. } = block { Some(*level) } else { None })
                .collect()
        };
        assert_eq!(levels(&[1, 2, 5, 2, 4]), [1, 2, 3, 2, 3]);
        assert_eq!(levels(&[1, 2, 4, 4, 5, 4]), [1, 2, 3, 3, 4, 3], "those beside each other have one level");
    }

    #[test]
    fn what_introduces_a_table_is_not_left_behind() {
        let words = |n: usize| vec![Inline::Text("word ".repeat(n))];
        let heading = Block::Heading { level: 3, text: words(1), id: None };
        let table = Block::Table { caption: None, head: Vec::new(), rows: Vec::new() };
        let note = Block::Note(words(3));
        let short = Block::Paragraph(words(3));
        let blocks = [heading.clone(), note, short.clone(), table.clone(), short.clone(), table.clone()];
        let kept: Vec<bool> = (0..blocks.len()).map(|at| introduces(&blocks, at)).collect();
        assert_eq!(kept, [false, true, true, false, false, false]);
        assert!(
            !introduces(&[heading.clone(), Block::Paragraph(words(200)), table], 1),
            "a page may end in a long text"
        );
        let named = Block::Paragraph(vec![Inline::Strong("Name".into())]);
        assert!(introduces(&[heading.clone(), short.clone(), named], 1), "a name in bold type begins what follows");
        assert!(!introduces(&[heading, short.clone(), short], 1), "nothing is introduced");
    }

    #[test]
    fn digests_may_break() {
        let broken = breakable(&"a".repeat(64));
        assert_eq!(broken.replace('\u{200b}', ""), "a".repeat(64));
        assert!(broken.split('\u{200b}').all(|part| part.chars().count() <= 16));
    }
}
