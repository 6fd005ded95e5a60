//! The body: blocks as paragraphs, tables and pictures.

use std::fmt::Write as _;

use super::parts::NAMES;
use super::xml;
use crate::document::{Block, Cell, Document, Inline, Tone, source_anchor};
use crate::drawing::size;
use crate::layout::{
    DRAWN, breakable, introduces, is_long, is_small, last_rows, levelled, lines, lines_of_terms, plain, widths,
    with_units,
};

/// English metric units of a millimetre.
const EMU: f64 = 36_000.0;
/// Width of the text in twentieths of a point, on A4 and US letter with margins of 20 mm.
const WIDTHS: (u32, u32) = (9_638, 9_972);

/// The body with the pictures in it.
pub(super) struct Body {
    pub(super) xml: String,
    pub(super) pictures: Vec<Vec<u8>>,
}

struct Writing<'a> {
    out: String,
    pictures: Vec<Vec<u8>>,
    picture: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    bookmarks: usize,
    width: u32,
}

pub(super) fn body(document: &Document, picture: &dyn Fn(&str) -> Option<Vec<u8>>) -> Body {
    let letter = document.front.as_ref().is_some_and(|front| front.letterhead.us_letter);
    let mut writing = Writing {
        out: format!("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<w:document {NAMES}><w:body>"),
        pictures: Vec::new(),
        picture,
        bookmarks: 0,
        width: if letter { WIDTHS.1 } else { WIDTHS.0 },
    };
    if let Some(front) = &document.front {
        if let Some(logo) = &front.letterhead.logo {
            writing.figure(logo, &front.organisation, 45.0);
        }
        for line in &front.letterhead.lines {
            writing.paragraph("Note", &[Inline::Text(line.clone())]);
        }
    }
    let blocks = levelled(&document.blocks);
    for (at, block) in blocks.iter().enumerate() {
        writing.block(block, at, &blocks);
    }
    let (width, height) = if letter { (12_240, 15_840) } else { (11_906, 16_838) };
    let _ = write!(
        writing.out,
        "<w:sectPr><w:headerReference w:type=\"default\" r:id=\"rId4\"/><w:footerReference w:type=\"default\" r:id=\"rId5\"/>\
         <w:pgSz w:w=\"{width}\" w:h=\"{height}\"/><w:pgMar w:top=\"1247\" w:right=\"1134\" w:bottom=\"1134\" w:left=\"1134\" \
         w:header=\"567\" w:footer=\"567\" w:gutter=\"0\"/></w:sectPr></w:body></w:document>"
    );
    Body { xml: writing.out, pictures: writing.pictures }
}

