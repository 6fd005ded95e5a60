"""AIF360: the dataset metrics, the classification metrics and aif360.sklearn."""

import functools
import importlib.metadata
import logging
import warnings

logging.disable(logging.CRITICAL)
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from aif360.datasets import BinaryLabelDataset, RegressionDataset  # noqa: E402
from aif360.metrics import (  # noqa: E402
    BinaryLabelDatasetMetric,
    ClassificationMetric,
    MDSSClassificationMetric,
    SampleDistortionMetric,
)
from aif360.metrics.regression_metric import RegressionDatasetMetric  # noqa: E402
from aif360.detectors.mdss.ScoringFunctions import BerkJones, Bernoulli  # noqa: E402
from aif360.sklearn import metrics as sk  # noqa: E402
from sklearn.metrics import accuracy_score, precision_score, recall_score  # noqa: E402

from common import Cases, cohort, rows  # noqa: E402

CODES = {"race": {"A": 0.0, "B": 1.0, "C": 2.0, "D": 3.0}, "sex": {"F": 0.0, "M": 1.0, "U": 2.0}}
FEATURES = ["x1", "x2", "x3"]


def datasets(data, attribute, weighted, features=FEATURES):
    table = data[features].astype(float).copy()
    table[attribute] = data[attribute].map(CODES[attribute]).astype(float)
    table["label"] = data["label"].astype(float)
    table["weight"] = data["weight"] if weighted else 1.0
    truth = BinaryLabelDataset(
        df=table, label_names=["label"], protected_attribute_names=[attribute],
        instance_weights_name="weight", favorable_label=1.0, unfavorable_label=0.0,
    )
    said = truth.copy()
    said.labels = data[["prediction"]].to_numpy(dtype=float)
    said.scores = data[["score"]].to_numpy(dtype=float)
    return truth, said


GROUP = {
    "true_positive_rate": "tpr", "false_positive_rate": "fpr", "false_negative_rate": "fnr",
    "true_negative_rate": "tnr", "generalized_true_positive_rate": "generalized-tpr",
    "generalized_false_positive_rate": "generalized-fpr",
    "generalized_false_negative_rate": "generalized-fnr",
    "generalized_true_negative_rate": "generalized-tnr",
    "positive_predictive_value": "ppv", "false_discovery_rate": "fdr",
    "false_omission_rate": "for", "negative_predictive_value": "npv", "accuracy": "accuracy",
    "error_rate": "error-rate", "selection_rate": "selection-rate", "base_rate": "prevalence",
    "precision": "ppv", "recall": "tpr", "sensitivity": "tpr", "specificity": "tnr",
}
COUNTS = {
    "num_true_positives": "tp", "num_false_positives": "fp", "num_false_negatives": "fn",
    "num_true_negatives": "tn", "num_generalized_true_positives": "generalized-tp",
    "num_generalized_false_positives": "generalized-fp",
    "num_generalized_false_negatives": "generalized-fn",
    "num_generalized_true_negatives": "generalized-tn",
    "num_pred_positives": "predicted-positives", "num_pred_negatives": "predicted-negatives",
    "num_positives": "positives", "num_negatives": "negatives", "num_instances": "rows",
    "power": "tp",
}
PAIR = {
    "true_positive_rate_difference": "contrast/tpr/difference",
    "false_positive_rate_difference": "contrast/fpr/difference",
    "false_negative_rate_difference": "contrast/fnr/difference",
    "false_omission_rate_difference": "contrast/for/difference",
    "false_discovery_rate_difference": "contrast/fdr/difference",
    "error_rate_difference": "contrast/error-rate/difference",
    "false_positive_rate_ratio": "contrast/fpr/ratio",
    "false_negative_rate_ratio": "contrast/fnr/ratio",
    "false_omission_rate_ratio": "contrast/for/ratio",
    "false_discovery_rate_ratio": "contrast/fdr/ratio",
    "error_rate_ratio": "contrast/error-rate/ratio",
    "equal_opportunity_difference": "contrast/tpr/difference",
    "statistical_parity_difference": "contrast/selection-rate/difference",
    "mean_difference": "contrast/selection-rate/difference",
    "disparate_impact": "pair/disparate-impact",
    "average_odds_difference": "pair/average-odds-difference",
    "average_abs_odds_difference": "pair/average-abs-odds-difference",
    "average_predictive_value_difference": "pair/average-predictive-value-difference",
    "equalized_odds_difference": "pair/equalized-odds-difference",
    "generalized_equalized_odds_difference": "pair/generalized-equalized-odds-difference",
}
UNDEFINED_U = {
    "tpr", "fnr", "generalized-tpr", "generalized-fnr",
}


