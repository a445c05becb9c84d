"""What scores mean: value dimensions and tiers, life cycle, reasons, strategies, work list."""
