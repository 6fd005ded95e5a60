"""A peer: Aequitas' group metrics and disparities, not crossed, without intervals."""

import sys
import time

import pandas as pd
from aequitas.audit import Audit

data = pd.read_parquet(sys.argv[1], columns=["race", "sex", "y_true", "y_pred"])
data = data.rename(columns={"y_true": "label_value", "y_pred": "score"})
begun = time.process_time()
audit = Audit(data, score_column="score", label_column="label_value", sensitive_attribute_column=["race", "sex"])
audit.audit()
print(f"{time.process_time() - begun:.3f}")