def classification(out, frame):
    slices = [
        ("race", "no-missing-race", "A", "BCD", False),
        ("race", "no-missing-race", "A", "BCD", True),
        ("sex", "all", "F", "MU", False),
    ]
    for attribute, where, reference, others, weighted in slices:
        data = rows(frame, where)
        truth, said = datasets(data, attribute, weighted)
        code = CODES[attribute]
        base = {"rows": where, "attribute": attribute, "weighted": weighted}
        for group in others:
            m = ClassificationMetric(
                truth, said, unprivileged_groups=[{attribute: code[group]}],
                privileged_groups=[{attribute: code[reference]}])
            members = [(group, False)]
            if group == others[0]:
                members += [(reference, True), (None, None)]
            for member, privileged in members:
                for name, ours in {**GROUP, **COUNTS}.items():
                    note = None
                    if member == "U" and ours in UNDEFINED_U:
                        note = "undefined for sex U (no label 1): package returns NaN"
                    elif member == "U" and ours in ("ppv", "fdr", "for", "npv"):
                        note = None
                    kind = "count" if name in COUNTS else "group"
                    out.attempt(f"ClassificationMetric.{name}(privileged={privileged})",
                                f"{kind}/{ours}",
                                functools.partial(getattr(m, name), privileged=privileged),
                                group=member, note=note, **base)
            for name, ours in PAIR.items():
                note = None
                if group == "U":
                    note = {
                        "equalized_odds_difference":
                            "undefined (TPR of U): package returns max(|FPR difference|, NaN), which "
                            "keeps the FPR part alone",
                        "generalized_equalized_odds_difference":
                            "undefined (generalized TPR of U): package keeps the FPR part alone",
                        "true_positive_rate_difference": "undefined: package returns NaN",
                        "equal_opportunity_difference": "undefined: package returns NaN",
                        "false_negative_rate_difference": "undefined: package returns NaN",
                        "false_negative_rate_ratio": "undefined: package returns NaN",
                        "average_odds_difference": "undefined: package returns NaN",
                        "average_abs_odds_difference": "undefined: package returns NaN",
                    }.get(name)
                out.attempt(f"ClassificationMetric.{name}()", ours, getattr(m, name), group=group,
                            reference=reference, note=note, **base)
            d = BinaryLabelDatasetMetric(
                truth, unprivileged_groups=[{attribute: code[group]}],
                privileged_groups=[{attribute: code[reference]}])
            for name, ours in (
                ("mean_difference", "contrast/prevalence/difference"),
                ("statistical_parity_difference", "contrast/prevalence/difference"),
                ("disparate_impact", "contrast/prevalence/ratio"),
            ):
                out.attempt(f"BinaryLabelDatasetMetric.{name}()", ours, getattr(d, name), group=group,
                            reference=reference, **base)
            out.attempt("BinaryLabelDatasetMetric.base_rate(privileged=False)", "group/prevalence",
                        functools.partial(d.base_rate, privileged=False), group=group, **base)

        # One figure of the attribute: the reference against all the others.
        m = ClassificationMetric(
            truth, said, unprivileged_groups=[{attribute: code[g]} for g in others],
            privileged_groups=[{attribute: code[reference]}])
        d = BinaryLabelDatasetMetric(
            truth, unprivileged_groups=[{attribute: code[g]} for g in others],
            privileged_groups=[{attribute: code[reference]}])
        plain_note = "instance weights are not used by this figure" if weighted else None
        for concentration in (1.0, 2.0):
            c = {"concentration": concentration}
            out.add(f"BinaryLabelDatasetMetric.smoothed_empirical_differential_fairness(concentration={concentration})",
                    "composite/differential-fairness",
                    d.smoothed_empirical_differential_fairness(concentration), **base, **c)
            ssr = m._smoothed_base_rates(said.labels, concentration)
            edf = max(max(abs(np.log(a) - np.log(b)), abs(np.log(1 - a) - np.log(1 - b)))
                      for a in ssr for b in ssr)
            out.add(f"the classifier's half of differential_fairness_bias_amplification(concentration={concentration})",
                    "composite/differential-fairness-of-predictions", edf, **base, **c)
            out.add(f"ClassificationMetric.differential_fairness_bias_amplification(concentration={concentration})",
                    "composite/differential-fairness-amplification",
                    m.differential_fairness_bias_amplification(concentration), **base, **c)
        rest = "".join(others)
        for name, ours, extra in (
            ("between_all_groups_generalized_entropy_index", "composite/between-groups-generalized-entropy", {"alpha": 2}),
            ("between_all_groups_theil_index", "composite/between-groups-theil", {"alpha": 1}),
            ("between_all_groups_coefficient_of_variation", "composite/between-groups-coefficient-of-variation", {"alpha": 2}),
            ("between_group_generalized_entropy_index", "composite/between-groups-generalized-entropy", {"alpha": 2}),
            ("between_group_theil_index", "composite/between-groups-theil", {"alpha": 1}),
            ("between_group_coefficient_of_variation", "composite/between-groups-coefficient-of-variation", {"alpha": 2}),
        ):
            two = name.startswith("between_group_")
            note = None
            if two:
                note = f"two groups only: {reference} against {' and '.join(rest)} together"
            if plain_note:
                note = f"{note}; {plain_note}" if note else plain_note
            out.add(f"ClassificationMetric.{name}()", ours, getattr(m, name)(),
                    reference=reference if two else None, form="reference-and-rest" if two else "all-groups",
                    note=note, **base, **extra)
        for alpha in (0, 0.5, 3):
            note = ("b is divided inside and outside the logarithm by its mean in the package, and "
                    "log 0 cannot happen between groups") if alpha == 0 else plain_note
            out.add(f"ClassificationMetric.between_all_groups_generalized_entropy_index(alpha={alpha})",
                    "composite/between-groups-generalized-entropy",
                    m.between_all_groups_generalized_entropy_index(alpha), form="all-groups", alpha=alpha,
                    note=note, **base)
        if attribute == "race" and not weighted:
            pair = ClassificationMetric(
                truth, said, unprivileged_groups=[{attribute: code["B"]}],
                privileged_groups=[{attribute: code["A"]}])
            out.add("ClassificationMetric.between_group_generalized_entropy_index(alpha=2), B and A given, C and D present",
                    "composite/between-groups-generalized-entropy",
                    pair.between_group_generalized_entropy_index(2), form="two-of-four", alpha=2, group="B",
                    reference="A",
                    note="rows of neither group keep b = 0 and still count in the mean: not the figure of A and B alone",
                    peer_defect=True, **base)

        # Everyone.
        if not weighted:
            everyone = {"rows": where, "attribute": None}
            for alpha in (0, 0.5, 1, 2, 3):
                note = None
                if alpha == 0:
                    note = "undefined: b = 0 for a false negative, the logarithm is infinite, written null"
                out.add(f"ClassificationMetric.generalized_entropy_index(alpha={alpha})",
                        "index/generalized-entropy-index", m.generalized_entropy_index(alpha), alpha=alpha,
                        note=note, **everyone)
            out.add("ClassificationMetric.theil_index()", "index/theil-index", m.theil_index(), **everyone)
            out.add("ClassificationMetric.coefficient_of_variation()", "index/coefficient-of-variation",
                    m.coefficient_of_variation(), **everyone)


