#!/usr/bin/env bash
# Prints the figures of the README. Everything is written below a temporary folder.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/medattest/target}"
cargo build --release -p medattest-cli
medattest="$CARGO_TARGET_DIR/release/medattest"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

# Prints a label and the least wall and CPU seconds of five runs of a command; the least, because everything else a machine
# does only ever adds.
least() {
  printf '%-34s ' "$1"
  shift
  python3 - "$@" <<'PY'
import os, subprocess, sys, time
wall = cpu = float("inf")
for _ in range(5):
    begun, used = time.perf_counter(), os.times()
    code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode
    now = os.times()
    # 2 is bad input, 5 a fault; the others are verdicts.
    if code not in (0, 1, 3, 4):
        sys.exit(f"exit code {code}: " + " ".join(sys.argv[1:]))
    wall = min(wall, time.perf_counter() - begun)
    cpu = min(cpu, now.children_user - used.children_user + now.children_system - used.children_system)
print(f"{wall:.3f} s wall, {cpu:.3f} s CPU")
PY
}

python3 benches/generate.py "$folder" examples/demo
"$medattest" demo "$folder/demo" >/dev/null

least "audit of the demo, measured again:" "$medattest" audit "$folder/demo" --no-cache
least "audit of the demo, unchanged:" "$medattest" audit "$folder/demo"
least "1,000 systems classified:" "$medattest" classify "$folder/thousand" --format json

million=(bias "$folder/million.parquet" --label y_true --prediction y_pred --by race,sex --format json)
least "1,000,000 rows, figures of counts:" "$medattest" "${million[@]}"
least "the same with scores:" "$medattest" "${million[@]}" --score y_score
least "the same, 700,000 patients:" "$medattest" "${million[@]}" --score y_score --cluster patient
for by in a,c,d a,b,d; do
  "$medattest" bias "$folder/crossed.parquet" --label y --prediction p --by "$by" --write-counts "$folder/$by.json" >/dev/null
  groups=$(python3 -c "print({'a,c,d': 480, 'a,b,d': 1600}['$by'])")
  least "$groups groups crossed, from counts:" "$medattest" bias --from-counts "$folder/$by.json" --format json
done
if [ "${LARGE:-}" ]; then
  python3 benches/large.py "$folder/large.parquet"
  echo "100,000,000 rows:                  $(/usr/bin/time -f '%e s wall, %U s user, %M KiB' "$medattest" bias "$folder/large.parquet" \
    --label y --score s --threshold 0.2 --by g --format json 2>&1 >/dev/null)"
fi
if python3 -c 'import fairlearn' 2>/dev/null; then
  echo "Fairlearn, same file and figures:  $(python3 benches/fairlearn_table.py "$folder/million.parquet") s CPU after imports, without intervals"
fi
if python3 -c 'import aequitas' 2>/dev/null; then
  echo "Aequitas, same file:               $(python3 benches/aequitas_table.py "$folder/million.parquet") s CPU after imports, without intervals"
fi
