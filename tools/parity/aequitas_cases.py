"""Aequitas: group figures, disparities to a reference, significance and parities."""

import importlib.metadata
import logging
import warnings

logging.disable(logging.CRITICAL)
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from aequitas.bias import Bias  # noqa: E402
from aequitas.fairness import Fairness  # noqa: E402
from aequitas.group import Group  # noqa: E402

from common import Cases, cohort, rows  # noqa: E402

METRICS = {
    "ppr": "flagged-share", "pprev": "selection-rate", "precision": "ppv", "fdr": "fdr", "for": "for",
    "fpr": "fpr", "fnr": "fnr", "tpr": "tpr", "tnr": "tnr", "npv": "npv", "prev": "prevalence",
    "accuracy": "accuracy",
}
COUNTS = {"pp": "predicted-positives", "pn": "predicted-negatives", "tp": "tp", "fp": "fp", "fn": "fn",
          "tn": "tn", "group_label_pos": "positives", "group_label_neg": "negatives", "group_size": "rows",
          "total_entities": "all-rows", "k": "all-predicted-positives"}
PARITY = {
    "Statistical Parity": "statistical-parity", "Impact Parity": "impact-parity",
    "FDR Parity": "fdr-parity", "FPR Parity": "fpr-parity", "FOR Parity": "for-parity",
    "FNR Parity": "fnr-parity", "TPR Parity": "tpr-parity", "TNR Parity": "tnr-parity",
    "NPV Parity": "npv-parity", "Precision Parity": "precision-parity",
    "TypeI Parity": "type-i-parity", "TypeII Parity": "type-ii-parity",
    "Equalized Odds": "equalized-odds", "Unsupervised Fairness": "unsupervised-fairness",
    "Supervised Fairness": "supervised-fairness",
}


def verdict(value):
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    return None if value is None or (isinstance(value, float) and np.isnan(value)) else bool(value)


def main():
    frame = cohort()
    out = Cases("aequitas", importlib.metadata.version("aequitas"))
    for attribute, where, reference in (("race", "no-missing-race", "A"), ("sex", "all", "F")):
        data = rows(frame, where)
        table = pd.DataFrame({
            "entity_id": np.arange(len(data)), "score": data["prediction"].astype(int),
            "label_value": data["label"].astype(int), attribute: data[attribute].astype(object),
        })
        base = {"rows": where, "attribute": attribute}
        crosstab, _ = Group().get_crosstabs(table.copy(), attr_cols=[attribute])
        for _, row in crosstab.iterrows():
            group = row["attribute_value"]
            for name, ours in METRICS.items():
                note = None
                if group == "U" and name in ("tpr", "fnr"):
                    note = "undefined for sex U (no label 1): package returns NaN"
                elif name == "ppr":
                    note = "predicted positives of the group / predicted positives of all groups"
                out.add(f"Group.get_crosstabs {name}", f"group/{ours}", row[name], group=group, note=note, **base)
            for name, ours in COUNTS.items():
                out.add(f"Group.get_crosstabs {name}", f"count/{ours}", row[name], group=group, **base)

        for kind in ("predefined", "majority", "minimum"):
            bias = Bias()
            if kind == "predefined":
                disparity = bias.get_disparity_predefined_groups(
                    crosstab.copy(), original_df=table.copy(), ref_groups_dict={attribute: reference},
                    check_significance=True, mask_significance=False)
            elif kind == "majority":
                disparity = bias.get_disparity_major_group(
                    crosstab.copy(), original_df=table.copy(), check_significance=True, mask_significance=False)
            else:
                disparity = bias.get_disparity_min_metric(crosstab.copy(), original_df=table.copy())
            call = {"predefined": "get_disparity_predefined_groups", "majority": "get_disparity_major_group",
                    "minimum": "get_disparity_min_metric"}[kind]
            for _, row in disparity.iterrows():
                group = row["attribute_value"]
                for name, ours in METRICS.items():
                    column = f"{name}_disparity"
                    if column not in disparity.columns:
                        continue
                    ref = row[f"{name}_ref_group_value"]
                    note = None
                    if group == "U" and name in ("tpr", "fnr"):
                        note = "undefined for sex U: package returns NaN"
                    elif kind == "minimum" and row[column] == 10.0:
                        note = "undefined (the reference figure is 0): package writes 10.0 in place of infinity"
                    if kind == "minimum" and np.isnan(row[column]):
                        note = "undefined (0/0, or a figure that is itself undefined): package returns NaN"
                    out.add(f"Bias.{call} {column}", f"contrast/{ours}/ratio", row[column], group=group,
                            reference=ref, basis=kind, note=note, **base)
                    sig = f"{name}_significance"
                    if kind == "predefined" and sig in disparity.columns:
                        value = row[sig]
                        out.add(f"Bias.{call}(check_significance=True) {sig}",
                                f"contrast/{ours}/aequitas-significance", value, group=group, reference=ref,
                                basis=kind, tolerance=1e-7, why="p values of library tail functions",
                                note="t test on a 0/1 column of the group; which rows and which column: see README",
                                peer_defect=name not in ("ppr", "pprev"), **base)
            if kind == "minimum":
                continue
            for tau in (0.8, 0.9):
                fair = Fairness(tau=tau)
                by_group = fair.get_group_value_fairness(disparity.copy())
                for _, row in by_group.iterrows():
                    group = row["attribute_value"]
                    for name, ours in PARITY.items():
                        value = verdict(row[name])
                        note = None
                        if group == "U" and name in ("TPR Parity", "FNR Parity"):
                            note = "undefined for sex U: package returns NaN"
                        out.add(f"Fairness.get_group_value_fairness(tau={tau}) {name}", f"parity/{ours}", value,
                                group=group, reference=row["ppr_ref_group_value"], basis=kind, tau=tau,
                                note=note, **base)
                by_attribute = fair.get_group_attribute_fairness(by_group)
                for name, ours in PARITY.items():
                    out.add(f"Fairness.get_group_attribute_fairness(tau={tau}) {name}", f"parity/{ours}",
                            verdict(by_attribute[name].iloc[0]), reference=by_group["ppr_ref_group_value"].iloc[0],
                            basis=kind, tau=tau, note="every group of the attribute", **base)
                for name, value in fair.get_overall_fairness(by_attribute).items():
                    out.add(f"Fairness.get_overall_fairness(tau={tau}) {name}",
                            f"parity/overall-{name.lower().replace(' ', '-')}",
                            value if isinstance(value, str) else verdict(value),
                            reference=by_group["ppr_ref_group_value"].iloc[0], basis=kind, tau=tau, **base)
    out.write()


if __name__ == "__main__":
    main()