TIES = ("x1..x3 are small integers: many rows tie for the fifth place, and which of them a ball tree "
        "returns is its own affair")
TIE_TOLERANCE = 0.02


def individual(out, frame):
    data = rows(frame, "all")
    truth, said = datasets(data, "sex", False)
    # The protected column is part of a dataset's features; it is taken out here.
    for columns, tolerance, why in (
        (FEATURES, TIE_TOLERANCE, TIES),
        (["score", "score2", "y", "y_pred", "x1"], 1e-9, None),
    ):
        for target, labels in (("label", truth.labels), ("prediction", said.labels)):
            ds = truth.copy()
            ds.features = data[columns].to_numpy(dtype=float)
            ds.feature_names = list(columns)
            ds.labels = labels
            d = BinaryLabelDatasetMetric(ds)
            key = {"features": columns, "target": target, "n_neighbors": 5, "tolerance": tolerance}
            if why:
                key["why"] = why
            value = float(np.ravel(d.consistency(n_neighbors=5))[0])
            out.add(f"BinaryLabelDatasetMetric.consistency(n_neighbors=5) of {target}",
                    "index/consistency", value, rows="all",
                    note="the row itself is among its five neighbours", **key)
            out.add(f"sklearn.consistency_score(n_neighbors=5) of {target}", "index/consistency",
                    sk.consistency_score(data[columns].astype(float), data[target], n_neighbors=5),
                    rows="all", note="the row itself is among its five neighbours", **key)


