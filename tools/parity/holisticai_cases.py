"""HolisticAI: the binary, individual, regression and multiclass bias metrics."""

import functools
import importlib.metadata
import logging
import warnings

logging.disable(logging.CRITICAL)
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
from holisticai.bias import metrics as hm  # noqa: E402
from holisticai.bias.metrics import _classification as hc  # noqa: E402
from holisticai.bias.metrics import _regression as hr  # noqa: E402

from common import Cases, cohort, rows  # noqa: E402

PAIRS = (
    ("race", "no-missing-race", "A", "BCD"),
    ("sex", "all", "F", "MU"),
)


def binary(out, frame):
    for attribute, where, reference, others in PAIRS:
        data = rows(frame, where)
        y, p, s = (data[c].to_numpy() for c in ("label", "prediction", "score"))
        b = (data[attribute] == reference).to_numpy().astype(int)
        for group in others:
            a = (data[attribute] == group).to_numpy().astype(int)
            base = {"rows": where, "attribute": attribute, "group": group, "reference": reference}
            zero = "undefined for sex U (no label 1): package counts the rate as 0.0" if group == "U" else None
            both = functools.partial
            for name, ours, call, note in (
                ("statistical_parity", "contrast/selection-rate/difference", both(hm.statistical_parity, a, b, p), None),
                ("disparate_impact", "pair/disparate-impact", both(hm.disparate_impact, a, b, p), None),
                ("four_fifths", "pair/four-fifths", both(hm.four_fifths, a, b, p), "min(r, 1/r) of the selection rates"),
                ("cohen_d", "pair/cohen-d", both(hm.cohen_d, a, b, p), None),
                ("z_test_diff", "pair/z-test-difference", both(hm.z_test_diff, a, b, p), "a z score; no p value is returned"),
                ("z_test_ratio", "pair/z-test-ratio", both(hm.z_test_ratio, a, b, p), "a z score; no p value is returned"),
                ("equal_opportunity_diff", "contrast/tpr/difference", both(hm.equal_opportunity_diff, a, b, p, y), zero),
                ("false_positive_rate_diff", "contrast/fpr/difference", both(hm.false_positive_rate_diff, a, b, p, y), None),
                ("false_negative_rate_diff", "contrast/fnr/difference", both(hm.false_negative_rate_diff, a, b, p, y), zero),
                ("true_negative_rate_diff", "contrast/tnr/difference", both(hm.true_negative_rate_diff, a, b, p, y), None),
                ("average_odds_diff", "pair/average-odds-difference", both(hm.average_odds_diff, a, b, p, y), zero),
                ("accuracy_diff", "contrast/accuracy/difference", both(hm.accuracy_diff, a, b, p, y), None),
                ("abroca", "pair/auroc-difference", both(hm.abroca, a, b, s, y),
                 "named abroca in the package, but it is AUROC of the group less AUROC of the reference"
                 + ("; undefined for sex U (one class): package returns NaN" if group == "U" else "")),
                ("_correlation_diff", "contrast/correlation/difference", both(hc._correlation_diff, a, b, p, y),
                 "correlation of prediction and label; not exported by the package"
                 + ("; undefined for sex U (one class): package returns NaN" if group == "U" else "")),
            ):
                key = {"target": "prediction"} if name == "_correlation_diff" else {}
                out.attempt(f"{name}(group_a={group}, group_b={reference})", ours, call, note=note, **base, **key)
            rates = hm.success_rate(a, b, p)
            out.add("success_rate sr_a", "group/selection-rate", rates["sr_a"], rows=where, attribute=attribute, group=group)
            out.add("success_rate sr_b", "group/selection-rate", rates["sr_b"], rows=where, attribute=attribute, group=reference)


