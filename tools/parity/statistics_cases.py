"""Intervals, tests and other figures no fairness package gives, by group."""

import warnings

import numpy as np
import pandas as pd
import scipy
import scipy.stats as st
import sklearn
import sklearn.metrics as skm
import statsmodels
import statsmodels.api as sm
from scipy.special import logit
from sklearn.neighbors import NearestNeighbors
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    proportions_ztest,
    test_proportions_2indep,
)

from common import Cases, cohort, rows

warnings.filterwarnings("ignore")

Z = st.norm.ppf(0.975)
CLIP = 1e-6
RATES = {
    # name: (numerator rows, denominator rows)
    "tpr": lambda d: ((d.label == 1) & (d.prediction == 1), d.label == 1),
    "fpr": lambda d: ((d.label == 0) & (d.prediction == 1), d.label == 0),
    "ppv": lambda d: ((d.label == 1) & (d.prediction == 1), d.prediction == 1),
    "selection-rate": lambda d: (d.prediction == 1, np.ones(len(d), dtype=bool)),
    "prevalence": lambda d: (d.label == 1, np.ones(len(d), dtype=bool)),
}


def count(d, rate):
    hit, of = RATES[rate](d)
    return int(np.sum(hit)), int(np.sum(of))


def placements(y, s):
    """Share of negatives below each positive and of positives above each negative, ties 1/2."""
    pos, neg = s[y == 1], s[y == 0]
    kernel = (pos[:, None] > neg[None, :]) + 0.5 * (pos[:, None] == neg[None, :])
    return kernel.mean(axis=1), kernel.mean(axis=0)


def delong(y, s):
    v10, v01 = placements(y, s)
    auc = v10.mean()
    variance = v10.var(ddof=1) / len(v10) + v01.var(ddof=1) / len(v01)
    return auc, variance


def delong_paired(y, s, t):
    a10, a01 = placements(y, s)
    b10, b01 = placements(y, t)
    c10, c01 = np.cov(a10, b10), np.cov(a01, b01)
    c = c10 / len(a10) + c01 / len(a01)
    return a10.mean(), b10.mean(), c


def obuchowski(y, s, cluster):
    v10, v01 = placements(y, s)
    auc = v10.mean()
    m, n = len(v10), len(v01)
    table = pd.DataFrame(index=np.unique(cluster))
    pos = pd.Series(v10 - auc).groupby(cluster[y == 1]).sum()
    neg = pd.Series(v01 - auc).groupby(cluster[y == 0]).sum()
    table["x"] = pos.reindex(table.index).fillna(0.0)
    table["y"] = neg.reindex(table.index).fillna(0.0)
    i10, i01, i = len(pos), len(neg), len(table)
    s10 = i10 / ((i10 - 1) * m) * (table["x"] ** 2).sum()
    s01 = i01 / ((i01 - 1) * n) * (table["y"] ** 2).sum()
    s11 = i / (i - 1) * (table["x"] * table["y"]).sum()
    return auc, s10 / m + s01 / n + 2 * s11 / (m * n), (i10, i01, i)


def segments(fpr, tpr, grid):
    """Values of a ROC line just after each grid point and just before the next one."""
    after, before = [], []
    for left, right in zip(grid[:-1], grid[1:]):
        for at, side, store in ((left, 1, after), (right, -1, before)):
            same = np.flatnonzero(fpr == at)
            if len(same):
                store.append(tpr[same].max() if side == 1 else tpr[same].min())
            else:
                k = np.searchsorted(fpr, at)
                x0, x1, y0, y1 = fpr[k - 1], fpr[k], tpr[k - 1], tpr[k]
                store.append(y0 + (y1 - y0) * (at - x0) / (x1 - x0))
    return np.array(after), np.array(before)


def abroca(ya, sa, yb, sb):
    fa, ta, _ = skm.roc_curve(ya, sa, drop_intermediate=False)
    fb, tb, _ = skm.roc_curve(yb, sb, drop_intermediate=False)
    grid = np.unique(np.concatenate([fa, fb]))
    a0, a1 = segments(fa, ta, grid)
    b0, b1 = segments(fb, tb, grid)
    d0, d1, h = a0 - b0, a1 - b1, np.diff(grid)
    plain = h * (np.abs(d0) + np.abs(d1)) / 2
    cross = d0 * d1 < 0
    size = np.abs(d0) + np.abs(d1)
    exact = np.where(cross, h * (d0**2 + d1**2) / (2 * np.where(size == 0, 1, size)), plain)
    return exact.sum(), plain.sum(), int(cross.sum())


