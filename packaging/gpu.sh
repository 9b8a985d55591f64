#!/usr/bin/env bash
# Everything that wants a GPU, in one go: the tests marked gpu, the figures of README's table, then the embedded model's
# whole recipe on the device.
# Usage: packaging/gpu.sh [OUT]   OUT (default: gpu-results) receives device.txt, tests.txt, gpu.md, gpu.json, and
# model/ with its card. Only the figures, in under ten minutes: python tests/benchmarks/gpu.py --out OUT
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-gpu-results}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

python=${PYTHON:-"uv run python"}
$python -m aln_desk doctor | tee "$out/device.txt"
$python -m pytest -m gpu -n 0 2>&1 | tee "$out/tests.txt"
$python tests/benchmarks/gpu.py --out "$out"
$python -m training.embedded --work "$work" --out "$out/model" --device cuda
