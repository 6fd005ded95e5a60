"""Reads every file back and works out, from the definitions alone, what it can.

No package is called here but numpy: a case that differs either says so in its
note or is a mistake in an address, a sign or a row filter.
"""

import json
import math
import sys
from collections import Counter

import numpy as np

from common import DATA, FILTERS, cohort, rows


def over(a, b):
    return a / b if b else math.nan


def figure(metric, d, task, w, case):
    """One metric of some rows, from its definition."""
    y, p, s = (d[c].to_numpy(dtype=float) for c in ("label", "prediction", "score"))
    if case.get("score") == "score2":
        s = d["score2"].to_numpy(dtype=float)
    tp, fp = np.sum(w * y * p), np.sum(w * (1 - y) * p)
    fn, tn = np.sum(w * y * (1 - p)), np.sum(w * (1 - y) * (1 - p))
    n = w.sum()
    if task == "multiclass":
        a, b = d["class_true"].to_numpy(), d["class_pred"].to_numpy()
        classes = sorted(set(a) | set(b))
        rec, pre, f1 = [], [], []
        for k in classes:
            hit, said, real = (np.sum(w * z) for z in ((a == k) & (b == k), b == k, a == k))
            rec.append(hit / real if real else 0.0)
            pre.append(hit / said if said else 0.0)
            f1.append(2 * hit / (said + real))
        return {"accuracy": np.sum(w * (a == b)) / n, "macro-recall": np.mean(rec),
                "macro-precision": np.mean(pre), "macro-f1": np.mean(f1)}.get(metric)
    u, v = d["y"].to_numpy(dtype=float), d["y_pred"].to_numpy(dtype=float)
    e = v - u
    if case.get("task") == "regression" or metric in ("mae", "mse", "rmse", "r2"):
        mean = np.sum(w * u) / n
        table = {
            "mae": np.sum(w * abs(e)) / n, "mse": np.sum(w * e**2) / n, "rmse": math.sqrt(np.sum(w * e**2) / n),
            "r2": 1 - over(np.sum(w * e**2), np.sum(w * (u - mean) ** 2)) if len(d) > 1 else math.nan,
            "mean-prediction": np.sum(w * v) / n, "mean-outcome": mean, "mean-error": np.sum(w * e) / n,
            "correlation": np.corrcoef(u, v)[0, 1] if len(d) > 1 else math.nan,
            "jain-index": abs(e).sum() ** 2 / (len(e) * (e**2).sum()),
        }
        if metric == "success-rate":
            return None if isinstance(case["threshold"], str) else np.mean(v > case["threshold"])
        return table.get(metric)
    clip = np.clip(s, 1e-6, 1 - 1e-6)
    pos, neg = np.sum(w * y), np.sum(w * (1 - y))
    if metric == "auroc":
        if not pos or not neg:
            return math.nan
        a, b, wa, wb = s[y == 1], s[y == 0], w[y == 1], w[y == 0]
        kernel = (a[:, None] > b[None]) + 0.5 * (a[:, None] == b[None])
        return wa @ kernel @ wb / (wa.sum() * wb.sum())
    if metric == "correlation":
        return np.corrcoef(p, y)[0, 1] if y.std() and p.std() else math.nan
    if metric == "net-benefit":
        t, flag = case["threshold"], s >= case["threshold"]
        return np.mean(flag * y) - np.mean(flag * (1 - y)) * t / (1 - t)
    if metric == "net-benefit-of-all":
        t = case["threshold"]
        return np.mean(y) - np.mean(1 - y) * t / (1 - t)
    return {
        "tpr": over(tp, pos), "fnr": over(fn, pos), "fpr": over(fp, neg), "tnr": over(tn, neg),
        "ppv": over(tp, tp + fp), "fdr": over(fp, tp + fp), "npv": over(tn, tn + fn), "for": over(fn, tn + fn),
        "accuracy": (tp + tn) / n, "error-rate": (fp + fn) / n, "selection-rate": (tp + fp) / n, "prevalence": pos / n,
        "f1": over(2 * tp, 2 * tp + fp + fn), "balanced-accuracy": (over(tp, pos) + over(tn, neg)) / 2,
        "brier": np.sum(w * (s - y) ** 2) / n, "mean-score": np.sum(w * s) / n,
        "log-loss": -np.sum(w * (y * np.log(clip) + (1 - y) * np.log(1 - clip))) / n,
        "generalized-tpr": over(np.sum(w * s * y), pos), "generalized-fnr": over(np.sum(w * (1 - s) * y), pos),
        "generalized-fpr": over(np.sum(w * s * (1 - y)), neg),
        "generalized-tnr": over(np.sum(w * (1 - s) * (1 - y)), neg),
        "observed-expected": over(pos, np.sum(w * s)),
    }.get(metric)


