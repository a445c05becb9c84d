"""The declarations of all features, one module per group of driver families."""