def mdss(out, frame):
    data = rows(frame, "no-missing-race")
    note = "rounded to 4 decimals by the package; q found by bisection to a width of 0.001"
    why = "the package rounds the score to 4 decimals"
    truth, said = datasets(data, "race", False)
    for group in "ABCD":
        for privileged in (True, False):
            other = "B" if group == "A" else "A"
            first, second = (group, other) if privileged else (other, group)
            m = MDSSClassificationMetric(
                truth, said, scoring="Bernoulli",
                privileged_groups=[{"race": CODES["race"][first]}],
                unprivileged_groups=[{"race": CODES["race"][second]}])
            out.attempt(f"MDSSClassificationMetric(scoring='Bernoulli').score_groups(privileged={privileged})",
                        "index/mdss-score", functools.partial(m.score_groups, privileged=privileged),
                        rows="no-missing-race", attribute="race", group=group, scoring="bernoulli",
                        direction="negative" if privileged else "positive", penalty=1e-17, note=note,
                        tolerance=6e-5, why=why)
        for over in (True, False):
            for scoring, extra in (("Bernoulli", {}), ("BerkJones", {"alpha": 0.25})):
                out.attempt(
                    f"sklearn.mdss_bias_score(scoring='{scoring}', overpredicted={over}{', alpha=0.25' if extra else ''})",
                    "index/mdss-score",
                    functools.partial(
                        sk.mdss_bias_score, data["label"], data["score"], X=data[["race"]],
                        subset={"race": [group]}, overpredicted=over, scoring=scoring, **extra),
                    rows="no-missing-race", attribute="race", group=group, scoring=scoring.lower(),
                    direction="negative" if over else "positive", penalty=1e-17, note=note,
                    tolerance=6e-5, why=why, **extra)
    for group in "ABCD":
        part = data[data["race"] == group]
        for direction in ("negative", "positive"):
            for rule, name in ((Bernoulli(direction=direction), "Bernoulli"),
                               (BerkJones(direction=direction, alpha=0.25), "BerkJones")):
                observed, expected = float(part["label"].sum()), part["score"].to_numpy()
                q = rule.qmle(observed, expected)
                extra = {"alpha": 0.25} if name == "BerkJones" else {}
                out.add(f"detectors.mdss.ScoringFunctions.{name}(direction='{direction}').score at its own qmle",
                        "index/mdss-score", rule.score(observed, expected, 1e-17, q),
                        rows="no-missing-race", attribute="race", group=group, scoring=name.lower(),
                        direction=direction, penalty=1e-17, q=q, note="before rounding", **extra)
    for over in (True, False):
        out.attempt(f"sklearn.mdss_bias_score(overpredicted={over}), every row", "index/mdss-score",
                    functools.partial(sk.mdss_bias_score, data["label"], data["score"], overpredicted=over),
                    rows="no-missing-race", scoring="bernoulli",
                    direction="negative" if over else "positive", penalty=0.0, note=note,
                    tolerance=6e-5, why=why)