def individual(out, frame):
    ties = ("x1..x3 are small integers: many rows tie for the fifth place, and which of them a ball tree "
            "returns is its own affair")
    for where in ("all", "no-missing-race"):
        data = rows(frame, where)
        y, p = data["label"].to_numpy(), data["prediction"].to_numpy()
        for alpha in (0, 1, 2, 3):
            note = "undefined: b = 0 for a false negative, the logarithm is infinite, written null" if alpha == 0 else None
            out.attempt(f"generalized_entropy_index(alpha={alpha})", "index/generalized-entropy-index",
                        functools.partial(hm.generalized_entropy_index, p, y, alpha=alpha), rows=where,
                        alpha=alpha, note=note)
        out.attempt("theil_index", "index/theil-index", functools.partial(hm.theil_index, p, y), rows=where)
        out.attempt("coefficient_of_variation", "index/coefficient-of-variation",
                    functools.partial(hm.coefficient_of_variation, p, y), rows=where, times=float(np.sqrt(2.0)),
                    note="2 x sqrt(GEI(2)) here, sqrt(2 x GEI(2)) in AIF360 and in the definition: sqrt 2 times too large",
                    peer_defect=True)
    data = rows(frame, "all")
    for columns, tolerance, why in (
        (["x1", "x2", "x3"], 0.02, ties),
        (["score", "score2", "y", "y_pred", "x1"], 1e-9, None),
    ):
        for target in ("label", "prediction"):
            out.attempt(f"consistency_score(n_neighbors=5) of {target}", "index/consistency",
                        functools.partial(hm.consistency_score, data[columns].astype(float).to_numpy(),
                                          data[target].to_numpy(), n_neighbors=5),
                        rows="all", features=columns, target=target, n_neighbors=5, tolerance=tolerance, why=why,
                        note="the row itself is among its five neighbours")


def regression(out, frame):
    slices = [("race", f"race-a-{g.lower()}", "A", g) for g in "BCD"]
    slices += [("race", "no-missing-race", "A", g) for g in "BCD"]
    slices += [("sex", "no-sex-u", "F", "M")]
    for attribute, where, reference, group in slices:
        data = rows(frame, where)
        y, p = data["y"].to_numpy(), data["y_pred"].to_numpy()
        a = (data[attribute] == group).to_numpy().astype(int)
        b = (data[attribute] == reference).to_numpy().astype(int)
        base = {"rows": where, "attribute": attribute, "group": group, "reference": reference,
                "task": "regression"}
        spread = "quantiles are taken over every row given, of other groups too" if where == "no-missing-race" else None
        part = functools.partial
        for threshold in (0.5, 10.0, "median", "mean"):
            rates = hm.success_rate_regression(a, b, p, threshold=threshold)
            for member, key in ((group, "sr_a"), (reference, "sr_b")):
                out.add(f"success_rate_regression(threshold={threshold!r}) {key}", "group/success-rate", rates[key],
                        rows=where, attribute=attribute, group=member, task="regression", threshold=threshold,
                        note="share of y_pred strictly above the threshold" + (
                            "; median and mean are of every row given" if isinstance(threshold, str) else ""))
        for q in (0.5, 0.8, 0.9):
            out.attempt(f"disparate_impact_regression(q={q})", "pair/disparate-impact-quantile",
                        part(hm.disparate_impact_regression, a, b, p, q=q), q=q, note=spread, **base)
            out.attempt(f"statistical_parity_regression(q={q})", "pair/statistical-parity-quantile",
                        part(hm.statistical_parity_regression, a, b, p, q=q), q=q, note=spread, **base)
        for name, function, ours in (
            ("no_disparate_impact_level", hm.no_disparate_impact_level, "pair/no-disparate-impact-level"),
            ("statistical_parity_auc", hm.statistical_parity_auc, "pair/statistical-parity-auc"),
            ("max_statistical_parity", hm.max_statistical_parity, "pair/max-statistical-parity"),
            ("_weighed_statistical_parity_auc", hr._weighed_statistical_parity_auc, "pair/weighted-statistical-parity-auc"),
        ):
            out.attempt(f"{name}(group_a={group}, group_b={reference})", ours, part(function, a, b, p), note=spread, **base)
        for q in (0, 0.5, 0.8):
            for name, function, ours, plain_address in (
                ("avg_score_diff", hm.avg_score_diff, "pair/average-score-difference", "contrast/mean-prediction/difference"),
                ("avg_score_ratio", hm.avg_score_ratio, "pair/average-score-ratio", "contrast/mean-prediction/ratio"),
                ("zscore_diff", hm.zscore_diff, "pair/z-score-difference", None),
            ):
                out.attempt(f"{name}(q={q})", ours, part(function, a, b, p, q=q), q=q, note=spread if q else None, **base)
                if q == 0 and plain_address:
                    out.attempt(f"{name}(q={q})", plain_address, part(function, a, b, p, q=q), **base)
            for name, function, ours, plain_address in (
                ("correlation_diff", hm.correlation_diff, "pair/correlation-difference", "contrast/correlation/difference"),
                ("rmse_ratio", hm.rmse_ratio, "pair/rmse-ratio", "contrast/rmse/ratio"),
                ("mae_ratio", hm.mae_ratio, "pair/mae-ratio", "contrast/mae/ratio"),
            ):
                out.attempt(f"{name}(q={q})", ours, part(function, a, b, p, y, q=q), q=q, note=spread if q else None, **base)
                if q == 0:
                    out.attempt(f"{name}(q={q})", plain_address, part(function, a, b, p, y, q=q), **base)
    data = rows(frame, "no-missing-race")
    out.attempt("jain_index", "index/jain-index",
                functools.partial(hm.jain_index, data["y_pred"].to_numpy(), data["y"].to_numpy()),
                rows="no-missing-race", task="regression", note="of |y - y_pred|")
    for group in "ABCD":
        part = data[data["race"] == group]
        out.attempt("jain_index of the group's rows", "group/jain-index",
                    functools.partial(hm.jain_index, part["y_pred"].to_numpy(), part["y"].to_numpy()),
                    rows="no-missing-race", attribute="race", group=group, task="regression")


