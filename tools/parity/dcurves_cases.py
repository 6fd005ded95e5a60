"""dcurves: net benefit at four thresholds, by race."""

import importlib.metadata
import warnings

warnings.filterwarnings("ignore")

import dcurves  # noqa: E402

from common import Cases, cohort, rows  # noqa: E402


def main():
    data = rows(cohort(), "no-missing-race")
    out = Cases("dcurves", importlib.metadata.version("dcurves"))
    thresholds = [0.1, 0.2, 0.3, 0.4]
    for column in ("score", "score2"):
        for group in (None, "A", "B", "C", "D"):
            part = data if group is None else data[data["race"] == group]
            table = dcurves.dca(data=part[["label", column]].reset_index(drop=True), outcome="label",
                                modelnames=[column], thresholds=thresholds)
            for model, ours in ((column, "group/net-benefit"), ("all", "group/net-benefit-of-all")):
                for _, row in table[table["model"] == model].iterrows():
                    t = min(thresholds, key=lambda value: abs(value - row["threshold"]))
                    if abs(t - row["threshold"]) > 1e-9:
                        continue
                    out.add(f"dca(thresholds=[{t}]) {'the model' if model == column else 'all'}", ours,
                            row["net_benefit"], rows="no-missing-race", attribute="race", group=group,
                            score=column, threshold=t, note="flagged when score >= threshold")
    out.write()


if __name__ == "__main__":
    main()