def scikit(out, frame):
    data = rows(frame, "no-missing-race")
    for weighted in (False, True):
        w = {"sample_weight": data["weight"].to_numpy()} if weighted else {}
        base = {"rows": "no-missing-race", "attribute": "race", "weighted": weighted}
        y = pd.Series(data["label"].to_numpy(), index=pd.Index(data["race"], name="race"))
        p = pd.Series(data["prediction"].to_numpy(), index=y.index)
        s = pd.Series(data["score"].to_numpy(), index=y.index)
        for name, func, second, ours in (
            ("base_rate", sk.base_rate, None, "prevalence"),
            ("selection_rate", sk.selection_rate, p, "selection-rate"),
            ("specificity_score", sk.specificity_score, p, "tnr"),
            ("sensitivity_score", sk.sensitivity_score, p, "tpr"),
            ("false_negative_rate_error", sk.false_negative_rate_error, p, "fnr"),
            ("false_positive_rate_error", sk.false_positive_rate_error, p, "fpr"),
            ("false_omission_rate_error", sk.false_omission_rate_error, p, "for"),
            ("generalized_fpr", sk.generalized_fpr, s, "generalized-fpr"),
            ("generalized_fnr", sk.generalized_fnr, s, "generalized-fnr"),
        ):
            try:
                values, groups = sk.intersection(func, y, second, prot_attr="race", return_groups=True, **w)
                for group, value in zip(groups, values):
                    out.add(f"sklearn.intersection({name})", f"group/{ours}", value, group=group, **base)
            except Exception as error:  # noqa: BLE001
                out.attempt(f"sklearn.intersection({name})", f"group/{ours}",
                            functools.partial((lambda e: (_ for _ in ()).throw(e)), error), **base)
        for concentration in (1.0, 2.0):
            for name, args, ours in (
                ("smoothed_edf(y_true)", (y,), "composite/differential-fairness"),
                ("smoothed_edf(y_true, y_pred)", (y, p), "composite/differential-fairness-of-predictions"),
            ):
                out.attempt(f"sklearn.{name}, concentration={concentration}", ours,
                            functools.partial(sk.smoothed_edf, *args, prot_attr="race",
                                              concentration=concentration, **w),
                            concentration=concentration, **base)
            out.attempt(f"sklearn.df_bias_amplification(concentration={concentration})",
                        "composite/differential-fairness-amplification",
                        functools.partial(sk.df_bias_amplification, y, p, prot_attr="race",
                                          concentration=concentration, **w),
                        concentration=concentration, **base)
        for target, args in (("label", (y,)), ("prediction", (y, p))):
            out.attempt(f"sklearn.conditional_demographic_disparity of the {target}",
                        "composite/conditional-demographic-disparity",
                        functools.partial(sk.conditional_demographic_disparity, *args, prot_attr="race", **w),
                        target=target,
                        note="sum over groups of n_g/n x (negatives_g/negatives - positives_g/positives)",
                        **base)
        for func, args, ours in (
            (sk.statistical_parity_difference, (y, p), "contrast/selection-rate/difference"),
            (sk.disparate_impact_ratio, (y, p), "contrast/selection-rate/ratio"),
            (sk.equal_opportunity_difference, (y, p), "contrast/tpr/difference"),
        ):
            try:
                values, groups = sk.one_vs_rest(func, *args, prot_attr="race", return_groups=True, **w)
            except Exception as error:  # noqa: BLE001
                out.failures.append((f"one_vs_rest({func.__name__})", str(error)[:120]))
                continue
            for group, value in zip(groups, values):
                out.add(f"sklearn.one_vs_rest({func.__name__})", ours, value, group="rest", reference=group,
                        note="everyone else together (as the group) against this group (as the reference)",
                        **base)

    for group in "BCD":
        where = f"race-a-{group.lower()}"
        data = rows(frame, where)
        y = pd.Series(data["label"].to_numpy(), index=pd.Index(data["race"], name="race"))
        p = pd.Series(data["prediction"].to_numpy(), index=y.index)
        s = pd.Series(data["score"].to_numpy(), index=y.index)
        for weighted in (False, True):
            w = {"sample_weight": data["weight"].to_numpy()} if weighted else {}
            base = {"rows": where, "attribute": "race", "group": group, "reference": "A", "weighted": weighted}
            k = {"prot_attr": "race", "priv_group": "A", **w}
            part = functools.partial
            for name, call, ours in (
                ("statistical_parity_difference(y_true, y_pred)", part(sk.statistical_parity_difference, y, p, **k), "contrast/selection-rate/difference"),
                ("statistical_parity_difference(y_true)", part(sk.statistical_parity_difference, y, **k), "contrast/prevalence/difference"),
                ("mean_difference(y_true, y_pred)", part(sk.mean_difference, y, p, **k), "contrast/selection-rate/difference"),
                ("disparate_impact_ratio(y_true, y_pred)", part(sk.disparate_impact_ratio, y, p, **k), "pair/disparate-impact"),
                ("disparate_impact_ratio(y_true)", part(sk.disparate_impact_ratio, y, **k), "contrast/prevalence/ratio"),
                ("equal_opportunity_difference", part(sk.equal_opportunity_difference, y, p, **k), "contrast/tpr/difference"),
                ("average_odds_difference", part(sk.average_odds_difference, y, p, **k), "pair/average-odds-difference"),
                ("average_odds_error", part(sk.average_odds_error, y, p, **k), "pair/average-abs-odds-difference"),
                ("average_predictive_value_difference", part(sk.average_predictive_value_difference, y, p, **k), "pair/average-predictive-value-difference"),
                ("class_imbalance", part(sk.class_imbalance, y, **k), "pair/class-imbalance"),
                ("difference(specificity_score)", part(sk.difference, sk.specificity_score, y, p, **k), "contrast/tnr/difference"),
                ("difference(precision_score)", part(sk.difference, precision_score, y, p, **k), "contrast/ppv/difference"),
                ("difference(accuracy_score)", part(sk.difference, accuracy_score, y, p, **k), "contrast/accuracy/difference"),
                ("difference(false_omission_rate_error)", part(sk.difference, sk.false_omission_rate_error, y, p, **k), "contrast/for/difference"),
                ("difference(generalized_fpr)", part(sk.difference, sk.generalized_fpr, y, s, **k), "contrast/generalized-fpr/difference"),
                ("difference(generalized_fnr)", part(sk.difference, sk.generalized_fnr, y, s, **k), "contrast/generalized-fnr/difference"),
                ("ratio(recall_score)", part(sk.ratio, recall_score, y, p, **k), "contrast/tpr/ratio"),
            ):
                out.attempt(f"sklearn.{name}", ours, call, **base)
            for target, args in (("label", (y,)), ("prediction", (y, p))):
                out.attempt(f"sklearn.kl_divergence of the {target}", "pair/kl-divergence",
                            part(sk.kl_divergence, *args, **k), target=target,
                            note="nats; sum over the two classes of P_reference ln(P_reference / P_group)",
                            **base)
        base = {"rows": where, "attribute": "race", "group": group, "reference": "A"}
        out.attempt("sklearn.between_group_generalized_entropy_error(priv_group='A', alpha=2)",
                    "composite/between-groups-generalized-entropy",
                    functools.partial(sk.between_group_generalized_entropy_error, y, p, prot_attr="race",
                                      priv_group="A", alpha=2),
                    form="reference-and-rest", alpha=2, **base)

    data = rows(frame, "no-missing-race")
    y = pd.Series(data["label"].to_numpy(), index=pd.Index(data["race"], name="race"))
    p = pd.Series(data["prediction"].to_numpy(), index=y.index)
    for alpha in (1, 2):
        out.attempt(f"sklearn.generalized_entropy_error(alpha={alpha})", "index/generalized-entropy-index",
                    functools.partial(sk.generalized_entropy_error, y, p, alpha=alpha),
                    rows="no-missing-race", alpha=alpha)
        out.attempt(f"sklearn.between_group_generalized_entropy_error(alpha={alpha})",
                    "composite/between-groups-generalized-entropy",
                    functools.partial(sk.between_group_generalized_entropy_error, y, p, prot_attr="race", alpha=alpha),
                    rows="no-missing-race", attribute="race", form="all-groups", alpha=alpha)
    b = 1 + data["prediction"].to_numpy() - data["label"].to_numpy()
    out.add("sklearn.theil_index(1 + y_pred - y_true)", "index/theil-index", sk.theil_index(b),
            rows="no-missing-race")
    out.add("sklearn.coefficient_of_variation(1 + y_pred - y_true)", "index/coefficient-of-variation",
            sk.coefficient_of_variation(b), rows="no-missing-race")

    # Sex with U, where the smoothing of the two interfaces parts.
    data = rows(frame, "all")
    y = pd.Series(data["label"].to_numpy(), index=pd.Index(data["sex"], name="sex"))
    p = pd.Series(data["prediction"].to_numpy(), index=y.index)
    for name, args, ours in (
        ("smoothed_edf(y_true)", (y,), "composite/differential-fairness"),
        ("smoothed_edf(y_true, y_pred)", (y, p), "composite/differential-fairness-of-predictions"),
    ):
        out.attempt(f"sklearn.{name}", ours, functools.partial(sk.smoothed_edf, *args, prot_attr="sex"),
                    rows="all", attribute="sex", concentration=1.0, peer_defect=True,
                    note="the smoothing divides the concentration by the classes seen in each group, so a "
                         "group of one class (sex U has no label 1) gets alpha 1 instead of 1/2: differs "
                         "from BinaryLabelDatasetMetric")


