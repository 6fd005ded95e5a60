"""Fairlearn: MetricFrame, the disparity functions and the generated ones."""

import functools
import warnings

import fairlearn
import fairlearn.metrics as fm
import numpy as np
import sklearn.metrics as skm

from common import Cases, cohort, rows

warnings.filterwarnings("ignore")

RETURNS = {"tpr": "0.0", "fnr": "0.0", "fpr": "0.0", "tnr": "0.0", "ppv": "0.0", "npv": "0.0", "f1": "0.0",
           "auroc": "NaN", "balanced-accuracy": "the rate of the one class it has", "r2": "NaN"}


def undefined_groups(data, features, ours):
    """Groups in which a metric has nothing to divide by."""
    lost = set()
    for name, part in data.groupby(features):
        name = name if isinstance(name, tuple) else (name,)
        y, p = part["label"].to_numpy(), part["prediction"].to_numpy()
        pos, neg = y.sum(), (1 - y).sum()
        none = {
            "tpr": pos == 0, "fnr": pos == 0, "fpr": neg == 0, "tnr": neg == 0,
            "ppv": p.sum() == 0, "npv": (1 - p).sum() == 0, "f1": (y + p).sum() == 0,
            "auroc": pos == 0 or neg == 0, "balanced-accuracy": pos == 0 or neg == 0,
            "r2": len(part) < 2,
        }.get(ours, False)
        if none:
            lost.add(" x ".join(name))
    return lost


