//! One HTML file that needs nothing else: no script, no network, no font. Light, dark and print.

use std::fmt::Write as _;

use medattest_core::output::escape;

use crate::document::{Block, Cell, Document, Front, Inline, Tone, source_anchor};

const STYLE: &str = include_str!("style.css");

/// Renders a document.
pub fn html(document: &Document) -> String {
    let mut out = String::with_capacity(64 * 1024);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<main>\n",
        escape(&document.title)
    );
    if let Some(front) = &document.front {
        self::front(&mut out, front);
    }
    for block in &document.blocks {
        self::block(&mut out, block, document);
    }
    if let Some(front) = &document.front {
        if let Some(footer) = &front.letterhead.footer {
            let _ = writeln!(out, "<footer><p class=\"note\">{}</p></footer>", escape(footer));
        }
        // Data, not a program: nothing in it can end the element.
        let data = front.manifest.replace('<', "\\u003c");
        let _ = writeln!(out, "<script type=\"application/json\" id=\"{MANIFEST}\">{data}</script>");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// Id of the element that holds what the facts on the paper were.
const MANIFEST: &str = "medattest-paper";

/// What the facts on a paper were, out of its HTML.
pub(crate) fn manifest(html: &str) -> Option<&str> {
    let (_, rest) = html.split_once(&format!("id=\"{MANIFEST}\">"))?;
    rest.split_once("</script>").map(|(data, _)| data)
}

fn front(out: &mut String, front: &Front) {
    let head = &front.letterhead;
    if let Some(accent) = &head.accent {
        let _ = writeln!(out, "<style>:root {{ --accent: {accent}; }} h1, h2 {{ color: var(--accent); }}</style>");
    }
    if head.logo.is_some() || !head.lines.is_empty() {
        out.push_str("<header class=\"letterhead\">");
        if let Some(logo) = &head.logo {
            let _ = write!(out, "<span class=\"logo\">{logo}</span>");
        }
        let lines: Vec<String> = head.lines.iter().map(|line| escape(line).to_string()).collect();
        let _ = writeln!(out, "<p>{}</p></header>", lines.join("<br>"));
    }
    if front.draft {
        out.push_str("<p class=\"draft\">Draft</p>\n");
    }
}

fn block(out: &mut String, block: &Block, document: &Document) {
    match block {
        Block::Heading { level, text, id } => {
            let level = (*level).clamp(1, 6);
            let _ = match id {
                Some(id) => write!(out, "<h{level} id=\"{}\">", escape(id)),
                None => write!(out, "<h{level}>"),
            };
            inlines(out, text);
            let _ = writeln!(out, "</h{level}>");
        }
        Block::Paragraph(text) => paragraph(out, "p", text),
        Block::Note(text) => paragraph(out, "p class=\"note\"", text),
        Block::List(items) => {
            out.push_str("<ul>\n");
            for item in items {
                paragraph(out, "li", item);
            }
            out.push_str("</ul>\n");
        }
        Block::Table { caption, head, rows } => table(out, caption.as_deref(), head, rows),
        Block::Terms(rows) => {
            out.push_str("<div class=\"table\"><table class=\"terms\">\n<tbody>\n");
            for (name, cell) in rows {
                out.push_str("<tr><th scope=\"row\">");
                inlines(out, name);
                out.push_str("</th><td>");
                self::cell(out, cell);
                out.push_str("</td></tr>\n");
            }
            out.push_str("</tbody></table></div>\n");
        }
        Block::Figure { svg, caption } => {
            let _ = writeln!(out, "<figure>{svg}<figcaption>{}</figcaption></figure>", escape(caption));
        }
        Block::Verdict { tone, title, text } => {
            let _ = write!(
                out,
                "<section class=\"verdict {}\"><p class=\"decision\">{}</p>",
                class(*tone),
                escape(title)
            );
            paragraph(out, "p", text);
            out.push_str("</section>\n");
        }
        Block::Contents => contents(out, document),
        Block::Page => out.push_str("<hr class=\"page\">\n"),
    }
}

fn contents(out: &mut String, document: &Document) {
    out.push_str("<nav aria-label=\"Contents\"><ul>\n");
    for block in &document.blocks {
        if let Block::Heading { level: 2, text, id: Some(id) } = block {
            let _ = write!(out, "<li><a href=\"#{}\">", escape(id));
            inlines(out, text);
            out.push_str("</a></li>\n");
        }
    }
    out.push_str("</ul></nav>\n");
}

fn paragraph(out: &mut String, tag: &str, text: &[Inline]) {
    let name = tag.split(' ').next().unwrap_or(tag);
    let _ = write!(out, "<{tag}>");
    inlines(out, text);
    let _ = writeln!(out, "</{name}>");
}

fn table(out: &mut String, caption: Option<&str>, head: &[String], rows: &[Vec<Cell>]) {
    out.push_str("<div class=\"table\"><table>\n");
    if let Some(caption) = caption {
        let _ = writeln!(out, "<caption>{}</caption>", escape(caption));
    }
    let number = |column: usize| rows.iter().any(|row| row.get(column).is_some_and(|cell| cell.number));
    out.push_str("<thead><tr>");
    for (column, name) in head.iter().enumerate() {
        let class = if number(column) { " class=\"number\"" } else { "" };
        let _ = write!(out, "<th scope=\"col\"{class}>{}</th>", escape(name));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for cell in row {
            out.push_str(if cell.number { "<td class=\"number\">" } else { "<td>" });
            self::cell(out, cell);
            out.push_str("</td>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

fn cell(out: &mut String, cell: &Cell) {
    match cell.lines.as_slice() {
        [line] => inlines(out, line),
        lines => {
            for line in lines {
                out.push_str("<p>");
                inlines(out, line);
                out.push_str("</p>");
            }
        }
    }
}

fn inlines(out: &mut String, text: &[Inline]) {
    for inline in text {
        let _ = match inline {
            Inline::Text(text) => write!(out, "{}", escape(text)),
            Inline::Strong(text) => write!(out, "<strong>{}</strong>", escape(text)),
            Inline::Code(text) => write!(out, "<code>{}</code>", escape(text)),
            Inline::Small(text) => write!(out, "<small>{}</small>", escape(text)),
            Inline::Tag(tone, text) => write!(out, "<span class=\"tag {}\">{}</span>", class(*tone), escape(text)),
            Inline::Cite(numbers) => {
                let links: Vec<String> =
                    numbers.iter().map(|n| format!("<a href=\"#{}\">{n}</a>", source_anchor(*n))).collect();
                write!(out, "<sup class=\"cite\">[{}]</sup>", links.join(", "))
            }
            Inline::Source(number) => write!(out, "<span id=\"{}\">{number}</span>", source_anchor(*number)),
        };
    }
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Unsure => "unsure",
        Tone::Plain => "plain",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_cannot_become_markup() {
        let nasty = "<img src=x onerror=alert(1)> & \"quotes\"";
        let blocks = vec![
            Block::Heading { level: 2, text: vec![Inline::Text(nasty.into())], id: Some(nasty.into()) },
            Block::Contents,
            Block::Table {
                caption: Some(nasty.into()),
                head: vec![nasty.into()],
                rows: vec![vec![Cell::line(vec![Inline::Tag(Tone::Bad, nasty.into()), Inline::Code(nasty.into())])]],
            },
            Block::Verdict { tone: Tone::Bad, title: nasty.into(), text: vec![Inline::Strong(nasty.into())] },
        ];
        let html = html(&Document::new(nasty.into(), blocks));
        assert!(!html.contains("<img"));
        assert_eq!(html.matches("&lt;img src=x onerror=alert(1)&gt; &amp; &quot;quotes&quot;").count(), 11);
    }
}
