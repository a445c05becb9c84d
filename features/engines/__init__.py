"""Engines that execute relations over the canonical tables: DuckDB in this process, Spark on a cluster."""
