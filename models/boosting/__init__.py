"""Boosted trees: the one LightGBM wrapper, its text format and exact contributions."""
