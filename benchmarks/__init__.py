"""Quality and speed against the peers, in one run."""
