"""The training story: configuration, losses, the loop, checkpoints."""
