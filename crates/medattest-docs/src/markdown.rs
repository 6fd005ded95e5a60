//! Papers as Markdown: for repositories, wikis and model hubs. Charts are told by their captions.

use std::fmt::Write as _;

use crate::document::{Block, Cell, Document, Inline, source_anchor};

/// Before the JSON of what the facts on the paper were.
const MANIFEST: &str = "<!-- medattest-paper ";

/// Renders a document.
pub fn markdown(document: &Document) -> String {
    let mut out = String::new();
    if let Some(front) = &document.front {
        for line in &front.letterhead.lines {
            let _ = writeln!(out, "{}  ", escaped(line));
        }
        if front.draft {
            out.push_str("\n**DRAFT**\n\n");
        }
    }
    for block in &document.blocks {
        self::block(&mut out, block, document);
    }
    if let Some(front) = &document.front {
        if let Some(footer) = &front.letterhead.footer {
            let _ = writeln!(out, "\n{}\n", escaped(footer));
        }
        // Two dashes would end the comment.
        let data = front.manifest.replace('-', "\\u002d").replace('<', "\\u003c").replace('>', "\\u003e");
        let _ = writeln!(out, "{MANIFEST}{data} -->");
    }
    out
}

/// What the facts on a paper were, out of its Markdown.
pub(crate) fn manifest(markdown: &str) -> Option<&str> {
    let (_, rest) = markdown.split_once(MANIFEST)?;
    rest.split_once(" -->").map(|(data, _)| data)
}

fn block(out: &mut String, block: &Block, document: &Document) {
    match block {
        Block::Heading { level, text, id } => {
            let marks = "#".repeat(usize::from((*level).clamp(1, 6)));
            let anchor = id.as_ref().map(|id| format!("<a id=\"{}\"></a>", escaped(id))).unwrap_or_default();
            let _ = writeln!(out, "\n{marks} {anchor}{}\n", inlines(text));
        }
        Block::Paragraph(text) => {
            let _ = writeln!(out, "{}\n", inlines(text));
        }
        Block::Note(text) => {
            let _ = writeln!(out, "> {}\n", inlines(text));
        }
        Block::List(items) => {
            for item in items {
                let _ = writeln!(out, "- {}", inlines(item));
            }
            out.push('\n');
        }
        Block::Table { caption, head, rows } => {
            if let Some(caption) = caption {
                let _ = writeln!(out, "{}\n", escaped(caption));
            }
            table(out, head.iter().map(|name| escaped(name)).collect(), rows);
        }
        Block::Terms(rows) => {
            let rows: Vec<Vec<Cell>> =
                rows.iter().map(|(name, cell)| vec![Cell::line(name.clone()), cell.clone()]).collect();
            table(out, vec![String::new(), String::new()], &rows);
        }
        Block::Figure { caption, .. } => {
            let _ = writeln!(out, "*Figure: {}*\n", escaped(caption));
        }
        Block::Verdict { title, text, .. } => {
            let _ = writeln!(out, "> **{}** {}\n", escaped(title), inlines(text));
        }
        Block::Page => out.push_str("---\n\n"),
        Block::Contents => {
            for block in &document.blocks {
                if let Block::Heading { level: 2, text, id: Some(id) } = block {
                    let _ = writeln!(out, "- [{}](#{id})", inlines(text));
                }
            }
            out.push('\n');
        }
    }
}

fn table(out: &mut String, head: Vec<String>, rows: &[Vec<Cell>]) {
    let number = |column: usize| rows.iter().any(|row| row.get(column).is_some_and(|cell| cell.number));
    let marks: Vec<&str> = (0..head.len()).map(|column| if number(column) { "---:" } else { "---" }).collect();
    let _ = writeln!(out, "| {} |\n| {} |", head.join(" | "), marks.join(" | "));
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .map(|cell| cell.lines.iter().map(|line| inlines(line)).collect::<Vec<_>>().join("<br>"))
            .collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out.push('\n');
}

fn inlines(text: &[Inline]) -> String {
    let mut line = String::new();
    for inline in text {
        let _ = match inline {
            Inline::Text(text) | Inline::Small(text) => write!(line, "{}", escaped(text)),
            Inline::Strong(text) => write!(line, "**{}**", escaped(text.trim())),
            Inline::Code(text) => write!(line, "`{}`", text.replace('`', "'").replace('|', "\\|")),
            Inline::Tag(_, text) => write!(line, "**[{}]**", escaped(text)),
            Inline::Cite(numbers) => {
                let links: Vec<String> = numbers.iter().map(|n| format!("[{n}](#{})", source_anchor(*n))).collect();
                write!(line, "<sup>&#91;{}&#93;</sup>", links.join(", "))
            }
            Inline::Source(number) => write!(line, "<a id=\"{}\"></a>{number}", source_anchor(*number)),
        };
    }
    line.replace(['\n', '\r'], " ")
}

/// Text that means itself.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' => {
                out.push('\\');
                out.push(letter);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Tone;

    #[test]
    fn what_people_wrote_means_itself() {
        let nasty = "<b> a|b *c* [d](e) `f`";
        let blocks = vec![
            Block::Paragraph(vec![Inline::Text(nasty.into()), Inline::Tag(Tone::Bad, nasty.into())]),
            Block::Table { caption: None, head: vec![nasty.into()], rows: vec![vec![Cell::text(nasty)]] },
        ];
        let shown = markdown(&Document::new("t".into(), blocks));
        assert!(!shown.contains("<b>") && !shown.contains("[d](e)"), "{shown}");
        let row = shown.lines().rfind(|line| line.starts_with("| ")).unwrap_or_default();
        assert_eq!(row.matches('|').count() - row.matches("\\|").count(), 2, "{row}");
    }
}
