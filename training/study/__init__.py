"""The paper's whole comparison on a simulated study, beside the best possible scores: ``python -m training.study``."""
