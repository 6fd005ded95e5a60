"""Distances and tests of drift between pairs of invented samples."""

import json
import warnings

import numpy as np
import pandas as pd
import scipy
import scipy.stats as st

from common import DATA

warnings.filterwarnings("ignore")

EMPTY = 1e-4


def counted(a, b):
    values = sorted(set(a) | set(b))
    return (
        values,
        [int(n) for n in pd.Series(a).value_counts().reindex(values, fill_value=0)],
        [int(n) for n in pd.Series(b).value_counts().reindex(values, fill_value=0)],
    )


def shares(a, b, numeric):
    if numeric and len(set(a)) > 20:
        edges = np.histogram_bin_edges(np.concatenate([a, b]), bins="sturges")
        return np.histogram(a, edges)[0] / len(a), np.histogram(b, edges)[0] / len(b)
    _, x, y = counted(list(a), list(b))
    return np.array(x) / len(a), np.array(y) / len(b)


def filled(p):
    p = p.copy()
    least = p[p > 0].min()
    p[p == 0] = least / 1e6 if least <= EMPTY else EMPTY
    return p


def of_shares(p, q):
    fp, fq = filled(p), filled(q)
    return {
        "psi": float(((fp - fq) * np.log(fp / fq)).sum()),
        "kullback-leibler": float(st.entropy(fp, fq)),
        "jensen-shannon": float(scipy.spatial.distance.jensenshannon(p, q)),
        "hellinger": float(np.sqrt(((np.sqrt(p) - np.sqrt(q)) ** 2).sum()) / np.sqrt(2)),
    }


def of_numbers(a, b):
    found = {
        "kolmogorov-smirnov": st.ks_2samp(a, b).pvalue,
        "wasserstein": st.wasserstein_distance(a, b) / max(np.std(a), 0.001),
        "anderson-darling": st.anderson_ksamp([a, b], midrank=True).pvalue,
        "cramer-von-mises": st.cramervonmises_2samp(a, b, method="asymptotic").pvalue,
        "t-test": st.ttest_ind(a, b).pvalue,
        "mann-whitney": st.mannwhitneyu(a, b, method="asymptotic").pvalue,
        "mann-whitney-less": st.mannwhitneyu(a, b, alternative="less", method="asymptotic").pvalue,
        "energy": st.energy_distance(a, b),
    }
    if np.subtract(*np.percentile(np.concatenate([a, b]), [75, 25])) > 0:
        found["epps-singleton"] = st.epps_singleton_2samp(a, b).pvalue
    found.update(of_shares(*shares(a, b, True)))
    edges = np.histogram_bin_edges(np.array(sorted(set(a) | set(b))), bins="sturges")
    p, q = np.histogram(a, edges)[0] / len(a), np.histogram(b, edges)[0] / len(b)
    found["hellinger"] = np.sqrt(max(0.0, 1 - np.sqrt(p * q).sum()))
    return {name: float(value) for name, value in found.items()}


def of_categories(a, b):
    labels, x, y = counted(list(a), list(b))
    x, y = np.array(x, float), np.array(y, float)
    expected = x * len(b) / len(a)
    found = {
        "l-infinity": float(np.abs(x / len(a) - y / len(b)).max()),
        "homogeneity": float(st.chi2_contingency(np.array([x, y]), correction=False).pvalue),
    }
    if (expected > 0).all():
        found["chi-square"] = float(st.chisquare(y, expected).pvalue)
        found["g"] = float(st.power_divergence(y, expected, lambda_="log-likelihood").pvalue)
    if len(labels) == 2:
        pooled = (x[0] + y[0]) / (len(a) + len(b))
        z = (x[0] / len(a) - y[0] / len(b)) / np.sqrt(pooled * (1 - pooled) * (1 / len(a) + 1 / len(b)))
        found["z"] = float(2 * st.norm.sf(abs(z)))
        found["fisher-exact"] = float(st.fisher_exact(np.array([x, y])).pvalue)
    found.update(of_shares(x / len(a), y / len(b)))
    return found


def main():
    random = np.random.default_rng(20261126)
    cases = []
    draws = {
        "normal": lambda n, s: np.round(random.normal(s, 1 + s / 2, n), 3),
        "poisson": lambda n, s: random.poisson(2 + s, n).astype(float),
        "stay": lambda n, s: np.ceil(random.gamma(2, 2 + s, n)),
        "lab": lambda n, s: np.round(random.lognormal(1 + s / 4, 0.5, n), 1),
        "binary-score": lambda n, s: (random.random(n) < 0.2 + s / 8).astype(float),
    }
    for name, draw in draws.items():
        for n, m in [(12, 15), (60, 60), (300, 170), (800, 800), (2500, 900), (12_000, 9_000), (40_000, 3_000)]:
            for shift in (0.0, 0.05, 0.4):
                a, b = draw(n, 0.0), draw(m, shift)
                values, x, y = counted(list(a), list(b))
                cases.append(
                    {"id": f"{name} {n} {m} {shift}", "values": values, "a": x, "b": y, "expected": of_numbers(a, b)}
                )
    for k in (2, 3, 8, 30):
        for n, m in [(40, 30), (500, 700), (20_000, 15_000)]:
            for shift in (0.0, 0.3):
                p = random.dirichlet(np.full(k, 1.5))
                q = (1 - shift) * p + shift * random.dirichlet(np.full(k, 1.5))
                names = np.array([f"c{i:02}" for i in range(k)])
                a, b = random.choice(names, n, p=p), random.choice(names, m, p=q)
                labels, x, y = counted(list(a), list(b))
                cases.append(
                    {"id": f"{k} kinds {n} {m} {shift}", "labels": labels, "a": x, "b": y, "expected": of_categories(a, b)}
                )
    note = "Invented samples; formulas and defaults of Evidently 0.7.23 and NannyML 0.13.1 on scipy"
    out = {"note": note, "scipy": scipy.__version__, "numpy": np.__version__, "cases": cases}
    (DATA / "drift.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")


main()