def transport(out, frame):
    data = rows(frame, "no-missing-race")
    for name, column in (("score", "score"), ("prediction", "prediction")):
        try:
            answer = sk.ot_distance(data["label"], data[column].astype(float), prot_attr=data["race"],
                                    mode="binary", num_iters=2_000_000)
            items = sorted(answer.items())
        except Exception as error:  # noqa: BLE001
            out.failures.append((f"ot_distance({name})", str(error)[:150]))
            continue
        for group, value in items:
            out.add(f"sklearn.ot_distance(label, {name}, prot_attr=race, mode='binary', num_iters=2000000)",
                    "group/ot-distance", value, rows="no-missing-race", attribute="race", group=group,
                    target=name,
                    note="each column is divided by its group's total; the distance is between the "
                         "normalised values, each carrying itself as mass")
    for group in "ABCD":
        part = data[data["race"] == group]
        out.attempt("sklearn.ot_distance(y, y_pred, mode='continuous', num_iters=2000000) of the group's rows",
                    "group/ot-distance",
                    functools.partial(sk.ot_distance, part["y"].reset_index(drop=True),
                                      part["y_pred"].reset_index(drop=True), mode="continuous",
                                      num_iters=2_000_000),
                    rows="no-missing-race", attribute="race", group=group, target="y_pred",
                    note="both columns are first shifted by -min(both) when that is below 0, then divided "
                         "by their totals")


