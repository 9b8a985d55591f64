#!/usr/bin/env bash
# Everything that wants a GPU, in one go: the tests marked gpu, then the embedded model's whole recipe on the device.
# Usage: packaging/gpu.sh [OUT]   OUT (default: gpu-results) receives device.txt, tests.txt, model/ with its card.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-gpu-results}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

python=${PYTHON:-"uv run python"}
$python -m aln_desk doctor | tee "$out/device.txt"
$python -m pytest -m gpu 2>&1 | tee "$out/tests.txt"
$python -m training.embedded --work "$work" --out "$out/model" --device cuda
