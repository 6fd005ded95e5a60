//! Everything of the package but the body.

use std::fmt::Write as _;

use super::xml;
use crate::document::Document;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
pub(super) const NAMES: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
     xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" \
     xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\" \
     xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" \
     xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"";

/// Namespace of the part that holds the facts.
const FACTS: &str = "urn:medattest:paper:v1";

pub(super) const PACKAGE_RELATIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
<Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/>\
<Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties\" Target=\"docProps/core.xml\"/>\
<Relationship Id=\"rId3\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/extended-properties\" Target=\"docProps/app.xml\"/>\
</Relationships>";

pub(super) const APPLICATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties\"><Application>medattest</Application></Properties>";

pub(super) const SETTINGS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
<w:settings xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:defaultTabStop w:val=\"720\"/>\
<w:compat><w:compatSetting w:name=\"compatibilityMode\" w:uri=\"http://schemas.microsoft.com/office/word\" w:val=\"15\"/></w:compat></w:settings>";

pub(super) const NUMBERING: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
<w:numbering xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:abstractNum w:abstractNumId=\"0\">\
<w:multiLevelType w:val=\"singleLevel\"/><w:lvl w:ilvl=\"0\"><w:start w:val=\"1\"/><w:numFmt w:val=\"bullet\"/><w:lvlText w:val=\"•\"/>\
<w:lvlJc w:val=\"left\"/><w:pPr><w:ind w:left=\"360\" w:hanging=\"260\"/></w:pPr></w:lvl></w:abstractNum>\
<w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num></w:numbering>";

pub(super) const CUSTOM_PROPERTIES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n\
<ds:datastoreItem ds:itemID=\"{6D656461-7474-4573-8374-706170657201}\" xmlns:ds=\"http://schemas.openxmlformats.org/officeDocument/2006/customXml\">\
<ds:schemaRefs><ds:schemaRef ds:uri=\"urn:medattest:paper:v1\"/></ds:schemaRefs></ds:datastoreItem>";

pub(super) const CUSTOM_RELATIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
<Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/customXmlProps\" Target=\"itemProps1.xml\"/>\
</Relationships>";

pub(super) fn content_types(facts: bool) -> String {
    let main = "application/vnd.openxmlformats-officedocument.wordprocessingml";
    let mut parts: Vec<(&str, String)> = ["document", "styles", "numbering", "settings"]
        .map(|name| {
            let kind =
                if name == "document" { format!("{main}.document.main+xml") } else { format!("{main}.{name}+xml") };
            (name, kind)
        })
        .to_vec();
    parts.push(("header1", format!("{main}.header+xml")));
    parts.push(("footer1", format!("{main}.footer+xml")));
    let mut out = format!(
        "{HEAD}<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/><Default Extension=\"png\" ContentType=\"image/png\"/>"
    );
    for (name, kind) in parts {
        let _ = write!(out, "<Override PartName=\"/word/{name}.xml\" ContentType=\"{kind}\"/>");
    }
    out.push_str(
        "<Override PartName=\"/docProps/core.xml\" ContentType=\"application/vnd.openxmlformats-package.core-properties+xml\"/>\
         <Override PartName=\"/docProps/app.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.extended-properties+xml\"/>",
    );
    if facts {
        out.push_str(
            "<Override PartName=\"/customXml/itemProps1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.customXmlProperties+xml\"/>",
        );
    }
    out.push_str("</Types>");
    out
}

