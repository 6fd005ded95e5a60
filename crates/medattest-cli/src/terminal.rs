//! Text for a terminal: 80 columns, colour where it is wanted, the word always there too.

use std::fmt::Write as _;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use medattest_core::{Decision, Outcome, Severity};

use crate::command::Stop;

const WIDTH: usize = 80;

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
pub(crate) const BAD: Style = Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));
pub(crate) const UNSURE: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow)));

/// Text being put together.
#[derive(Debug, Default)]
pub(crate) struct Text(String);

impl Text {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }

    pub(crate) fn blank(&mut self) {
        self.0.push('\n');
    }

    pub(crate) fn heading(&mut self, text: &str) {
        let _ = writeln!(self.0, "\n{BOLD}{text}{BOLD:#}");
    }

    pub(crate) fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    /// A paragraph, indented and wrapped.
    pub(crate) fn paragraph(&mut self, indent: usize, text: &str) {
        self.styled(indent, Style::new(), text);
    }

    pub(crate) fn styled(&mut self, indent: usize, style: Style, text: &str) {
        for line in wrap(text, WIDTH - indent) {
            let _ = writeln!(self.0, "{:indent$}{style}{line}{style:#}", "");
        }
    }

    /// A coloured word, then a paragraph beside it.
    pub(crate) fn tagged(&mut self, style: Style, tag: &str, width: usize, text: &str) {
        for (index, line) in wrap(text, WIDTH - width - 3).iter().enumerate() {
            let word = if index == 0 { tag } else { "" };
            let _ = writeln!(self.0, "  {style}{word:<width$}{style:#} {line}");
        }
    }

    /// A table: columns as wide as their content, the first left, the others right.
    pub(crate) fn table(&mut self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (index, row) in rows.iter().enumerate() {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = widths.get(column).copied().unwrap_or(0);
                let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
                if column == 0 {
                    let _ = write!(line, "{cell}{pad}");
                } else {
                    let _ = write!(line, "  {pad}{cell}");
                }
            }
            let style = if index == 0 { DIM } else { Style::new() };
            let _ = writeln!(self.0, "  {style}{}{style:#}", line.trim_end());
        }
    }
}

/// Breaks text into lines of at most `width` characters; a longer word stands alone.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        if let Some(line) = lines.last_mut() {
            if line.is_empty() {
                line.push_str(word);
            } else if line.chars().count() + 1 + word.chars().count() <= width {
                line.push(' ');
                line.push_str(word);
            } else {
                lines.push(word.to_owned());
            }
        }
    }
    lines
}

pub(crate) fn decision_style(decision: Decision) -> Style {
    match decision {
        Decision::Pass => GOOD,
        Decision::Fail => BAD,
        Decision::Inconclusive | Decision::NeedsReview => UNSURE,
    }
}

pub(crate) fn outcome_style(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Met => GOOD,
        Outcome::NotMet => BAD,
        Outcome::Unknown => UNSURE,
        Outcome::NotApplicable => DIM,
    }
}

pub(crate) fn severity_style(severity: Severity, binding: bool) -> Style {
    if severity >= Severity::High && binding { BAD } else { UNSURE }
}

/// Says why a command stopped.
pub(crate) fn stop(stop: &Stop) {
    let mut text = String::new();
    for diagnostic in &stop.0 {
        let _ = writeln!(
            text,
            "{BAD}error{BAD:#} {BOLD}{}{BOLD:#}: {} {DIM}[{}]{DIM:#}",
            clean(&diagnostic.place.to_string()),
            clean(&diagnostic.message),
            diagnostic.code
        );
        if let Some(hint) = &diagnostic.hint {
            let _ = writeln!(text, "      hint: {}", clean(hint));
        }
    }
    if stop.0.len() > 1 {
        let _ = writeln!(text, "{} mistakes", stop.0.len());
    }
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// One line on standard error.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", clean(line));
}

/// Text from files cannot move the cursor or change colours.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_wrapped_at_words() {
        let lines = wrap("one two three four five six", 9);
        assert_eq!(lines, ["one two", "three", "four five", "six"]);
    }

    #[test]
    fn escape_sequences_of_others_do_not_get_through() {
        assert_eq!(clean("a\u{1b}[31mb"), "a\u{fffd}[31mb");
    }
}