def main():
    frame = cohort()
    data = rows(frame, "no-missing-race")
    out = Cases(
        "statistics",
        f"scipy {scipy.__version__}, statsmodels {statsmodels.__version__}, "
        f"scikit-learn {sklearn.__version__}, numpy {np.__version__}",
    )
    by = {g: data[data["race"] == g].reset_index(drop=True) for g in "ABCD"}
    base = {"rows": "no-missing-race", "attribute": "race"}
    everyone = [(None, data), *by.items()]

    # Rates and their intervals.
    for rate in RATES:
        for group, d in everyone:
            hit, of = count(d, rate)
            for method, name in (("wilson", "wilson"), ("beta", "clopper-pearson")):
                low, high = proportion_confint(hit, of, alpha=0.05, method=method)
                out.add(f"statsmodels proportion_confint(method='{method}')", f"group/{rate}/{name}", hit / of,
                        group=group, low=low, high=high, numerator=hit, denominator=of, level=0.95, **base)
    # A rate of nothing and of everything.
    for hit, of in ((0, 12), (12, 12), (1, 1), (0, 1)):
        for method, name in (("wilson", "wilson"), ("beta", "clopper-pearson")):
            low, high = proportion_confint(hit, of, alpha=0.05, method=method)
            out.add(f"statsmodels proportion_confint({hit}, {of}, method='{method}')", f"counts/{name}", hit / of,
                    low=low if np.isfinite(low) else 0.0, high=high if np.isfinite(high) else 1.0,
                    numerator=hit, denominator=of, level=0.95, note="of the counts given, not of the cohort")

    # Contrasts against A: intervals, tests, the family.
    family, plain_p, log_p = [], [], []
    for rate in ("selection-rate", "tpr"):
        ref = count(by["A"], rate)
        for group in "BCD":
            got = count(by[group], rate)
            key = {"group": group, "reference": "A", **base}
            difference = got[0] / got[1] - ref[0] / ref[1]
            quotient = (got[0] / got[1]) / (ref[0] / ref[1])
            low, high = confint_proportions_2indep(*got, *ref, method="newcomb", compare="diff")
            out.add("statsmodels confint_proportions_2indep(method='newcomb')", f"contrast/{rate}/newcombe",
                    difference, low=low, high=high, level=0.95, **key)
            low, high = confint_proportions_2indep(*got, *ref, method="log", compare="ratio")
            se = np.sqrt(1 / got[0] - 1 / got[1] + 1 / ref[0] - 1 / ref[1])
            out.add("statsmodels confint_proportions_2indep(method='log', compare='ratio')",
                    f"contrast/{rate}/log-ratio", quotient, low=low, high=high, se=se, level=0.95,
                    note="se is of the log ratio: sqrt(1/x1 - 1/n1 + 1/x2 - 1/n2)", **key)
            score = test_proportions_2indep(*got, *ref, method="score", compare="diff", correction=False)
            z, p = proportions_ztest([got[0], ref[0]], [got[1], ref[1]])
            out.add("statsmodels test_proportions_2indep(method='score', correction=False)",
                    f"contrast/{rate}/score-test", score.statistic, p=score.pvalue, **key)
            out.add("statsmodels proportions_ztest", f"contrast/{rate}/score-test", z, p=p,
                    note="the same statistic, by the pooled proportion", **key)
            corrected = test_proportions_2indep(*got, *ref, method="score", compare="diff")
            out.add("statsmodels test_proportions_2indep(method='score', correction=True)",
                    f"contrast/{rate}/score-test-mn", corrected.statistic, p=corrected.pvalue,
                    note="Miettinen-Nurminen: variance times N / (N - 1), N of both groups", **key)
            wald = np.log(quotient) / se
            out.add("own numpy", f"contrast/{rate}/log-ratio-test", wald, p=2 * st.norm.sf(abs(wald)), **key)
            family.append((rate, group))
            plain_p.append(score.pvalue)
            log_p.append(2 * st.norm.sf(abs(wald)))
    for method, name in (("holm", "holm"), ("fdr_bh", "benjamini-hochberg"), ("bonferroni", "bonferroni")):
        adjusted = multipletests(plain_p, method=method)[1]
        for (rate, group), p, q in zip(family, plain_p, adjusted):
            out.add(f"statsmodels multipletests(method='{method}')", f"contrast/{rate}/{name}", q, p=p, group=group,
                    reference="A", family=len(family),
                    note="family: the score tests (no correction) of selection rate and TPR of B, C and D against A",
                    **base)

    # AUROC.
    label = {g: d["label"].to_numpy() for g, d in by.items()}
    auc = {}
    for column in ("score", "score2"):
        for group, d in everyone:
            y, s = d["label"].to_numpy(), d[column].to_numpy()
            value, variance = delong(y, s)
            assert abs(value - skm.roc_auc_score(y, s)) < 1e-12
            auc[(column, group)] = (value, variance)
            se = np.sqrt(variance)
            out.add("own numpy (DeLong, O(n^2))", "group/auroc/delong", value, group=group, score=column, se=se,
                    low=value - Z * se, high=value + Z * se, level=0.95, **base)
            half = Z * se / (value * (1 - value))
            out.add("own numpy (DeLong, logit scale)", "group/auroc/delong-logit", value, group=group, score=column,
                    se=se, low=1 / (1 + np.exp(-(logit(value) - half))), high=1 / (1 + np.exp(-(logit(value) + half))),
                    level=0.95, **base)
        for group in "BCD":
            (a, va), (b, vb) = auc[(column, group)], auc[(column, "A")]
            se = np.sqrt(va + vb)
            out.add("own numpy (DeLong, unpaired)", "contrast/auroc/delong", a - b, group=group, reference="A",
                    score=column, se=se, low=a - b - Z * se, high=a - b + Z * se,
                    p=2 * st.norm.sf(abs((a - b) / se)), z=(a - b) / se, **base)
    for group, d in everyone:
        a, b, c = delong_paired(*(d[k].to_numpy() for k in ("label", "score", "score2")))
        se = np.sqrt(c[0, 0] + c[1, 1] - 2 * c[0, 1])
        out.add("own numpy (DeLong, paired, score less score2)", "group/auroc/delong-paired", a - b, group=group,
                se=se, low=a - b - Z * se, high=a - b + Z * se, p=2 * st.norm.sf(abs((a - b) / se)), z=(a - b) / se,
                covariance=c[0, 1], **base)
    for group, d in everyone:
        y, s = d["label"].to_numpy(), d["score"].to_numpy()
        cluster = d["patient"].to_numpy()
        value, variance, sizes = obuchowski(y, s, cluster)
        single, dl = obuchowski(y, s, np.arange(len(y)))[1], delong(y, s)[1]
        assert abs(single - dl) < 1e-10 * dl
        se = np.sqrt(variance)
        out.add("own numpy (Obuchowski 1997)", "group/auroc/obuchowski", value, group=group, se=se,
                low=value - Z * se, high=value + Z * se, clusters_with_positive=sizes[0],
                clusters_with_negative=sizes[1], clusters=sizes[2], level=0.95,
                note="clusters are patients; with one row to a cluster this is DeLong's variance", **base)
        w = d["weight"].to_numpy()
        out.add("sklearn roc_auc_score(sample_weight=weight)", "group/auroc", skm.roc_auc_score(y, s, sample_weight=w),
                group=group, weighted=True, **base)

    # The area between two ROC lines.
    for group in "BCD":
        exact, plain, crossings = abroca(label[group], by[group]["score"].to_numpy(), label["A"],
                                         by["A"]["score"].to_numpy())
        out.add("own numpy (exact area, crossings and vertical steps taken into account)", "pair/abroca", exact,
                group=group, reference="A", crossings=crossings, **base)
        out.add("own numpy (trapezoids of |difference| between the union of FPR points)", "pair/abroca-trapezoid",
                plain, group=group, reference="A",
                note="the same without splitting an interval where the lines cross: slightly too large", **base)

    # Calibration.
    for group, d in everyone:
        y, s = d["label"].to_numpy(), d["score"].to_numpy()
        observed, expected = int(y.sum()), s.sum()
        out.add("scipy chi2.ppf (exact Poisson)", "group/observed-expected/exact-poisson", observed / expected,
                group=group, low=st.chi2.ppf(0.025, 2 * observed) / 2 / expected,
                high=st.chi2.ppf(0.975, 2 * observed + 2) / 2 / expected, level=0.95, observed=observed,
                expected=expected, **base)
        clipped = np.clip(s, CLIP, 1 - CLIP)
        x = logit(clipped)
        offset = sm.GLM(y, np.ones((len(y), 1)), family=sm.families.Binomial(), offset=x).fit(tol=1e-14, maxiter=200)
        why = "an iterated fit"
        out.add("statsmodels GLM(Binomial, offset=logit(score))", "group/calibration-in-the-large", offset.params[0],
                group=group, se=offset.bse[0], tolerance=1e-7, why=why, low=offset.params[0] - Z * offset.bse[0],
                high=offset.params[0] + Z * offset.bse[0], level=0.95, **base)
        fit = sm.Logit(y, sm.add_constant(x)).fit(disp=0, method="newton", maxiter=100, tol=1e-14)
        for index, name in ((0, "calibration-intercept"), (1, "calibration-slope")):
            out.add("statsmodels Logit(label, [1, logit(score)])", f"group/{name}", fit.params[index], group=group,
                    se=fit.bse[index], tolerance=1e-7, why=why, low=fit.params[index] - Z * fit.bse[index],
                    high=fit.params[index] + Z * fit.bse[index], level=0.95,
                    covariance=fit.cov_params()[0, 1], **base)
        out.add("sklearn log_loss of the score clipped to [1e-6, 1 - 1e-6]", "group/log-loss",
                skm.log_loss(y, clipped, labels=[0, 1]), group=group, **base)
        out.add("sklearn brier_score_loss", "group/brier", skm.brier_score_loss(y, s), group=group, **base)
        bins = np.minimum(np.floor(s * 10).astype(int), 9)
        right = np.maximum(np.ceil(s * 10).astype(int) - 1, 0)
        for name, where, text in (
            ("expected-calibration-error", bins, "ten bins [k/10, (k+1)/10), the last closed: k = min(floor(10 s), 9)"),
            ("expected-calibration-error-right", right, "ten bins (k/10, (k+1)/10], the first closed: k = max(ceil(10 s) - 1, 0)"),
        ):
            gaps = [(np.sum(where == k), abs(y[where == k].mean() - s[where == k].mean()))
                    for k in range(10) if np.any(where == k)]
            out.add("own numpy", f"group/{name}", sum(n * g for n, g in gaps) / len(y), group=group, bins=10, note=text, **base)
            if name == "expected-calibration-error":
                out.add("own numpy", "group/maximum-calibration-error", max(g for _, g in gaps), group=group,
                        bins=10, note=text, **base)
        for t in (0.1, 0.2, 0.3, 0.4):
            flag = s >= t
            tp, fp = np.sum(flag & (y == 1)), np.sum(flag & (y == 0))
            out.add("own numpy (Vickers and Elkin 2006)", "group/net-benefit", tp / len(y) - fp / len(y) * t / (1 - t),
                    group=group, threshold=t, note="flagged when score >= threshold", **base)
            share = y.mean()
            out.add("own numpy (Vickers and Elkin 2006)", "group/net-benefit-of-all", share - (1 - share) * t / (1 - t),
                    group=group, threshold=t, note="everyone flagged", **base)

    # Regression figures no package names.
    for group, d in everyone:
        u, v = d["y"].to_numpy(), d["y_pred"].to_numpy()
        for name, value, peer in (
            ("mean-outcome", u.mean(), "numpy mean of y"), ("mean-prediction", v.mean(), "numpy mean of y_pred"),
            ("mean-error", (v - u).mean(), "numpy mean of y_pred - y"),
            ("correlation", st.pearsonr(u, v).statistic, "scipy pearsonr(y, y_pred)"),
        ):
            out.add(peer, f"group/{name}", value, group=group, task="regression", **base)

    # Weights, clusters.
    for rate, pick in RATES.items():
        for group, d in everyone:
            hit, of = pick(d)
            hit, of = np.asarray(hit)[np.asarray(of)].astype(float), np.asarray(of)
            w, cluster = d["weight"].to_numpy()[of], d["patient"].to_numpy()[of]
            p = np.sum(w * hit) / w.sum()
            se = np.sqrt(np.sum(w**2 * (hit - p) ** 2)) / w.sum()
            out.add("own numpy (linearised)", f"group/{rate}/linearised", p, group=group, weighted=True, se=se,
                    low=p - Z * se, high=p + Z * se, level=0.95, weights=w.sum(), weights_squared=np.sum(w**2),
                    note="variance = sum(w^2 (y - p)^2) / (sum w)^2", **base)
            for weighted in (False, True):
                v = w if weighted else np.ones_like(w)
                fit = sm.WLS(hit, np.ones((len(hit), 1)), weights=v).fit(
                    cov_type="cluster", cov_kwds={"groups": cluster})
                p = np.sum(v * hit) / v.sum()
                e = pd.Series(v * (hit - p)).groupby(cluster).sum().to_numpy()
                c = len(e)
                own = np.sqrt(c / (c - 1) * np.sum(e**2)) / v.sum()
                assert abs(own - fit.bse[0]) < 1e-12, (rate, group, own, fit.bse[0])
                out.add("statsmodels WLS on a constant, cov_type='cluster' (patient)", f"group/{rate}/cluster-robust",
                        fit.params[0], group=group, weighted=weighted, se=fit.bse[0], low=p - Z * own,
                        high=p + Z * own, level=0.95, clusters=c,
                        note="variance = C/(C-1) sum_c e_c^2 / (sum w)^2, e_c = sum w (y - p) over the patient's rows "
                             "in the denominator, C patients with such a row", **base)

    # How far the groups are apart once sampling noise is taken off.
    for rate in ("tpr", "selection-rate"):
        pairs = [count(by[g], rate) for g in "ABCD"]
        p = np.array([x / n for x, n in pairs])
        n = np.array([n for _, n in pairs], dtype=float)
        s2, noise = p.var(ddof=1), p * (1 - p) / n
        for name, value, text in (
            ("between-group-variance", s2, "sample variance of the group rates, divisor K - 1"),
            ("between-group-variance-corrected", s2 - noise.mean(),
             "Lum, Zhang and Bower 2022, corrected: the sample variance less the mean of p(1-p)/n"),
            ("between-group-variance-unbiased", s2 - (p * (1 - p) / (n - 1)).mean(),
             "the same with p(1-p)/(n-1), whose expectation is the sampling variance exactly"),
            ("between-group-variance-double-corrected", s2 - 2 * noise.mean() + (noise / n).mean(),
             "Lum, Zhang and Bower 2022, double corrected (for use within a bootstrap): less twice the mean "
             "of p(1-p)/n plus the mean of p(1-p)/n^2"),
        ):
            out.add("own numpy", f"spread/{rate}/{name}", value, note=text + "; before any cut at 0", **base)

    # Who is in the data.
    race = data["race"].to_numpy()
    for column in ("x1", "x2", "x3"):
        out.add("sklearn mutual_info_score", "composite/mutual-information", skm.mutual_info_score(data[column], race),
                feature=column, note="nats, of the joint frequencies", **base)
    shares = np.array([np.mean(race == g) for g in "ABCD"])
    out.add("scipy entropy", "composite/entropy", st.entropy(shares), note="nats", **base)
    expected = {"A": 0.55, "B": 0.25, "C": 0.15, "D": 0.05}
    found = np.array([np.sum(race == g) for g in "ABCD"])
    test = st.chisquare(found, f_exp=np.array(list(expected.values())) * len(race))
    out.add("scipy chisquare", "composite/representation-chi-square", test.statistic, p=test.pvalue, df=3,
            shares=expected, counts=found, **base)
    for g, n in zip("ABCD", found):
        out.add("own numpy", "group/representation-ratio", n / len(race) / expected[g], group=g, shares=expected,
                note="share found / share expected", **base)

    # Independent checks of figures whose packages leave something to chance or to a solver.
    for columns in (["x1", "x2", "x3"], ["score", "score2", "y", "y_pred", "x1"]):
        x = frame[columns].to_numpy(dtype=float)
        distance = ((x[:, None, :] - x[None, :, :]) ** 2).sum(axis=2) if len(x) < 3000 else None
        order = np.sort(distance, axis=1)
        edge = order[:, 4]
        tied = int(np.sum(order[:, 5] <= edge * (1 + 1e-12)))
        nearer = distance < edge[:, None] * (1 - 1e-12)
        level = ~nearer & (distance <= edge[:, None] * (1 + 1e-12))
        for target in ("label", "prediction"):
            v = frame[target].to_numpy(dtype=float)
            mean = (nearer @ v + (5 - nearer.sum(axis=1)) * (level @ v) / level.sum(axis=1)) / 5
            out.add("own numpy (ties for the fifth place share it equally)", "index/consistency-tie-averaged",
                    1 - np.abs(v - mean).mean(), rows="all", features=columns, target=target, n_neighbors=5,
                    rows_with_ties=tied,
                    note="1 - mean |y - mean of the 5 nearest by squared distance, the row itself among them|")
    for group, d in by.items():
        for target, (u, v) in {
            "score": (d["label"], d["score"]), "prediction": (d["label"], d["prediction"]),
            "y_pred": (d["y"], d["y_pred"]),
        }.items():
            a, b = u.to_numpy(dtype=float), v.to_numpy(dtype=float)
            least = min(a.min(), b.min(), 0.0)
            a, b = a - least, b - least
            a, b = a / a.sum(), b / b.sum()
            out.add("scipy wasserstein_distance(p, q, p, q)", "group/ot-distance",
                    st.wasserstein_distance(a, b, a, b), group=group, target=target,
                    note="closed form of AIF360's ot_distance: W1 between values p with mass p and values q with mass q",
                    **base)
    out.write()


if __name__ == "__main__":
    main()
