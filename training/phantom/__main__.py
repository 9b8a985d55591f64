"""``python -m training.phantom``: print what the best possible readers of a simulated study reach."""

from __future__ import annotations

import argparse

from training.phantom.report import latent_report

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m training.phantom", description="The study's best possible AUCs.")
    parser.add_argument("--patients", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(latent_report(options.patients, options.seed))
