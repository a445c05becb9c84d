"""What this code computes under the names of its features, as one hash: whoever learned from other definitions is told.

A `FeatureSpec` says what a column means, and a model is tied to it by `FeatureSet.fingerprint`. How the column is
computed (its own expression, and the order events and sums below it) stands in the catalogue; compiled to a statement
over tables with every column of the data contract, it is the same on every machine and for every company.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from features.catalog import CATALOGUE
from features.query_plan import Shape, build_plan
from features.specs import FeatureSet
from features.tables import TABLES


def declared_set(names: tuple[str, ...]) -> FeatureSet | None:
    """This code's declarations of some features, in the order given; None where it has no such feature."""
    if not set(names) <= set(CATALOGUE):
        return None
    return FeatureSet(tuple(CATALOGUE[name].spec for name in names))


@lru_cache(maxsize=8)
def definitions_fingerprint(names: tuple[str, ...]) -> str:
    """SHA-256 over the statement that computes these features, in the order given; all must be declared."""
    columns = tuple((name, tuple(table.by_name)) for name, table in TABLES.items())
    shape = Shape(columns, names, prices_given=True, staged=False)
    return hashlib.sha256("\n".join(one.sql() for one in build_plan(shape).steps()).encode()).hexdigest()