impl Writing<'_> {
    fn block(&mut self, block: &Block, at: usize, all: &[Block]) {
        match block {
            Block::Heading { level: 1, text, .. } => self.paragraph("Title", text),
            Block::Heading { level, text, id } => {
                let style = format!("Heading{}", (level - 1).clamp(1, 5));
                self.marked(&style, text, id.as_deref(), false);
            }
            Block::Paragraph(text) => self.marked("Normal", text, None, introduces(all, at)),
            Block::Note(text) => self.marked("Note", text, None, introduces(all, at)),
            Block::List(items) => items.iter().for_each(|item| self.paragraph("ListBullet", item)),
            Block::Table { caption, head, rows } => {
                if let Some(caption) = caption {
                    self.paragraph("Caption", &[Inline::Text(caption.clone())]);
                }
                self.table(caption.as_deref(), head, rows);
            }
            Block::Terms(rows) => self.terms(rows),
            Block::Figure { svg, caption } => {
                let share = size(svg).map_or(1.0, |(width, _)| (width / DRAWN).min(1.0));
                let text = f64::from(self.width) / 20.0 / 72.0 * 25.4;
                if !self.figure(svg, caption, share * text) {
                    self.paragraph("Note", &[Inline::Text("The drawing could not be made.".into())]);
                }
                // What comes below a drawing does not bind it to what follows, as what comes above a table does.
                self.out.push_str("<w:p><w:pPr><w:pStyle w:val=\"Caption\"/><w:keepNext w:val=\"0\"/></w:pPr>");
                self.run(caption, "");
                self.out.push_str("</w:p>");
            }
            Block::Verdict { tone, title, text } => {
                let (ink, back) = colours(*tone);
                for (bold, line) in [(true, vec![Inline::Strong(title.clone())]), (false, text.clone())] {
                    let _ = write!(
                        self.out,
                        "<w:p><w:pPr>{}<w:pBdr><w:left w:val=\"single\" w:sz=\"24\" w:space=\"8\" w:color=\"{ink}\"/></w:pBdr>\
                         <w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"{back}\"/></w:pPr>",
                        if bold { "<w:keepNext/>" } else { "" }
                    );
                    self.runs(&line, if bold { "<w:sz w:val=\"24\"/>" } else { "" });
                    self.out.push_str("</w:p>");
                }
            }
            Block::Contents => self.contents(all),
            // A line of no height that begins a page: a break of its own would leave an empty page after a full one.
            Block::Page => self.out.push_str(
                "<w:p><w:pPr><w:pageBreakBefore/><w:spacing w:before=\"0\" w:after=\"0\" w:line=\"20\" w:lineRule=\"exact\"/></w:pPr></w:p>",
            ),
        }
    }

    fn paragraph(&mut self, style: &str, text: &[Inline]) {
        self.marked(style, text, None, false);
    }

    fn marked(&mut self, style: &str, text: &[Inline], anchor: Option<&str>, kept: bool) {
        let kept = if kept { "<w:keepNext/>" } else { "" };
        let _ = write!(self.out, "<w:p><w:pPr><w:pStyle w:val=\"{style}\"/>{kept}</w:pPr>");
        if let Some(anchor) = anchor {
            self.bookmark(anchor);
        }
        self.runs(text, "");
        self.out.push_str("</w:p>");
    }

    fn bookmark(&mut self, name: &str) {
        self.bookmarks += 1;
        let name: String = name.chars().take(38).collect();
        let _ = write!(
            self.out,
            "<w:bookmarkStart w:id=\"{0}\" w:name=\"{1}\"/><w:bookmarkEnd w:id=\"{0}\"/>",
            self.bookmarks,
            xml(&name)
        );
    }

    fn runs(&mut self, text: &[Inline], properties: &str) {
        for inline in text {
            match inline {
                Inline::Text(text) => self.run(text, properties),
                Inline::Strong(text) => self.run(text, &format!("<w:b/>{properties}")),
                Inline::Code(text) => {
                    self.run(&breakable(text), &format!("<w:rStyle w:val=\"CodeText\"/>{properties}"))
                }
                Inline::Small(text) => self.run(text, &format!("<w:color w:val=\"56616C\"/>{properties}")),
                Inline::Tag(tone, text) => {
                    let (ink, back) = colours(*tone);
                    let look = format!(
                        "<w:b/><w:color w:val=\"{ink}\"/>{properties}<w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"{back}\"/>"
                    );
                    self.run(text, &look);
                }
                Inline::Cite(numbers) => {
                    for (index, number) in numbers.iter().enumerate() {
                        let before = if index > 0 { ", " } else { "[" };
                        let after = if index + 1 == numbers.len() { "]" } else { "" };
                        let _ = write!(
                            self.out,
                            "<w:hyperlink w:anchor=\"{}\" w:history=\"1\"><w:r><w:rPr><w:color w:val=\"0B5CAD\"/>\
                             <w:vertAlign w:val=\"superscript\"/></w:rPr><w:t xml:space=\"preserve\">{before}{number}{after}</w:t></w:r></w:hyperlink>",
                            source_anchor(*number)
                        );
                    }
                }
                Inline::Source(number) => {
                    self.bookmark(&source_anchor(*number));
                    self.run(&number.to_string(), properties);
                }
            }
        }
    }

    fn run(&mut self, text: &str, properties: &str) {
        let _ = write!(
            self.out,
            "<w:r><w:rPr>{properties}</w:rPr><w:t xml:space=\"preserve\">{}</w:t></w:r>",
            xml(&with_units(text))
        );
    }

    /// Cells of a row, which may break over pages where it is `long`, and stays with the next where it is `kept`.
    fn row(&mut self, cells: &[Cell], shares: &[u32], style: &str, long: bool, kept: bool) {
        let kept = if kept && !long { "<w:keepNext/>" } else { "" };
        let _ = write!(self.out, "<w:tr><w:trPr>{}</w:trPr>", if long { "" } else { "<w:cantSplit/>" });
        let empty = Cell::default();
        for (column, width) in shares.iter().enumerate() {
            let cell = cells.get(column).unwrap_or(&empty);
            let _ = write!(self.out, "<w:tc><w:tcPr><w:tcW w:w=\"{width}\" w:type=\"dxa\"/></w:tcPr>");
            let right = if cell.number { "<w:jc w:val=\"right\"/>" } else { "" };
            for line in &cell.lines {
                let _ = write!(self.out, "<w:p><w:pPr><w:pStyle w:val=\"{style}\"/>{kept}{right}</w:pPr>");
                self.runs(line, "");
                self.out.push_str("</w:p>");
            }
            if cell.lines.is_empty() {
                let _ = write!(self.out, "<w:p><w:pPr><w:pStyle w:val=\"{style}\"/>{kept}</w:pPr></w:p>");
            }
            self.out.push_str("</w:tc>");
        }
        self.out.push_str("</w:tr>");
    }

    fn grid(&mut self, caption: Option<&str>, shares: &[u32], head: bool) {
        let _ = write!(
            self.out,
            "<w:tbl><w:tblPr><w:tblStyle w:val=\"PaperTable\"/><w:tblW w:w=\"{}\" w:type=\"dxa\"/><w:tblLayout w:type=\"fixed\"/>\
             <w:tblLook w:val=\"0000\" w:firstRow=\"{}\" w:lastRow=\"0\" w:firstColumn=\"{}\" w:lastColumn=\"0\" w:noHBand=\"1\" w:noVBand=\"1\"/>",
            self.width,
            u8::from(head),
            u8::from(!head)
        );
        if let Some(caption) = caption {
            let _ = write!(self.out, "<w:tblCaption w:val=\"{}\"/>", xml(caption));
        }
        self.out.push_str("</w:tblPr><w:tblGrid>");
        for width in shares {
            let _ = write!(self.out, "<w:gridCol w:w=\"{width}\"/>");
        }
        self.out.push_str("</w:tblGrid>");
    }

    fn table(&mut self, caption: Option<&str>, head: &[String], rows: &[Vec<Cell>]) {
        let parts = widths(head, rows);
        let shares: Vec<u32> = parts.iter().map(|share| (share * f64::from(self.width)) as u32).collect();
        let style = if shares.len() > 6 { "TableSmall" } else { "TableText" };
        self.grid(caption, &shares, true);
        self.out.push_str("<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>");
        for (column, width) in shares.iter().enumerate() {
            let name = head.get(column).map(String::as_str).unwrap_or_default();
            let right = if rows.iter().any(|row| row.get(column).is_some_and(|cell| cell.number)) {
                "<w:jc w:val=\"right\"/>"
            } else {
                ""
            };
            let _ = write!(
                self.out,
                "<w:tc><w:tcPr><w:tcW w:w=\"{width}\" w:type=\"dxa\"/></w:tcPr><w:p><w:pPr><w:pStyle w:val=\"{style}\"/>\
                 <w:keepNext/>{right}</w:pPr>"
            );
            self.run(name, "<w:b/><w:color w:val=\"56616C\"/>");
            self.out.push_str("</w:p></w:tc>");
        }
        self.out.push_str("</w:tr>");
        // Neither the first row nor the last is left alone on a page, and a small table is not divided.
        let lines = lines(rows, &parts);
        let together = if is_small(&lines) { rows.len() } else { last_rows(&lines, 0.0) };
        for (at, row) in rows.iter().enumerate() {
            let kept = at + 1 < rows.len() && (at == 0 || at + together >= rows.len());
            self.row(row, &shares, style, lines.get(at).copied().is_some_and(is_long), kept);
        }
        self.out.push_str("</w:tbl>");
        self.gap();
    }

    fn terms(&mut self, rows: &[(Vec<Inline>, Cell)]) {
        let name = self.width * 3 / 10;
        let shares = [name, self.width - name];
        self.grid(None, &shares, false);
        for ((name, value), lines) in rows.iter().zip(lines_of_terms(rows)) {
            let bold = name
                .iter()
                .map(|inline| match inline {
                    Inline::Text(text) => Inline::Strong(text.clone()),
                    other => other.clone(),
                })
                .collect();
            self.row(&[Cell::line(bold), value.clone()], &shares, "TableText", is_long(lines), false);
        }
        self.out.push_str("</w:tbl>");
        self.gap();
    }

    /// Two tables without a paragraph between them would become one.
    fn gap(&mut self) {
        self.out
            .push_str("<w:p><w:pPr><w:spacing w:after=\"60\" w:line=\"120\" w:lineRule=\"exact\"/></w:pPr></w:p>");
    }

    fn contents(&mut self, all: &[Block]) {
        self.paragraph("TOCHeading", &[Inline::Text("Contents".into())]);
        let sections: Vec<(&[Inline], &str)> = all
            .iter()
            .filter_map(|block| match block {
                Block::Heading { level: 2, text, id: Some(id) } => Some((text.as_slice(), id.as_str())),
                _ => None,
            })
            .collect();
        for (index, (text, id)) in sections.iter().enumerate() {
            self.out.push_str("<w:p><w:pPr><w:pStyle w:val=\"TOC1\"/></w:pPr>");
            if index == 0 {
                self.out.push_str(
                    "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText xml:space=\"preserve\"> TOC \\o \"1-1\" \\n \\h \\z \\u </w:instrText></w:r>\
                     <w:r><w:fldChar w:fldCharType=\"separate\"/></w:r>",
                );
            }
            let anchor: String = id.chars().take(38).collect();
            let _ = write!(
                self.out,
                "<w:hyperlink w:anchor=\"{}\" w:history=\"1\"><w:r><w:t xml:space=\"preserve\">{}</w:t></w:r></w:hyperlink>",
                xml(&anchor),
                xml(&plain(text))
            );
            if index + 1 == sections.len() {
                self.out.push_str("<w:r><w:fldChar w:fldCharType=\"end\"/></w:r>");
            }
            self.out.push_str("</w:p>");
        }
    }

    /// A picture of this width in millimetres; false where it cannot be made.
    fn figure(&mut self, svg: &str, caption: &str, width: f64) -> bool {
        let Some((drawn, high)) = size(svg) else { return false };
        let Some(png) = (self.picture)(svg) else { return false };
        self.pictures.push(png);
        let number = self.pictures.len();
        let (cx, cy) = ((width * EMU) as u64, (width * EMU * high / drawn) as u64);
        let caption = xml(caption);
        let _ = write!(
            self.out,
            "<w:p><w:pPr><w:pStyle w:val=\"FigureText\"/></w:pPr><w:r><w:drawing><wp:inline distT=\"0\" distB=\"0\" distL=\"0\" distR=\"0\">\
             <wp:extent cx=\"{cx}\" cy=\"{cy}\"/><wp:docPr id=\"{number}\" name=\"Figure {number}\" descr=\"{caption}\"/>\
             <wp:cNvGraphicFramePr><a:graphicFrameLocks noChangeAspect=\"1\"/></wp:cNvGraphicFramePr><a:graphic>\
             <a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:pic><pic:nvPicPr>\
             <pic:cNvPr id=\"{number}\" name=\"image{number}.png\" descr=\"{caption}\"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>\
             <a:blip r:embed=\"rIdImage{number}\"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm>\
             <a:off x=\"0\" y=\"0\"/><a:ext cx=\"{cx}\" cy=\"{cy}\"/></a:xfrm><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></pic:spPr>\
             </pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
        );
        true
    }
}

/// Ink and paper of a tone.
fn colours(tone: Tone) -> (&'static str, &'static str) {
    match tone {
        Tone::Good => ("1A6B3C", "E3F4EA"),
        Tone::Bad => ("A3182A", "FBE6E8"),
        Tone::Unsure => ("7A4D00", "FDF1D8"),
        Tone::Plain => ("3A444E", "F0F2F4"),
    }
}