def main():
    frame = cohort()
    out = Cases("fairlearn", fairlearn.__version__)

    def precision(y, p, sample_weight=None):
        return skm.precision_score(y, p, sample_weight=sample_weight, zero_division=0)

    def f1(y, p, sample_weight=None):
        return skm.f1_score(y, p, sample_weight=sample_weight, zero_division=0)

    def npv(y, p, sample_weight=None):
        return skm.precision_score(1 - y, 1 - p, sample_weight=sample_weight, zero_division=0)

    labels = {
        # ours: (name in the package, callable, column it reads, target column)
        "tpr": ("true_positive_rate", fm.true_positive_rate, "prediction", "label"),
        "tnr": ("true_negative_rate", fm.true_negative_rate, "prediction", "label"),
        "fpr": ("false_positive_rate", fm.false_positive_rate, "prediction", "label"),
        "fnr": ("false_negative_rate", fm.false_negative_rate, "prediction", "label"),
        "selection-rate": ("selection_rate", fm.selection_rate, "prediction", "label"),
        "mean-score": ("mean_prediction", fm.mean_prediction, "score", "label"),
        "accuracy": ("skm.accuracy_score", skm.accuracy_score, "prediction", "label"),
        "error-rate": ("skm.zero_one_loss", skm.zero_one_loss, "prediction", "label"),
        "balanced-accuracy": (
            "skm.balanced_accuracy_score", skm.balanced_accuracy_score, "prediction", "label"),
        "ppv": ("skm.precision_score(zero_division=0)", precision, "prediction", "label"),
        "npv": ("skm.precision_score of the complements", npv, "prediction", "label"),
        "f1": ("skm.f1_score(zero_division=0)", f1, "prediction", "label"),
        "auroc": ("skm.roc_auc_score", skm.roc_auc_score, "score", "label"),
        "brier": ("skm.brier_score_loss", skm.brier_score_loss, "score", "label"),
        "log-loss": (
            "skm.log_loss(labels=[0, 1])", functools.partial(skm.log_loss, labels=[0, 1]),
            "clipped", "label"),
        "mae": ("skm.mean_absolute_error", skm.mean_absolute_error, "y_pred", "y"),
        "mse": ("skm.mean_squared_error", skm.mean_squared_error, "y_pred", "y"),
        "rmse": ("skm.root_mean_squared_error", skm.root_mean_squared_error, "y_pred", "y"),
        "r2": ("skm.r2_score", skm.r2_score, "y_pred", "y"),
    }
    multiclass = {
        "accuracy": ("skm.accuracy_score", skm.accuracy_score),
        "macro-recall": ("skm.recall_score(average='macro')",
                         functools.partial(skm.recall_score, average="macro", zero_division=0)),
        "macro-precision": ("skm.precision_score(average='macro')",
                            functools.partial(skm.precision_score, average="macro", zero_division=0)),
        "macro-f1": ("skm.f1_score(average='macro')",
                     functools.partial(skm.f1_score, average="macro", zero_division=0)),
    }
    clip_note = "score clipped to [1e-6, 1 - 1e-6] before the call"
    slices = [
        ("race", "no-missing-race", False),
        ("race", "all", False),
        ("sex", "all", False),
        ("sex", "no-sex-u", False),
        ("race x sex", "no-missing-race", False),
        ("race x sex", "no-missing-race-no-sex-u", False),
        ("race", "no-missing-race", True),
    ]
    for attribute, where, weighted in slices:
        data = rows(frame, where)
        data = data.assign(clipped=data["score"].clip(1e-6, 1 - 1e-6))
        features = attribute.split(" x ")
        sensitive = data[features].copy()
        missing = None
        if attribute == "race" and where == "all":
            sensitive["race"] = sensitive["race"].replace({"": "Unknown"})
            missing = "Unknown"
        has_u = "sex" in features and (data["sex"] == "U").any()
        keys = {"rows": where, "attribute": attribute, "weighted": weighted,
                "missing_as": missing}
        sample = {"sample_weight": data["weight"]} if weighted else {}

        for ours, (name, call, column, target) in labels.items():
            note = clip_note if ours == "log-loss" else None
            if ours in ("mae", "mse", "rmse", "r2"):
                note = "y against y_pred"
            lost = undefined_groups(data, features, ours)
            returns = RETURNS.get(ours)
            try:
                mf = fm.MetricFrame(
                    metrics=call, y_true=data[target], y_pred=data[column],
                    sensitive_features=sensitive,
                    sample_params=sample or None,
                )
            except Exception as error:  # noqa: BLE001
                out.failures.append((f"MetricFrame({name}) {attribute} {where}", str(error)[:120]))
                out.add(f"MetricFrame({name}).by_group", f"spread/{ours}/difference", None, **keys,
                        raises=True, note=f"undefined: package raises {type(error).__name__}")
                continue
            for group, value in mf.by_group.items():
                label = " x ".join(group) if isinstance(group, tuple) else group
                out.add(f"MetricFrame({name}).by_group", f"group/{ours}", value, group=label,
                        note=f"undefined: package returns {returns}" if label in lost else note, **keys)
            out.add(f"MetricFrame({name}).overall", f"group/{ours}", mf.overall, group=None,
                    note="everyone in the rows" + (f"; {note}" if note else ""), **keys)
            if lost:
                note = f"undefined in {', '.join(sorted(lost))}: package counts {returns} there" + (
                    ", which the spread leaves out" if returns == "NaN" else "")
            if attribute == "race x sex" and has_u:
                note = (note + "; " if note else "") + (
                    "combinations without rows are NaN and left out of the spread")
            for form, value in (
                ("difference", mf.difference()),
                ("ratio", mf.ratio()),
                ("min", mf.group_min()),
                ("max", mf.group_max()),
                ("to-overall-difference", mf.difference(method="to_overall")),
                ("to-overall-ratio", mf.ratio(method="to_overall")),
            ):
                method = {
                    "difference": "difference()", "ratio": "ratio()", "min": "group_min()",
                    "max": "group_max()",
                    "to-overall-difference": "difference(method='to_overall')",
                    "to-overall-ratio": "ratio(method='to_overall')",
                }[form]
                out.add(f"MetricFrame({name}).{method}", f"spread/{ours}/{form}", value, note=note, **keys)

        for ours, (name, call) in multiclass.items():
            mf = fm.MetricFrame(
                metrics=call, y_true=data["class_true"], y_pred=data["class_pred"],
                sensitive_features=sensitive, sample_params=sample or None)
            note = "class_true against class_pred"
            if has_u:
                note += "; classes absent from both columns of a group are left out of its macro mean"
            for group, value in mf.by_group.items():
                label = " x ".join(group) if isinstance(group, tuple) else group
                out.add(f"MetricFrame({name}).by_group", f"group/{ours}", value, group=label,
                        note=note, task="multiclass", **keys)
            for form, value in (("difference", mf.difference()), ("ratio", mf.ratio()),
                                ("min", mf.group_min()), ("max", mf.group_max())):
                out.add(f"MetricFrame({name}) {form}", f"spread/{ours}/{form}", value, note=note,
                        task="multiclass", **keys)

        # The named disparity functions.
        y, p = data["label"], data["prediction"]
        common = {"sensitive_features": sensitive, **sample}
        mark = "undefined for sex U (no label 1): package counts its TPR as 0.0" if has_u else None
        for method, tag in (("between_groups", ""), ("to_overall", "to-overall-")):
            for name, call, ours in (
                ("demographic_parity", (fm.demographic_parity_difference, fm.demographic_parity_ratio),
                 "selection-rate"),
                ("equal_opportunity", (fm.equal_opportunity_difference, fm.equal_opportunity_ratio),
                 "tpr"),
            ):
                for function, form in zip(call, ("difference", "ratio")):
                    out.add(f"{name}_{form}(method='{method}')", f"spread/{ours}/{tag}{form}",
                            function(y, p, method=method, **common),
                            note=mark if ours == "tpr" else None, **keys)
            for agg, stem in (("worst_case", "equalized-odds"), ("mean", "equalized-odds-mean")):
                for function, form in ((fm.equalized_odds_difference, "difference"),
                                       (fm.equalized_odds_ratio, "ratio")):
                    tail = "" if method == "between_groups" else "/to-overall"
                    out.add(f"equalized_odds_{form}(method='{method}', agg='{agg}')",
                            f"composite/{stem}-{form}{tail}",
                            function(y, p, method=method, agg=agg, **common), note=mark, **keys)

        # Every generated function.
        map_name = {
            "true_positive_rate": "tpr", "true_negative_rate": "tnr",
            "false_positive_rate": "fpr", "false_negative_rate": "fnr",
            "selection_rate": "selection-rate", "accuracy_score": "accuracy",
            "zero_one_loss": "error-rate", "balanced_accuracy_score": "balanced-accuracy",
            "precision_score": "ppv", "recall_score": "tpr", "roc_auc_score": "auroc",
            "mean_absolute_error": "mae", "mean_squared_error": "mse", "r2_score": "r2",
            "f1_score": "f1", "log_loss": "log-loss",
        }
        for name in sorted(n for n in fm.__all__ if n.endswith(
                ("_difference", "_ratio", "_group_min", "_group_max"))):
            stem, form = next(
                (name[: -len(tail)], tail[1:].replace("group_", ""))
                for tail in ("_group_min", "_group_max", "_difference", "_ratio")
                if name.endswith(tail))
            if stem not in map_name:
                continue
            ours = map_name[stem]
            column = {"auroc": "score", "log-loss": "clipped"}.get(ours, "prediction")
            target = "label"
            note = clip_note if ours == "log-loss" else None
            if ours in ("mae", "mse", "r2"):
                column, target, note = "y_pred", "y", "y against y_pred"
            lost = undefined_groups(data, features, ours)
            if lost:
                note = f"undefined in {', '.join(sorted(lost))}: package counts {RETURNS[ours]} there"
            out.attempt(f"{name}()", f"spread/{ours}/{form}",
                        functools.partial(getattr(fm, name), data[target], data[column], **common),
                        note=note, **keys)
    out.write()


if __name__ == "__main__":
    main()