pub(super) fn relations(pictures: usize, facts: bool) -> String {
    let base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut out =
        format!("{HEAD}<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">");
    for (index, name) in ["styles", "numbering", "settings", "header", "footer"].iter().enumerate() {
        let file = if matches!(*name, "header" | "footer") { format!("{name}1.xml") } else { format!("{name}.xml") };
        let _ = write!(out, "<Relationship Id=\"rId{}\" Type=\"{base}/{name}\" Target=\"{file}\"/>", index + 1);
    }
    for picture in 1..=pictures {
        let _ = write!(
            out,
            "<Relationship Id=\"rIdImage{picture}\" Type=\"{base}/image\" Target=\"media/image{picture}.png\"/>"
        );
    }
    if facts {
        let _ = write!(
            out,
            "<Relationship Id=\"rIdFacts\" Type=\"{base}/customXml\" Target=\"../customXml/item1.xml\"/>"
        );
    }
    out.push_str("</Relationships>");
    out
}

pub(super) fn core(document: &Document) -> String {
    let author = document.front.as_ref().map_or("medattest", |front| front.organisation.as_str());
    format!(
        "{HEAD}<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:dcterms=\"http://purl.org/dc/terms/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><dc:title>{}</dc:title><dc:creator>{}</dc:creator>\
         <dc:language>en-US</dc:language></cp:coreProperties>",
        xml(&document.title),
        xml(author)
    )
}

/// The part that holds the facts.
pub(super) fn custom(json: &str) -> String {
    format!("{HEAD}<paper xmlns=\"{FACTS}\">{}</paper>", xml(json))
}

/// The JSON of a custom part, if it is ours.
pub(super) fn json_of_custom(part: &str) -> Option<String> {
    if !part.contains(FACTS) {
        return None;
    }
    let (_, rest) = part.split_once("<paper")?;
    let (_, rest) = rest.split_once('>')?;
    let (content, _) = rest.split_once("</paper>")?;
    Some(content.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"))
}

pub(super) fn header(document: &Document) -> String {
    let (left, right, colour) = match &document.front {
        Some(front) if front.draft => (front.subject.as_str(), "DRAFT".to_owned(), "A3182A"),
        Some(front) => (front.subject.as_str(), front.status.clone(), "56616C"),
        None => (document.title.as_str(), String::new(), "56616C"),
    };
    format!(
        "{HEAD}<w:hdr {NAMES}><w:p><w:pPr><w:pStyle w:val=\"Header\"/></w:pPr><w:r><w:t xml:space=\"preserve\">{}</w:t></w:r>\
         <w:r><w:tab/></w:r><w:r><w:rPr><w:b/><w:color w:val=\"{colour}\"/></w:rPr><w:t>{}</w:t></w:r></w:p></w:hdr>",
        xml(left),
        xml(&right)
    )
}

pub(super) fn footer(document: &Document) -> String {
    let mut left = document.front.as_ref().map(|front| front.margin.clone()).unwrap_or_default();
    if let Some(text) = document.front.as_ref().and_then(|front| front.letterhead.footer.as_ref()) {
        let _ = write!(left, " · {text}");
    }
    let field = |name: &str| {
        format!(
            "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText xml:space=\"preserve\"> {name} </w:instrText></w:r>\
             <w:r><w:fldChar w:fldCharType=\"separate\"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType=\"end\"/></w:r>"
        )
    };
    format!(
        "{HEAD}<w:ftr {NAMES}><w:p><w:pPr><w:pStyle w:val=\"Footer\"/></w:pPr><w:r><w:t xml:space=\"preserve\">{}</w:t></w:r>\
         <w:r><w:tab/></w:r>{}<w:r><w:t xml:space=\"preserve\"> / </w:t></w:r>{}</w:p></w:ftr>",
        xml(&left),
        field("PAGE"),
        field("NUMPAGES")
    )
}

pub(super) fn styles(document: &Document) -> String {
    let accent = document
        .front
        .as_ref()
        .and_then(|front| front.letterhead.accent.as_ref())
        .map_or_else(|| "0B5CAD".to_owned(), |accent| accent.trim_start_matches('#').to_ascii_uppercase());
    let right = if document.front.as_ref().is_some_and(|front| front.letterhead.us_letter) { 9972 } else { 9638 };
    let mut out = format!(
        "{HEAD}<w:styles {NAMES}><w:docDefaults><w:rPrDefault><w:rPr>\
         <w:rFonts w:ascii=\"Calibri\" w:hAnsi=\"Calibri\" w:cs=\"Calibri\" w:eastAsia=\"Calibri\"/><w:sz w:val=\"20\"/>\
         <w:szCs w:val=\"20\"/><w:lang w:val=\"en-US\"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr>\
         <w:spacing w:after=\"100\" w:line=\"259\" w:lineRule=\"auto\"/></w:pPr></w:pPrDefault></w:docDefaults>\
         <w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\"><w:name w:val=\"Normal\"/><w:qFormat/></w:style>\
         <w:style w:type=\"paragraph\" w:styleId=\"Title\"><w:name w:val=\"Title\"/><w:basedOn w:val=\"Normal\"/><w:qFormat/>\
         <w:pPr><w:spacing w:after=\"120\"/></w:pPr><w:rPr><w:b/><w:color w:val=\"{accent}\"/><w:sz w:val=\"44\"/></w:rPr></w:style>"
    );
    for (level, size, before) in [(1, 30, 360), (2, 23, 240), (3, 21, 200), (4, 20, 160), (5, 20, 140)] {
        let _ = write!(
            out,
            "<w:style w:type=\"paragraph\" w:styleId=\"Heading{level}\"><w:name w:val=\"heading {level}\"/>\
             <w:basedOn w:val=\"Normal\"/><w:next w:val=\"Normal\"/><w:qFormat/><w:pPr><w:keepNext/><w:keepLines/>\
             <w:spacing w:before=\"{before}\" w:after=\"80\"/><w:outlineLvl w:val=\"{}\"/></w:pPr><w:rPr><w:b/>\
             <w:color w:val=\"{}\"/><w:sz w:val=\"{size}\"/></w:rPr></w:style>",
            level - 1,
            if level <= 3 { accent.as_str() } else { "1A1F24" }
        );
    }
    let tab = format!("<w:tabs><w:tab w:val=\"right\" w:pos=\"{right}\"/></w:tabs>");
    for (id, name, paragraph, run) in [
        ("Note", "Note", "", "<w:color w:val=\"56616C\"/><w:sz w:val=\"18\"/>"),
        (
            "TableText",
            "Table Text",
            "<w:spacing w:after=\"20\" w:line=\"240\" w:lineRule=\"auto\"/>",
            "<w:sz w:val=\"17\"/>",
        ),
        (
            "TableSmall",
            "Table Text Small",
            "<w:spacing w:after=\"20\" w:line=\"240\" w:lineRule=\"auto\"/>",
            "<w:sz w:val=\"14\"/>",
        ),
        (
            "Caption",
            "caption",
            "<w:keepNext/><w:spacing w:before=\"120\" w:after=\"60\"/>",
            "<w:color w:val=\"56616C\"/><w:sz w:val=\"17\"/>",
        ),
        ("FigureText", "Figure", "<w:keepNext/><w:spacing w:before=\"120\" w:after=\"40\"/>", ""),
        (
            "ListBullet",
            "List Bullet",
            "<w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"1\"/></w:numPr><w:spacing w:after=\"40\"/>",
            "",
        ),
        ("TOC1", "toc 1", "<w:spacing w:after=\"40\"/>", ""),
        ("TOCHeading", "TOC Heading", "<w:keepNext/>", "<w:b/><w:sz w:val=\"26\"/>"),
        ("Header", "header", &tab, "<w:color w:val=\"56616C\"/><w:sz w:val=\"16\"/>"),
        ("Footer", "footer", &tab, "<w:color w:val=\"56616C\"/><w:sz w:val=\"16\"/>"),
    ] {
        let _ = write!(
            out,
            "<w:style w:type=\"paragraph\" w:styleId=\"{id}\"><w:name w:val=\"{name}\"/><w:basedOn w:val=\"Normal\"/>\
             <w:pPr>{paragraph}</w:pPr><w:rPr>{run}</w:rPr></w:style>"
        );
    }
    out.push_str(
        "<w:style w:type=\"character\" w:styleId=\"CodeText\"><w:name w:val=\"Code Text\"/><w:rPr>\
         <w:rFonts w:ascii=\"Consolas\" w:hAnsi=\"Consolas\" w:cs=\"Consolas\"/><w:sz w:val=\"16\"/></w:rPr></w:style>\
         <w:style w:type=\"table\" w:styleId=\"PaperTable\"><w:name w:val=\"Paper Table\"/><w:tblPr><w:tblBorders>\
         <w:top w:val=\"single\" w:sz=\"4\" w:color=\"D5DBE1\"/><w:bottom w:val=\"single\" w:sz=\"4\" w:color=\"D5DBE1\"/>\
         <w:insideH w:val=\"single\" w:sz=\"4\" w:color=\"D5DBE1\"/></w:tblBorders><w:tblCellMar>\
         <w:top w:w=\"40\" w:type=\"dxa\"/><w:left w:w=\"80\" w:type=\"dxa\"/><w:bottom w:w=\"40\" w:type=\"dxa\"/>\
         <w:right w:w=\"80\" w:type=\"dxa\"/></w:tblCellMar></w:tblPr></w:style></w:styles>",
    );
    out
}