def rankings(out, frame):
    """Infeasible index and discounted cumulative gain, of rows in falling order of y_pred."""
    data = rows(frame, "no-missing-race")
    table = data.assign(race_code=data["race"].map(CODES["race"]))
    order = np.lexsort((np.arange(len(table)), -table["y_pred"].to_numpy()))
    table = table.iloc[order].reset_index(drop=True)
    def dataset(gain):
        # The class scales every column to 0..1, protected codes too, and so cannot take four
        # groups: it is made with two, and given the four codes and the unscaled gains after.
        made = RegressionDataset(
            df=table.assign(race_code=(table["race"] != "A").astype(float))[["x1", "race_code", gain]].astype(float),
            dep_var_name=gain, protected_attribute_names=["race_code"], privileged_classes=[[0.0]])
        made.protected_attributes = table[["race_code"]].to_numpy(dtype=float)
        made.scores = table[[gain]].to_numpy(dtype=float)
        made.privileged_protected_attributes = [np.array([0.0])]
        made.unprivileged_protected_attributes = [np.array([v]) for v in (1.0, 2.0, 3.0)]
        return made

    groups = {"unprivileged_groups": [{"race_code": v} for v in (1.0, 2.0, 3.0)],
              "privileged_groups": [{"race_code": 0.0}]}
    ds = dataset("y_pred")
    m = RegressionDatasetMetric(ds, **groups)
    shares = {"A": 0.55, "B": 0.25, "C": 0.15, "D": 0.05}
    for depth in (50, 200, 500):
        for gain, name in ((False, "dcg"), (True, "ndcg")):
            out.attempt(f"RegressionDatasetMetric.discounted_cum_gain(r={depth}, normalized={gain})",
                        f"index/{name}",
                        functools.partial(m.discounted_cum_gain, r=depth, normalized=gain, full_dataset=ds if gain else None),
                        rows="no-missing-race", depth=depth,
                        note="sum of y_pred of the first r rows (falling y_pred, ties in file order) / log2(rank + 1)")
        try:
            target = {CODES["race"][g]: v for g, v in shares.items()}
            # The method as defined: the class's memory of past calls cannot take a mapping.
            value, where = RegressionDatasetMetric.infeasible_index.__wrapped__(m, target, depth)
            out.add(f"RegressionDatasetMetric.infeasible_index(r={depth})", "composite/infeasible-index",
                    value, rows="no-missing-race", attribute="race", depth=depth, shares=shares,
                    positions=len(where),
                    note="order: falling y_pred, ties in file order; prefixes of 1 to r-1 rows; one count "
                         "for each group and prefix where the group has fewer than floor(share x prefix)")
        except Exception as error:  # noqa: BLE001
            out.failures.append((f"infeasible_index({depth})", f"{type(error).__name__}: {error}"[:150]))
    reordered = dataset("y")
    m2 = RegressionDatasetMetric(reordered, **groups)
    for depth in (50, 200, 500):
        out.attempt(f"RegressionDatasetMetric.discounted_cum_gain(r={depth}, normalized=True) of y in the order of y_pred",
                    "index/ndcg-of-outcome",
                    functools.partial(m2.discounted_cum_gain, r=depth, normalized=True, full_dataset=reordered),
                    rows="no-missing-race", depth=depth,
                    note="gain y of the first r rows (falling y_pred, ties in file order), divided by the "
                         "same sum of the r greatest y")


