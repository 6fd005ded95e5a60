"""Reading the cohort, and collecting and writing cases."""

import json
import math
import pathlib

import numpy as np
import pandas as pd

DATA = pathlib.Path(__file__).resolve().parents[2] / "crates" / "medattest-metrics" / "parity"

FILTERS = {
    "all": "1 = 1",
    "no-missing-race": "race <> ''",
    "no-sex-u": "sex <> 'U'",
    "no-missing-race-no-sex-u": "race <> '' AND sex <> 'U'",
    "race-a-b": "race = 'A' OR race = 'B'",
    "race-a-c": "race = 'A' OR race = 'C'",
    "race-a-d": "race = 'A' OR race = 'D'",
}


def cohort():
    frame = pd.read_csv(DATA / "cohort.csv", keep_default_na=False)
    for column in ("race", "sex", "site", "class_true", "class_pred"):
        frame[column] = frame[column].astype(object)
    return frame


def rows(frame, name):
    if name == "all":
        keep = np.ones(len(frame), dtype=bool)
    elif name == "no-missing-race":
        keep = (frame["race"] != "").to_numpy()
    elif name == "no-sex-u":
        keep = (frame["sex"] != "U").to_numpy()
    elif name == "no-missing-race-no-sex-u":
        keep = ((frame["race"] != "") & (frame["sex"] != "U")).to_numpy()
    elif name.startswith("race-"):
        keep = frame["race"].isin([part.upper() for part in name.split("-")[1:]]).to_numpy()
    else:
        raise KeyError(name)
    return frame[keep].reset_index(drop=True)


def plain(value):
    """A value JSON can hold: NaN and infinities become null."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (int, np.integer)):
        return int(value)
    value = float(value)
    return value if math.isfinite(value) else None


class Cases:
    def __init__(self, package, version):
        self.package = package
        self.version = version
        self.cases = []
        self.failures = []

    def add(self, peer, ours, value, rows="all", attribute=None, group=None, reference=None,
            weighted=False, tolerance=1e-9, why=None, note=None, **extra):
        case = {
            "peer": peer, "ours": ours, "rows": rows, "attribute": attribute, "group": group,
            "reference": reference, "weighted": weighted, "value": plain(value),
            "tolerance": tolerance,
        }
        if why:
            case["why"] = why
        if note and "undefined" in note:
            case["undefined"] = True
        case.update({key: plain(item) for key, item in extra.items() if item is not None})
        if note:
            case["note"] = note
        self.cases.append(case)

    def attempt(self, peer, ours, call, **keys):
        """Adds what `call` returns; an error is written as a null with a note."""
        try:
            value = call()
        except Exception as error:  # noqa: BLE001 - the error itself is the finding
            text = f"{type(error).__name__}: {error}".splitlines()[0][:160]
            note = keys.pop("note", None)
            keys["note"] = f"undefined: package raises {text}" + (f"; {note}" if note else "")
            keys["raises"] = True
            self.failures.append((peer, text))
            value = None
        self.add(peer, ours, value, **keys)

    def write(self, **top):
        used = {case["rows"] for case in self.cases}
        body = {
            "package": self.package,
            "version": self.version,
            **top,
            "filters": {name: sql for name, sql in FILTERS.items() if name in used},
        }
        path = DATA / f"{self.package}.json"
        with path.open("w") as out:
            out.write("{\n")
            for key, item in body.items():
                out.write(f" {json.dumps(key)}: {json.dumps(item)},\n")
            out.write(' "cases": [\n')
            lines = ["  " + json.dumps(case, allow_nan=False) for case in self.cases]
            out.write(",\n".join(lines))
            out.write("\n ]\n}\n")
        print(f"{path.name}: {len(self.cases)} cases, {len(self.failures)} raised")
        for peer, text in self.failures:
            print("   ", peer, "->", text)