def multiclass(out, frame):
    swapped = {
        "precision_matrix": "the package's precision_matrix divides by the true totals: it is the recall",
        "recall_matrix": "the package's recall_matrix divides by the predicted totals: it is the precision",
    }
    for attribute, where, scope in (
        ("race", "race-a-b", "pair"), ("race", "race-a-c", "pair"), ("race", "race-a-d", "pair"),
        ("race", "no-missing-race", "composite"), ("sex", "no-sex-u", "composite"), ("sex", "all", "composite"),
    ):
        data = rows(frame, where)
        g, p, y = (data[c].to_numpy().astype(str) for c in (attribute, "class_pred", "class_true"))
        groups = sorted(set(g.tolist()))
        classes = sorted(set(p.tolist()) | set(y.tolist()))
        base = {"rows": where, "attribute": attribute, "task": "multiclass"}
        if scope == "pair":
            base.update(group=groups[1], reference=groups[0])
        part = functools.partial
        for how in ("mean", "max"):
            for name, call, ours in (
                ("multiclass_statistical_parity", part(hm.multiclass_statistical_parity, g, p, aggregation_fun=how), "multiclass-statistical-parity"),
                ("multiclass_equality_of_opp", part(hm.multiclass_equality_of_opp, g, p, y, aggregation_fun=how), "multiclass-equality-of-opportunity"),
                ("multiclass_average_odds", part(hm.multiclass_average_odds, g, p, y, aggregation_fun=how), "multiclass-average-odds"),
                ("multiclass_true_rates", part(hm.multiclass_true_rates, g, p, y, aggregation_fun=how), "multiclass-true-rates"),
            ):
                note = "over every two groups" if scope == "composite" else None
                out.attempt(f"{name}(aggregation_fun='{how}')", f"{scope}/{ours}", call, aggregation=how, note=note, **base)
        if scope == "composite":
            out.attempt("confusion_tensor(as_tensor=True)", "composite/confusion-tensor",
                        part(hm.confusion_tensor, g, p, y, as_tensor=True), groups=groups, classes=classes,
                        note="[group][predicted][true], groups and classes in the order given here", **base)
            for name, ours in (("accuracy_matrix", "class-overlap"), ("precision_matrix", "class-recall"),
                               ("recall_matrix", "class-precision")):
                try:
                    table = getattr(hm, name)(g, p, y)
                except Exception as error:  # noqa: BLE001
                    out.failures.append((name, str(error)[:120]))
                    continue
                for group in groups:
                    out.add(name, f"group/{ours}", table.loc[group].tolist(), group=group, classes=classes,
                            note=swapped.get(name, "agreements / (agreements and disagreements of the class), a Jaccard index"),
                            peer_defect=name in swapped or None, **base)
            table = hm.frequency_matrix(g, p)
            for group in groups:
                out.add("frequency_matrix(normalize='group')", "group/class-share", table.loc[group].tolist(),
                        group=group, classes=classes, note="share of each predicted class", **base)
            if where == "no-missing-race":
                for normal in (None, "pred", "true"):
                    out.attempt(f"confusion_matrix(normalize={normal!r})", "index/confusion-matrix",
                                lambda normal=normal: hm.confusion_matrix(p, y, normalize=normal).to_numpy(),
                                rows=where, task="multiclass", classes=classes, normalize=normal or "none",
                                note="[predicted][true]")


def main():
    frame = cohort()
    out = Cases("holisticai", importlib.metadata.version("holisticai"))
    for part in (binary, individual, regression, multiclass):
        try:
            part(out, frame)
        except Exception as error:  # noqa: BLE001
            import traceback
            traceback.print_exc()
            out.failures.append((part.__name__, f"{type(error).__name__}: {error}"))
    out.write()


if __name__ == "__main__":
    main()