def names(d, attribute):
    parts = [d[c].astype(str) for c in attribute.split(" x ")]
    out = parts[0]
    for part in parts[1:]:
        out = out + " x " + part
    return out.to_numpy()


def work_out(case, d):
    kind, metric, *form = case["ours"].split("/")
    task = case.get("task")
    if case.get("missing_as"):
        d = d.assign(race=d["race"].replace({"": case["missing_as"]}))
    w = d["weight"].to_numpy() if case["weighted"] else np.ones(len(d))
    group = names(d, case["attribute"]) if case["attribute"] else None

    def of(name):
        keep = np.ones(len(d), dtype=bool) if name is None else group == name
        if name == "rest":
            keep = group != case["reference"]
        if not keep.any():
            return math.nan
        return figure(metric, d[keep], task, w[keep], case)

    if kind == "group" and metric == "flagged-share":
        p = d["prediction"].to_numpy()
        return p[group == case["group"]].sum() / p.sum()
    if kind == "group" and form in ([], ["wilson"], ["clopper-pearson"], ["linearised"], ["cluster-robust"],
                                    ["delong"], ["delong-logit"], ["obuchowski"], ["exact-poisson"]):
        return of(case["group"])
    if kind == "contrast" and metric == "flagged-share" and form == ["ratio"]:
        p = d["prediction"].to_numpy()
        return p[group == case["group"]].sum() / p[group == case["reference"]].sum()
    if kind == "contrast" and form in (["difference"], ["ratio"], ["newcombe"], ["log-ratio"], ["delong"]):
        a, b = of(case["group"]), of(case["reference"])
        if a is None or b is None:
            return None
        return over(a, b) if form[0] in ("ratio", "log-ratio") else a - b
    if kind == "spread" and form and form[0] in (
            "difference", "ratio", "min", "max", "to-overall-difference", "to-overall-ratio"):
        values = [of(g) for g in sorted(set(group))]
        if any(v is None for v in values):
            return None
        if any(math.isnan(v) for v in values):
            return None
        everyone, values = of(None), np.array(values)
        return {
            "difference": values.max() - values.min(), "ratio": over(values.min(), values.max()),
            "min": values.min(), "max": values.max(),
            "to-overall-difference": np.abs(values - everyone).max(),
            "to-overall-ratio": min(min(v / everyone, over(everyone, v)) for v in values) if values.min() > 0 else None,
        }[form[0]]
    return None


def entropy_index(b, alpha):
    u = b / b.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        if alpha == 1:
            return np.mean(np.where(u > 0, u * np.log(np.where(u > 0, u, 1)), 0))
        if alpha == 0:
            return -np.mean(np.log(u)) / b.mean()
        return np.mean(u**alpha - 1) / (alpha * (alpha - 1))


def quantile(values, q):
    """Linear interpolation between order statistics, as numpy's default."""
    v = np.sort(values)
    at = q * (len(v) - 1)
    low = min(math.floor(at), len(v) - 1)
    high = min(low + 1, len(v) - 1)
    t, step = at - low, v[high] - v[low]
    return v[high] - step * (1 - t) if t >= 0.5 else v[low] + step * t


def smoothed(hit, n, c):
    return (hit + c / 2) / (n + c)


def edf(rates):
    r = np.array(rates)
    return max(np.log(r).max() - np.log(r).min(), np.log(1 - r).max() - np.log(1 - r).min())


def bernoulli(direction, observed, s):
    low, high = 0.001, 1000.0
    while abs(high - low) > 0.001:
        q = (low + high) / 2
        if observed - np.sum(q * s / (1 - s + q * s)) > 0:
            low = low + (high - low) / 2
        else:
            high = high - (high - low) / 2
    q = (low + high) / 2
    if (direction == "positive" and q < 1) or (direction == "negative" and q > 1):
        q = 1.0
    return observed * math.log(q) - np.sum(np.log(1 - s + q * s))


