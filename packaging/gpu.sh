#!/usr/bin/env bash
# Everything that wants a GPU, in one go: the tests marked gpu, the figures of README's table, the embedded model's whole
# recipe, and the paper's comparison on the simulated study.
# Usage: [REAL=FOLDER] packaging/gpu.sh [OUT]   OUT (default: gpu-results) receives device.txt, tests.txt, gpu.md,
# gpu.json, model/ with its card, and study/. REAL: real images with outlines for the embedded model (manifest.csv).
# In parts of under ten minutes: python tests/benchmarks/gpu.py --out OUT; python -m training.study --until-minutes 8.5
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
$python -m training.embedded --work "$work" --out "$out/model" --device cuda ${REAL:+--real "$REAL"}
$python -m training.study --work "$work/comparison" --out "$out/study" --device cuda
