"""Writes the synthetic cohort every other script here measures.

The figures are drawn from a seeded generator and stand for no real person.
Run it once; the scripts that follow read the file, never the generator.
"""

import csv
import pathlib

import numpy as np

ROWS = 2400
PATIENTS = 1700
SEED = 20260115
OUT = (
    pathlib.Path(__file__).resolve().parents[2]
    / "crates" / "medattest-metrics" / "parity" / "cohort.csv"
)


def expit(x):
    return 1.0 / (1.0 + np.exp(-x))


def main():
    rng = np.random.default_rng(SEED)

    # One race, sex and usual site per patient; the first rows are one visit
    # each, the rest are second and third visits of patients drawn at random.
    p_race = rng.choice(["A", "B", "C", "D", ""], size=PATIENTS, p=[0.52, 0.25, 0.15, 0.05, 0.03])
    p_sex = rng.choice(["F", "M"], size=PATIENTS, p=[0.53, 0.47])
    p_site = rng.choice(["S1", "S2", "S3"], size=PATIENTS, p=[0.5, 0.3, 0.2])
    p_frailty = rng.normal(0.0, 0.6, size=PATIENTS)
    patient = np.concatenate([np.arange(PATIENTS), rng.integers(0, PATIENTS, size=ROWS - PATIENTS)])
    rng.shuffle(patient)

    race = p_race[patient]
    sex = p_sex[patient].copy()
    site = p_site[patient]

    shift = {"A": 0.0, "B": 0.35, "C": -0.2, "D": 0.25, "": 0.1}
    base = np.array([shift[r] for r in race])
    x1_mean = np.array([{"A": 2.0, "B": 3.0, "C": 2.4, "D": 3.6, "": 2.5}[r] for r in race])
    x1 = rng.poisson(x1_mean).clip(0, 9)
    x2 = rng.integers(0, 6, size=ROWS)
    x3 = rng.poisson(1.2, size=ROWS).clip(0, 6)

    risk = (
        -2.05 + base + 0.10 * (x1 - 2.4) + 0.28 * (x2 - 2.5) + 0.30 * (x3 - 1.2)
        + p_frailty[patient] + rng.normal(0.0, 0.5, size=ROWS) + 0.75 * rng.normal(size=ROWS)
    )
    label = (rng.random(ROWS) < expit(1.15 * risk + 0.82)).astype(int)

    # The first model sees the risk with noise and is badly calibrated for C.
    seen = risk + rng.normal(0.0, 0.55, size=ROWS)
    logit1 = 1.0 * seen + 0.50
    is_c = race == "C"
    logit1 = np.where(is_c, 0.62 * seen + 0.25, logit1)
    score = np.round(expit(logit1), 3).clip(0.001, 0.999)
    logit2 = 0.9 * (risk + rng.normal(0.0, 1.1, size=ROWS)) + 0.35
    score2 = np.round(expit(logit2), 3).clip(0.001, 0.999)
    # A few exact zeros and ones, for the clips.
    edge = rng.choice(ROWS, size=4, replace=False)
    score[edge[:2]] = 0.0
    score[edge[2]] = 1.0
    score2[edge[3]] = 1.0

    prediction = (score >= 0.3).astype(int)
    weight = rng.choice([0.5, 1.0, 1.5, 2.25], size=ROWS, p=[0.2, 0.5, 0.2, 0.1])

    levels = np.array(["low", "mid", "high"])
    true_level = np.digitize(risk + rng.normal(0.0, 0.3, size=ROWS), [-2.0, -0.9])
    move = rng.random(ROWS)
    far = np.where(rng.random(ROWS) < 0.12, 2, 1)
    down = np.where(race == "B", 0.22, 0.14)
    pred_level = np.where(
        move < down, true_level - far, np.where(move > 0.84, true_level + far, true_level)
    ).clip(0, 2)
    class_true = levels[true_level]
    class_pred = levels[pred_level]

    y = 12.0 + 2.0 * risk + rng.normal(0.0, 1.5, size=ROWS)
    y_pred = 12.0 + 0.75 * (y - 12.0) + rng.normal(0.0, 1.75, size=ROWS)
    y_pred = np.where(race == "B", y_pred - 0.9, y_pred)
    y = np.round(y, 2)
    y_pred = np.round(y_pred, 2)

    # Exactly three rows of sex U, each with label 0; one of them predicted 1.
    quiet = np.flatnonzero((label == 0) & (race == "A") & (prediction == 0))[[5, 50]]
    loud = np.flatnonzero((label == 0) & (race == "B") & (prediction == 1))[[3]]
    sex[np.concatenate([quiet, loud])] = "U"

    OUT.parent.mkdir(parents=True, exist_ok=True)
    with OUT.open("w", newline="") as handle:
        out = csv.writer(handle, lineterminator="\n")
        out.writerow([
            "patient", "race", "sex", "site", "label", "score", "score2", "prediction",
            "weight", "class_true", "class_pred", "y", "y_pred", "x1", "x2", "x3",
        ])
        for i in range(ROWS):
            out.writerow([
                int(patient[i]) + 1, race[i], sex[i], site[i], int(label[i]),
                f"{score[i]:.3f}", f"{score2[i]:.3f}", int(prediction[i]), f"{weight[i]:g}",
                class_true[i], class_pred[i], f"{y[i]:.2f}", f"{y_pred[i]:.2f}",
                int(x1[i]), int(x2[i]), int(x3[i]),
            ])


if __name__ == "__main__":
    main()