def berk_jones(direction, observed, n, alpha):
    alpha = 1 - alpha if direction == "negative" else alpha
    q = max(observed / n, alpha)
    return observed * math.log(q / alpha) + (n - observed) * math.log((1 - q) / (1 - alpha))


def special(case, d):
    """Pairs, composites and indices, from the formulas in README.md."""
    kind, name, *_ = case["ours"].split("/")
    w = d["weight"].to_numpy() if case["weighted"] else np.ones(len(d))
    y, p, s = (d[c].to_numpy(dtype=float) for c in ("label", "prediction", "score"))
    if case.get("missing_as"):
        d = d.assign(race=d["race"].replace({"": case["missing_as"]}))
    group = names(d, case["attribute"]) if case["attribute"] else None
    each = sorted(set(group)) if group is not None else []
    a = group == case["group"] if group is not None and case["group"] else None
    b = group == case["reference"] if group is not None and case["reference"] else None
    target = p if case.get("target") == "prediction" else y

    def rate(metric, keep):
        return figure(metric, d[keep], None, w[keep], case)

    def gap(metric):
        return rate(metric, a) - rate(metric, b)

    if kind == "index":
        benefit = 1 + p - y
        if name == "generalized-entropy-index":
            return entropy_index(benefit, case["alpha"])
        if name == "theil-index":
            return entropy_index(benefit, 1)
        if name == "coefficient-of-variation":
            return math.sqrt(2 * entropy_index(benefit, 2)) * case.get("times", 1)
        if name == "jain-index":
            return figure(name, d, None, w, case)
        if name == "mdss-score" and "q" in case or name == "mdss-score":
            keep = np.ones(len(d), dtype=bool) if case["group"] is None else a
            if case["scoring"] == "bernoulli":
                return bernoulli(case["direction"], y[keep].sum(), s[keep])
            return berk_jones(case["direction"], y[keep].sum(), keep.sum(), case["alpha"])
        if name in ("dcg", "ndcg-of-outcome"):
            order = np.lexsort((np.arange(len(d)), -d["y_pred"].to_numpy()))
            gain = d["y_pred" if name == "dcg" else "y"].to_numpy()[order]
            logs, r = np.log2(np.arange(2, case["depth"] + 2)), case["depth"]
            best = np.sort(gain)[::-1][:r]
            return np.sum(gain[:r] / logs) / (1 if name == "dcg" else np.sum(best / logs))
        if name.startswith("consistency") and len(case["features"]) > 3:
            x = d[case["features"]].to_numpy(dtype=float)
            near = np.argsort(((x[:, None] - x[None]) ** 2).sum(axis=2), axis=1, kind="stable")[:, :5]
            return 1 - np.abs(target - target[near].mean(axis=1)).mean()
        return None
    if kind == "count":
        keep = np.ones(len(d), dtype=bool) if case["group"] is None else a
        table = {
            "tp": y * p, "fp": (1 - y) * p, "fn": y * (1 - p), "tn": (1 - y) * (1 - p),
            "generalized-tp": y * s, "generalized-fp": (1 - y) * s, "generalized-fn": y * (1 - s),
            "generalized-tn": (1 - y) * (1 - s), "predicted-positives": p, "predicted-negatives": 1 - p,
            "positives": y, "negatives": 1 - y, "rows": np.ones(len(d)),
        }
        if name.startswith("all-"):
            return float(len(d) if name == "all-rows" else p.sum())
        return np.sum((w * table[name])[keep])
    if kind == "composite":
        if name.startswith("between-groups"):
            part, benefit = np.zeros(len(d)), 1 + p - y
            form = case["form"]
            split = {"all-groups": [group == g for g in each], "reference-and-rest": [b, ~b] if b is not None else [],
                     "two-of-four": [a, b]}[form]
            for keep in split:
                part[keep] = benefit[keep].mean()
            value = entropy_index(part, case["alpha"])
            return math.sqrt(2 * value) if name.endswith("variation") else value
        if name.startswith("differential-fairness") and not case.get("peer_defect"):
            sets = {}
            for key, v in (("y", y), ("p", p)):
                sets[key] = edf([smoothed(np.sum((w * v)[group == g]), np.sum(w[group == g]), case["concentration"])
                                 for g in each])
            return {"differential-fairness": sets["y"], "differential-fairness-of-predictions": sets["p"],
                    "differential-fairness-amplification": sets["p"] - sets["y"]}[name]
        if name == "conditional-demographic-disparity":
            pos, neg = np.sum(w * target), np.sum(w * (1 - target))
            return sum(np.sum(w[group == g]) / w.sum() * (
                np.sum((w * (1 - target))[group == g]) / neg - np.sum((w * target)[group == g]) / pos) for g in each)
        if name == "infeasible-index":
            order = np.lexsort((np.arange(len(d)), -d["y_pred"].to_numpy()))
            ranked, total = group[order], 0
            for k in range(1, case["depth"]):
                total += sum(np.sum(ranked[:k] == g) < math.floor(v * k) for g, v in case["shares"].items())
            return float(total)
        if name.startswith("equalized-odds"):
            form = case["ours"].rsplit("/", 1)[-1]
            sides = []
            for metric in ("tpr", "fpr"):
                v = np.array([rate(metric, group == g) for g in each])
                whole = rate(metric, np.ones(len(d), dtype=bool))
                if np.isnan(v).any():
                    return None
                if "difference" in name:
                    sides.append(np.abs(v - whole).max() if form == "to-overall" else v.max() - v.min())
                elif form == "to-overall":
                    sides.append(min(min(x / whole, whole / x if x else math.inf) for x in v))
                else:
                    sides.append(v.min() / v.max())
            if "mean" in name:
                return sum(sides) / 2
            return max(sides) if "difference" in name else min(sides)
        if name == "confusion-tensor" or not name.startswith("multiclass"):
            return None
    if name.startswith("multiclass"):
        said, real = d["class_pred"].to_numpy(), d["class_true"].to_numpy()
        classes = sorted(set(said) | set(real))
        tensor = np.array([[[np.sum((group == g) & (said == i) & (real == j)) for j in classes] for i in classes]
                           for g in each], dtype=float)
        shares = tensor.sum(axis=2) / tensor.sum(axis=(1, 2))[:, None]
        tensor = tensor + 1e-32
        norm = tensor / tensor.sum(axis=1)[:, None, :]
        found = []
        for i in range(len(each)):
            for j in range(i + 1, len(each)):
                e = norm[i] - norm[j]
                found.append({
                    "multiclass-statistical-parity": np.abs(shares[i] - shares[j]).sum() / 2,
                    "multiclass-equality-of-opportunity": np.abs(e).sum() / (2 * len(classes)),
                    "multiclass-average-odds": np.abs(e.sum(axis=1)).sum() / (2 * len(classes)),
                    "multiclass-true-rates": np.abs(np.diag(e)).mean(),
                }[name])
        return max(found) if case["aggregation"] == "max" else sum(found) / len(found)
    if kind == "group" and name == "ot-distance":
        first = d["y" if case["target"] == "y_pred" else "label"].to_numpy(dtype=float)[a]
        second = d[case["target"]].to_numpy(dtype=float)[a]
        least = min(first.min(), second.min(), 0.0)
        first, second = first - least, second - least
        first, second = first / first.sum(), second / second.sum()
        at = np.sort(np.concatenate([first, second]))
        up = [np.array([np.sum(v[v <= x]) for x in at[:-1]]) for v in (first, second)]
        return np.sum(np.abs(up[0] - up[1]) * np.diff(at))
    if kind != "pair" or a is None or b is None:
        return None
    if name in ("average-odds-difference", "average-abs-odds-difference", "equalized-odds-difference"):
        f, t = gap("fpr"), gap("tpr")
        return {"average-odds-difference": (f + t) / 2, "average-abs-odds-difference": (abs(f) + abs(t)) / 2,
                "equalized-odds-difference": max(abs(f), abs(t))}[name]
    if name == "generalized-equalized-odds-difference":
        return max(abs(gap("generalized-fpr")), abs(gap("generalized-tpr")))
    if name == "average-predictive-value-difference":
        return (gap("ppv") + gap("for")) / 2
    if name == "auroc-difference":
        return gap("auroc")
    if name in ("disparate-impact", "four-fifths"):
        r = rate("selection-rate", a) / rate("selection-rate", b)
        return r if name == "disparate-impact" else min(r, 1 / r)
    if name == "class-imbalance":
        return (w[a].sum() - w[b].sum()) / (w[a].sum() + w[b].sum())
    if name == "kl-divergence":
        q, r = np.average(target[b], weights=w[b]), np.average(target[a], weights=w[a])
        return q * math.log(q / r) + (1 - q) * math.log((1 - q) / (1 - r))
    n, m = a.sum(), b.sum()
    if name in ("cohen-d", "z-test-difference", "z-test-ratio"):
        u, v = p[a].mean(), p[b].mean()
        if name == "cohen-d":
            return (u - v) / math.sqrt(((n - 1) * u * (1 - u) + (m - 1) * v * (1 - v)) / (n + m - 2))
        t, share = (u * n + v * m) / (n + m), n / (n + m)
        if name == "z-test-difference":
            return (u - v) / math.sqrt(t * (1 - t) / ((n + m) * share * (1 - share)))
        return math.log(u / v) / math.sqrt((1 - t) / (t * (n + m) * share * (1 - share)))
    v, u = d["y_pred"].to_numpy(), d["y"].to_numpy()

    def passing(at):
        return np.sum(v[a] >= at) / n, np.sum(v[b] >= at) / m

    if name == "no-disparate-impact-level":
        for q in np.linspace(1.0, 0.0, 100):
            at = quantile(v, q)
            one, two = passing(at)
            if two > 0 and 0.8 < one / two < 1.2:
                break
        return at
    if name in ("statistical-parity-auc", "max-statistical-parity", "weighted-statistical-parity-auc"):
        gaps = np.array([abs(np.subtract(*passing(quantile(v, q)))) for q in np.linspace(1, 0, 150)])
        return {"statistical-parity-auc": gaps.sum() / 150, "max-statistical-parity": gaps.max(),
                "weighted-statistical-parity-auc": np.sum(gaps * np.linspace(2, 0, 150)) / 150}[name]
    if "q" in case:
        keep = v >= quantile(v, case["q"])
        i, j = a & keep, b & keep
        if name.endswith("-quantile"):
            one, two = i.sum() / n, j.sum() / m
            return one / two if name.startswith("disparate") else one - two
        e = np.abs(u - v)
        pooled = ((i.sum() - 1) * v[i].var() + (j.sum() - 1) * v[j].var()) / (i.sum() + j.sum() - 2)
        return {
            "average-score-difference": v[i].mean() - v[j].mean(), "average-score-ratio": v[i].mean() / v[j].mean(),
            "z-score-difference": (v[i].mean() - v[j].mean()) / math.sqrt(pooled),
            "correlation-difference": np.corrcoef(v[i], u[i])[0, 1] - np.corrcoef(v[j], u[j])[0, 1],
            "rmse-ratio": math.sqrt(np.mean(e[i] ** 2)) / math.sqrt(np.mean(e[j] ** 2)),
            "mae-ratio": e[i].mean() / e[j].mean(),
        }.get(name)
    return None


def main():
    frame = cohort()
    bad = 0
    for path in sorted(DATA.glob("*.json")):
        body = json.loads(path.read_text())
        done, skipped, odd, left = 0, 0, [], Counter()
        for case in body["cases"]:
            assert case["rows"] in FILTERS and case["rows"] in body["filters"], case
            data = rows(frame, case["rows"])
            got = work_out(case, data)
            if got is None:
                got = special(case, data)
            if got is None:
                skipped += 1
                left[case["ours"]] += 1
                continue
            done += 1
            want = case["value"]
            same = (want is None and not math.isfinite(got)) or (
                want is not None and math.isfinite(got) and abs(got - want) <= case["tolerance"])
            if not same:
                odd.append((case, got))
        unnamed = [item for item in odd if not item[0].get("undefined")]
        bad += len(unnamed)
        print(f"{path.name}: {done} worked out, {skipped} not; {len(odd)} differ, {len(unnamed)} without a note")
        if "--left" in sys.argv:
            print("   ", dict(left))
        for case, got in unnamed[:12]:
            print("   ", case["ours"], case["rows"], case["attribute"], case["group"], case["reference"],
                  case["peer"], case["value"], got)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
