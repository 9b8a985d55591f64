#!/usr/bin/env bash
# Builds the wheel, installs it into an empty environment and runs what a newcomer runs, away from the source tree.
set -euo pipefail
source_tree=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

uv build --quiet --wheel --out-dir "$work/dist" "$source_tree"
uv venv --quiet "$work/env"
uv pip install --quiet --python "$work/env" "$work"/dist/*.whl
cd "$work"
export ALN_DESK_HOME="$work/home"
bin=$work/env/bin
[ -d "$bin" ] || bin=$work/env/Scripts
"$bin/aln-desk" doctor
"$bin/aln-desk" demo --no-window --patients 4
test -s "$work/home/demonstration/predictions/verdicts.csv"
echo "The wheel works in an empty environment."
