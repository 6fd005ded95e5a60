//! What the bias engine measured as JSON v1.

use super::types::{
    AttributeV1, BiasV1, CalibrationV1, ContrastV1, CostV1, DisparityV1, EqualisedGroupV1, EqualisedV1, FigureV1,
    GroupV1, OperatingV1, PairV1, PairedV1, ProxyV1, ShareV1,
};
use crate::engine::bias::{BiasEvidence, NAME, Paired, Proxy, VERSION};
use crate::output::paper::{
    self, AttributeTable, EqualisedTable, GroupRow, OperatingRow, Shown, p_shown, thousandths,
};
use crate::value::is_small_cell;

/// What was measured as JSON v1.
pub fn bias(evidence: &BiasEvidence, smallest: u64) -> BiasV1 {
    let count = |n: u64| (!is_small_cell(n, smallest)).then_some(n);
    let tables: Vec<AttributeTable> = evidence.attributes.iter().map(|a| paper::on_paper(a, smallest)).collect();
    BiasV1 {
        format: "medattest-bias-v1".to_owned(),
        engine: format!("{NAME} {VERSION}"),
        table: evidence.table.clone(),
        path: evidence.path.clone(),
        use_: evidence.use_.clone(),
        task: evidence.task.name().to_owned(),
        sha256: evidence.sha256.clone(),
        counts_sha256: evidence.counts_sha256.clone(),
        parameters: evidence.parameters.clone(),
        level: evidence.level,
        smallest_cell: smallest,
        rows: count(evidence.rows),
        excluded: count(evidence.excluded).filter(|n| count(n - evidence.unlabelled.min(*n)).is_some()),
        unlabelled: count(evidence.unlabelled),
        clusters: evidence.clusters.and_then(count),
        weighted: evidence.weighted,
        half_cell: evidence.half_cell,
        threshold: evidence.threshold.map(thousandths),
        warnings: evidence.warnings.clone(),
        paired: paper::paired(evidence, smallest).iter().map(|(p, shown)| paired(p, shown)).collect(),
        proxies: evidence.proxies.iter().map(proxy).collect(),
        attributes: tables.iter().map(attribute).collect(),
    }
}

fn attribute(table: &AttributeTable) -> AttributeV1 {
    AttributeV1 {
        attribute: table.attribute.clone(),
        stands_for: table.stands_for.clone(),
        reference: table.reference.clone(),
        overall: group(&table.overall),
        groups: table.groups.iter().map(group).collect(),
        disparities: table
            .disparities
            .iter()
            .map(|d| DisparityV1 {
                figure: figure(&d.id, &d.figure),
                groups: d.groups,
                left_out: d.left_out.clone(),
                best_case: d.bounds.map(|b| b.0),
                worst_case: d.bounds.map(|b| b.1),
            })
            .collect(),
        contrasts: table
            .contrasts
            .iter()
            .map(|c| ContrastV1 {
                group: c.group.clone(),
                difference: figure(&format!("{}-difference", c.metric.id()), &c.difference),
                ratio: c.ratio.as_ref().map(|ratio| figure(&format!("{}-ratio", c.metric.id()), ratio)),
                p: c.p,
                holm: c.holm,
                benjamini_hochberg: c.benjamini_hochberg,
            })
            .collect(),
        pairs: table
            .pairs
            .iter()
            .map(|p| PairV1 { group: p.group.clone(), figure: figure(p.pair.definition().id, &p.figure) })
            .collect(),
        shares: table
            .shares
            .iter()
            .map(|s| ShareV1 {
                group: s.group.clone(),
                share: figure("share", &s.share),
                population: s.population,
                ratio: s.ratio.as_ref().map(|ratio| figure("representation-ratio", ratio)),
            })
            .collect(),
        population_source: table.population_source.clone(),
        equalised: table.equalised.as_ref().map(equalised),
    }
}

fn group(row: &GroupRow) -> GroupV1 {
    GroupV1 {
        group: row.label.clone(),
        n: row.n,
        positives: row.positives,
        clusters: row.clusters,
        figures: row.figures.iter().map(|(metric, shown)| figure(metric.id(), shown)).collect(),
        pooled: row.pooled.iter().map(|(metric, shown)| figure(metric.id(), shown)).collect(),
        calibration: row
            .calibration
            .iter()
            .map(|b| CalibrationV1 {
                predicted: b.predicted,
                observed: b.observed,
                low: b.low,
                high: b.high,
                n: (b.n > 0).then_some(b.n),
            })
            .collect(),
        roc: row.roc.iter().map(|(fpr, tpr)| [*fpr, *tpr]).collect(),
        operating: row.operating.iter().map(operating).collect(),
    }
}

fn operating(row: &OperatingRow) -> OperatingV1 {
    OperatingV1 {
        threshold: row.threshold,
        selection_rate: row.selection_rate,
        tpr: row.tpr,
        fpr: row.fpr,
        ppv: row.ppv,
        net_benefit: row.net_benefit.map(|n| n.0),
        net_benefit_low: row.net_benefit.map(|n| n.1),
        net_benefit_high: row.net_benefit.map(|n| n.2),
    }
}

fn equalised(table: &EqualisedTable) -> EqualisedV1 {
    EqualisedV1 {
        metric: table.metric.id().to_owned(),
        target: table.target,
        threshold: table.threshold,
        groups: table
            .groups
            .iter()
            .map(|(label, before, after)| EqualisedGroupV1 {
                group: label.clone(),
                before: before.as_ref().map(operating),
                after: after.as_ref().map(operating),
            })
            .collect(),
        cost: table
            .cost
            .iter()
            .map(|(metric, before, after)| CostV1 { metric: metric.id().to_owned(), before: *before, after: *after })
            .collect(),
    }
}

fn paired(paired: &Paired, shown: &Shown) -> PairedV1 {
    PairedV1 {
        versus: paired.versus.clone(),
        attribute: paired.attribute.clone(),
        group: paired.group.clone(),
        difference: figure("auroc-gain", shown),
        p: paired.p.filter(|_| *shown != Shown::Withheld).map(p_shown),
    }
}

fn proxy(proxy: &Proxy) -> ProxyV1 {
    let known = proxy.association.as_ref().ok();
    ProxyV1 {
        attribute: proxy.attribute.clone(),
        feature: proxy.feature.clone(),
        values: known.map(|a| a.values),
        information: known.map(|a| thousandths(a.information)),
        share: known.map(|a| thousandths(a.share)),
        p: known.and_then(|a| a.p).map(p_shown),
        holm: proxy.holm.map(p_shown),
        because: proxy.association.as_ref().err().cloned(),
    }
}

fn figure(metric: &str, shown: &Shown) -> FigureV1 {
    let empty = |because: String| FigureV1 {
        metric: metric.to_owned(),
        value: None,
        low: None,
        high: None,
        n: None,
        method: None,
        error_bound: None,
        because: Some(because),
    };
    match shown {
        Shown::Withheld => empty("withheld: a count is under the smallest cell".to_owned()),
        Shown::NotEstimable(because) => empty(format!("not estimable: {because}")),
        Shown::Figure { value, low, high, n, method, error_bound, .. } => FigureV1 {
            metric: metric.to_owned(),
            value: Some(*value),
            low: Some(*low),
            high: Some(*high),
            n: *n,
            method: Some(method.clone()),
            error_bound: Some(*error_bound),
            because: None,
        },
    }
}
