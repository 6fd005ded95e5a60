"""A hundred million synthetic predictions, every score another number. Seeded; about nobody."""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

rng = np.random.default_rng(20261124)
groups = np.array(["A", "B", "C", "D"])
writer = None
for _ in range(100):
    score = rng.random(1_000_000)
    table = pa.table(
        {
            "g": pa.array(groups[rng.integers(0, 4, score.size)]).dictionary_encode(),
            "y": (rng.random(score.size) < 0.4 * score).astype("int8"),
            "s": score,
        }
    )
    writer = writer or pq.ParquetWriter(sys.argv[1], table.schema)
    writer.write_table(table)
writer.close()