def distortion(out, frame):
    data = rows(frame, "no-missing-race")
    truth, _ = datasets(data, "race", False)
    before, after = truth.copy(), truth.copy()
    for ds, columns in ((before, ["score", "y"]), (after, ["score2", "y_pred"])):
        ds.features = data[columns].to_numpy(dtype=float)
        ds.feature_names = ["first", "second"]
    for group, privileged in (("B", False), ("A", True), (None, None)):
        m = SampleDistortionMetric(before, after, unprivileged_groups=[{"race": 1.0}],
                                   privileged_groups=[{"race": 0.0}])
        for kind in ("euclidean", "manhattan", "mahalanobis"):
            for form in ("total", "average", "maximum"):
                out.attempt(f"SampleDistortionMetric.{form}_{kind}_distance(privileged={privileged})",
                            f"group/sample-distortion-{kind}-{form}",
                            functools.partial(getattr(m, f"{form}_{kind}_distance"), privileged=privileged),
                            rows="no-missing-race", attribute="race", group=group,
                            note="from (score, y) to (score2, y_pred), row by row" + (
                                "; covariance (ddof 1) of both sets stacked" if kind == "mahalanobis" else ""))
    out.attempt("SampleDistortionMetric.mean_euclidean_distance_difference()",
                "contrast/sample-distortion-euclidean/difference", m.mean_euclidean_distance_difference,
                rows="no-missing-race", attribute="race", group="B", reference="A")


def subgroup(out, frame):
    data = rows(frame, "no-missing-race")
    truth, said = datasets(data, "race", False)
    d = BinaryLabelDatasetMetric(truth)
    for kind in ("FP", "FN"):
        out.attempt(f"BinaryLabelDatasetMetric.rich_subgroup(predictions, fairness_def='{kind}')",
                    "index/rich-subgroup",
                    functools.partial(d.rich_subgroup, tuple(float(v) for v in np.ravel(said.labels)), kind),
                    rows="no-missing-race", attribute="race", fairness=kind.lower(), tolerance=1e-6,
                    why="the subgroup comes from a least-squares audit on the race code as a number")


def main():
    frame = cohort()
    out = Cases("aif360", importlib.metadata.version("aif360"))
    for part in (classification, individual, mdss, scikit, transport, rankings, distortion, subgroup):
        try:
            part(out, frame)
        except Exception as error:  # noqa: BLE001
            import traceback
            traceback.print_exc()
            out.failures.append((part.__name__, f"{type(error).__name__}: {error}"))
    out.write()


if __name__ == "__main__":
    main()
