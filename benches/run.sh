#!/usr/bin/env bash
# Prints the figures of the README. Everything is written below a temporary folder.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/medattest/target}"
cargo build --release -p medattest-cli
medattest="$CARGO_TARGET_DIR/release/medattest"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

# The least of five runs in seconds; the least, because everything else a machine does only ever adds.
least() {
  python3 - "$@" <<'PY'
import subprocess, sys, time
best = float("inf")
for _ in range(5):
    begun = time.perf_counter()
    subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    best = min(best, time.perf_counter() - begun)
print(f"{best:.3f}")
PY
}

python3 benches/generate.py "$folder" examples/demo
"$medattest" demo "$folder/demo" >/dev/null

echo "audit of the demo, measured again: $(least "$medattest" audit "$folder/demo" --no-cache) s"
echo "audit of the demo, unchanged:      $(least "$medattest" audit "$folder/demo") s"
echo "1,000 systems classified:          $(least "$medattest" classify "$folder/thousand" --format json) s"
ours=$(least "$medattest" bias "$folder/million.parquet" --label y_true --prediction y_pred --score y_score --by race,sex)
echo "bias table of 1,000,000 rows:      $ours s, with intervals"
if python3 -c 'import fairlearn' 2>/dev/null; then
  theirs=$(python3 benches/fairlearn_table.py "$folder/million.parquet")
  echo "Fairlearn MetricFrame, same file:  $theirs s after imports, without intervals"
  python3 -c "print(f'ratio Fairlearn : medattest         {$theirs / $ours:.1f}')"
fi
