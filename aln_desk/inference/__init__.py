"""Reading patients with a trained model. Torch, no Qt; knows nothing of training."""
