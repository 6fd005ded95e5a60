#!/usr/bin/env bash
# From a fresh clone with an empty target folder to the finished demo; then builds of the default members.
set -euo pipefail
source="$(cd "$(dirname "$0")/.." && pwd)"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
export CARGO_TARGET_DIR="$folder/target"
TIMEFORMAT='%R s wall, %U s user, %S s system'

git clone --quiet "$source" "$folder/clone"
cd "$folder/clone"
echo "clean clone to finished demo:"
time cargo run --quiet --release -p medattest-cli -- demo "$folder/demo" >/dev/null
rm -rf "$folder/target"
echo "clean build of the default members:"
time cargo build --quiet
touch crates/medattest-core/src/lib.rs
echo "incremental build of the default members after a change in the core:"
time cargo build --quiet
