"""The peer: the same figures by group with Fairlearn's MetricFrame, without intervals, which it does not give."""

import sys
import time

import pandas as pd
from fairlearn.metrics import (
    MetricFrame,
    count,
    demographic_parity_difference,
    equalized_odds_difference,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from sklearn.metrics import accuracy_score, brier_score_loss, precision_score, roc_auc_score

begun = time.process_time()
data = pd.read_parquet(sys.argv[1])
y, p, s = data["y_true"], data["y_pred"], data["y_score"]
decided = {
    "n": count,
    "selection": selection_rate,
    "tpr": true_positive_rate,
    "fpr": false_positive_rate,
    "ppv": precision_score,
    "accuracy": accuracy_score,
}
scored = {"auroc": roc_auc_score, "brier": brier_score_loss}
for columns in (["race"], ["sex"], ["race", "sex"]):
    groups = data[columns]
    MetricFrame(metrics=decided, y_true=y, y_pred=p, sensitive_features=groups).by_group
    MetricFrame(metrics=scored, y_true=y, y_pred=s, sensitive_features=groups).by_group
    demographic_parity_difference(y, p, sensitive_features=groups)
    equalized_odds_difference(y, p, sensitive_features=groups)
print(f"{time.process_time() - begun:.3f}")
