"""Synthetic inputs of the benchmarks: a million predictions, and 1,000 system files. Seeded; about nobody."""

import pathlib
import re
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

folder = pathlib.Path(sys.argv[1])
example = pathlib.Path(sys.argv[2])
rows = 1_000_000
rng = np.random.default_rng(20261124)
patient = rng.integers(0, 1_200_000, rows)
race = rng.choice(["Asian", "Black", "Hispanic", "Other", "White"], 1_200_000, p=[0.06, 0.15, 0.17, 0.04, 0.58])[patient]
sex = rng.choice(["F", "M"], 1_200_000)[patient]
risk = rng.normal(-2.2, 1.1, rows) + 0.3 * (race == "Black")
label = (rng.random(rows) < 1 / (1 + np.exp(-risk))).astype("int8")
score = 1 / (1 + np.exp(-(risk - 0.3 * (race == "Black") + rng.normal(0, 0.6, rows))))
pq.write_table(
    pa.table(
        {
            "race": race,
            "sex": sex,
            "patient": patient,
            "y_true": label,
            "y_pred": (score >= 0.2).astype("int8"),
            "y_score": score,
        }
    ),
    folder / "million.parquet",
)
label = (rng.random(rows) < 0.2).astype("int8")
crossed = {name: rng.integers(0, values, rows).astype(str) for name, values in [("a", 40), ("b", 10), ("c", 3), ("d", 4)]}
pq.write_table(
    pa.table(crossed | {"y": label, "p": (rng.random(rows) < 0.25 + 0.3 * label).astype("int8")}),
    folder / "crossed.parquet",
)

project = folder / "thousand"
(project / "systems").mkdir(parents=True)
(project / "medattest.toml").write_text('[org]\nname = "Benchmark"\nmarkets = ["us", "eu", "uk"]\n')
# Facts alone: what is measured on files has rows of its own.
measured = re.compile(r"^\[\[(?:table|monitor|dataset)\]\]", flags=re.M)
texts = [measured.split(path.read_text())[0] for path in sorted(example.glob("systems/*.toml"))]
for number in range(1000):
    text = texts[number % len(texts)]
    lines = [line for line in text.splitlines() if not line.startswith(("id =", "document ="))]
    (project / "systems" / f"system-{number:04}.toml").write_text(f'id = "system-{number:04}"\n' + "\n".join(lines))
