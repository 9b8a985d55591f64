"""Training of both stages, the simulated study and the evaluation. Plain torch, no Qt."""
