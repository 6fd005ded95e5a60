//! Every figure of a bias audit as one row of CSV, for a spreadsheet or a plot.

use std::fmt::Write as _;

use super::paper::{self, AttributeTable, Shown};
use crate::engine::bias::BiasEvidence;

const HEAD: &str = "table,attribute,group,reference,kind,figure,value,low,high,n,method,error_bound,p,holm,benjamini_hochberg,because\n";

/// One row per figure; cells that would give a small count away are empty and say so in `because`.
pub fn bias_csv(evidence: &BiasEvidence, smallest: u64) -> String {
    let mut csv = HEAD.to_owned();
    for attribute in &evidence.attributes {
        let table = paper::on_paper(attribute, smallest);
        let mut rows = Rows { csv: &mut csv, table: &evidence.table, of: &table };
        for group in table.groups.iter().chain([&table.overall]) {
            for (metric, shown) in &group.figures {
                rows.add(&group.label, false, "group", metric.id(), shown, [None; 3]);
            }
            for (metric, shown) in &group.pooled {
                rows.add(&group.label, false, "pooled", metric.id(), shown, [None; 3]);
            }
        }
        for disparity in &table.disparities {
            rows.add("", false, "disparity", &disparity.id, &disparity.figure, [None; 3]);
        }
        for contrast in &table.contrasts {
            let p = [contrast.p, contrast.holm, contrast.benjamini_hochberg];
            let id = contrast.metric.id();
            rows.add(&contrast.group, true, "difference", id, &contrast.difference, p);
            if let Some(ratio) = &contrast.ratio {
                rows.add(&contrast.group, true, "ratio", id, ratio, [None; 3]);
            }
        }
        for pair in &table.pairs {
            rows.add(&pair.group, true, "pair", pair.pair.definition().id, &pair.figure, [None; 3]);
        }
        for share in &table.shares {
            rows.add(&share.group, false, "share", "share", &share.share, [None; 3]);
            if let Some(ratio) = &share.ratio {
                rows.add(&share.group, false, "share", "representation-ratio", ratio, [None; 3]);
            }
        }
    }
    csv
}

struct Rows<'a> {
    csv: &'a mut String,
    table: &'a str,
    of: &'a AttributeTable,
}

impl Rows<'_> {
    fn add(&mut self, group: &str, referred: bool, kind: &str, figure: &str, shown: &Shown, p: [Option<f64>; 3]) {
        let reference = self.of.reference.as_deref().filter(|_| referred).unwrap_or_default();
        let names = [self.table, &self.of.attribute, group, reference, kind, figure].map(quoted).join(",");
        let exact = |x: f64| format!("{x}");
        let p = p.map(|p| p.map_or_else(String::new, exact)).join(",");
        let _ = match shown {
            Shown::Figure { value, low, high, n, method, error_bound, .. } => {
                let n = n.map_or_else(String::new, |n| n.to_string());
                writeln!(self.csv, "{names},{value},{low},{high},{n},{},{error_bound},{p},", quoted(method))
            }
            Shown::NotEstimable(because) => {
                writeln!(self.csv, "{names},,,,,,,{p},{}", quoted(&format!("not estimable: {because}")))
            }
            Shown::Withheld => writeln!(self.csv, "{names},,,,,,,{p},withheld"),
        };
    }
}

/// A cell of CSV (RFC 4180) that a spreadsheet takes for text, not for a formula.
pub fn quoted(text: &str) -> String {
    let tame = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if tame.contains([',', '"', '\n', '\r']) { format!("\"{}\"", tame.replace('"', "\"\"")) } else { tame }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_label_is_neither_formula_nor_two_cells() {
        assert_eq!(quoted("=cmd()"), "'=cmd()");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("White"), "White");
    }
}
