//! Tables of plain cells, as CSV and as a workbook.

use medattest_core::output::quoted;
use rust_xlsxwriter::{Format, FormatAlign, Workbook, XlsxError};

/// A table with a head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Name of its tab, at most 31 characters.
    pub name: String,
    /// Column heads with their widths in characters.
    pub head: Vec<(String, u16)>,
    /// Rows as long as the head.
    pub rows: Vec<Vec<String>>,
}

/// The table as CSV (RFC 4180). A cell that a spreadsheet would take for a formula is led by an apostrophe.
pub fn sheet_csv(sheet: &Sheet) -> String {
    let mut csv = String::new();
    let head: Vec<String> = sheet.head.iter().map(|(name, _)| name.clone()).collect();
    for row in std::iter::once(&head).chain(&sheet.rows) {
        let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
        csv.push_str(&cells.join(","));
        csv.push_str("\r\n");
    }
    csv
}

/// The tables as one workbook (Office Open XML), heads frozen and filterable.
///
/// # Errors
/// When a name or a cell is longer than a workbook may hold.
pub fn workbook(sheets: &[Sheet]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // A file of the same content has the same bytes.
    let epoch = rust_xlsxwriter::ExcelDateTime::from_ymd(2000, 1, 1)?;
    workbook.set_properties(&rust_xlsxwriter::DocProperties::new().set_creation_datetime(&epoch));
    let bold = Format::new().set_bold().set_align(FormatAlign::Top).set_text_wrap();
    let plain = Format::new().set_align(FormatAlign::Top).set_text_wrap();
    for sheet in sheets {
        let tab = workbook.add_worksheet();
        tab.set_name(&sheet.name)?;
        for (column, (name, width)) in (0..).zip(&sheet.head) {
            tab.set_column_width(column, f64::from(*width))?;
            tab.write_string_with_format(0, column, name, &bold)?;
        }
        for (row, cells) in (1..).zip(&sheet.rows) {
            for (column, cell) in (0..).zip(cells) {
                match cell.parse::<u32>() {
                    Ok(number) => tab.write_number_with_format(row, column, number, &plain)?,
                    Err(_) => tab.write_string_with_format(row, column, cell, &plain)?,
                };
            }
        }
        tab.set_freeze_panes(1, 1)?;
        if let (Some(last), Ok(rows)) = (sheet.head.len().checked_sub(1), u32::try_from(sheet.rows.len())) {
            tab.autofilter(0, 0, rows, u16::try_from(last).unwrap_or(0))?;
        }
    }
    workbook.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cannot_become_formulas_or_columns() {
        let sheet = Sheet {
            name: "A".into(),
            head: vec![("x".into(), 5), ("y".into(), 5)],
            rows: vec![vec!["=1+1".into(), "a, \"b\"".into()]],
        };
        assert_eq!(sheet_csv(&sheet), "x,y\r\n'=1+1,\"a, \"\"b\"\"\"\r\n");
        assert_eq!(workbook(std::slice::from_ref(&sheet)).ok(), workbook(&[sheet]).ok());
    }
}
