"""Expressions to SQL text: ibis is the expression language, the engines themselves execute.

No ibis backend is opened. DuckDB is the engine of this package; Spark SQL is compiled from the same expressions.
"""

from __future__ import annotations

import threading
from typing import Any, Literal

Dialect = Literal["duckdb", "spark"]

_COMPILING = threading.Lock()


def to_sql(expression: Any, dialect: Dialect = "duckdb", *, pretty: bool = False) -> str:
    """SQL text of an ibis expression over unbound tables.

    Parameters
    ----------
    expression : ibis expression
        A table expression.
    dialect : {"duckdb", "spark"}
        Spark SQL expects a session in UTC, because our timestamps are UTC without a zone.
    pretty : bool
        One column per line, for golden files.

    Examples
    --------
    >>> import ibis
    >>> to_sql(ibis.table({"a": "int64", "b": "int64"}, name="t").select("a"))
    'SELECT "t0"."a" FROM "t" AS "t0"'
    """
    import ibis
    from ibis.config import options

    with _COMPILING:
        if dialect == "spark":
            _let_spark_compile_without_spark()
        # Merged selects would repeat every helper column's expression wherever it is used.
        fused, options.sql.fuse_selects = options.sql.fuse_selects, False
        try:
            return str(ibis.to_sql(expression, dialect="pyspark" if dialect == "spark" else "duckdb", pretty=pretty))
        finally:
            options.sql.fuse_selects = fused


def _let_spark_compile_without_spark() -> None:
    # The compiler reads one option that only the Spark backend registers, and the backend imports pyspark.
    import ibis
    from ibis.config import Config

    if ibis.options.pyspark is None:

        class SparkOptions(Config):  # type: ignore[misc]
            treat_nan_as_null: bool = False

        ibis.options.pyspark = SparkOptions()
