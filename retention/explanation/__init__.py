"""Why: reasons that add up, and early warnings."""
