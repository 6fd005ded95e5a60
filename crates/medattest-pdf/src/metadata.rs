//! Texts in the document information of a PDF, for programs that look for them by name.

use lopdf::{Dictionary, Document, IncrementalDocument, Object, text_string};

/// The PDF with these named texts, appended to it as an update: what was there stays byte for byte.
pub(crate) fn with(bytes: Vec<u8>, texts: &[(String, String)]) -> Result<Vec<u8>, lopdf::Error> {
    let before = Document::load_mem(&bytes)?;
    let known = before.trailer.get(b"Info").and_then(Object::as_reference).ok();
    let mut information = match known {
        Some(id) => before.get_dictionary(id)?.clone(),
        None => Dictionary::new(),
    };
    for (name, text) in texts {
        information.set(name.as_bytes(), text_string(text));
    }
    let mut update = IncrementalDocument::create_from(bytes, before);
    match known {
        Some(id) => update.new_document.set_object(id, information),
        None => {
            let id = update.new_document.add_object(information);
            update.new_document.trailer.set("Info", id);
        }
    }
    let mut whole = Vec::new();
    update.save_to(&mut whole)?;
    Ok(whole)
}
