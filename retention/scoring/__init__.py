"""The scores table: from tables and a bundle to one row per customer, and what changed since the run before."""
