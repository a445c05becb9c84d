"""DuckDB connections that can do nothing but compute: the one place that executes SQL.

No extension is loaded or fetched, no file outside the given folder is read, no Python variable is taken for a
table, and none of this can be set back (duckdb.org/docs/stable/operations_manual/securing_duckdb).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

MEMORY_LIMIT = "4GB"


def connect(folder: Path | None = None, *, threads: int | None = None) -> Any:
    """A hardened in-memory DuckDB connection.

    Parameters
    ----------
    folder : Path, optional
        The only folder that may be read; without it nothing outside memory may.
    threads : int, optional
        Threads to use; all cores by default. The results do not depend on it.
    """
    import duckdb

    connection = duckdb.connect(
        ":memory:",
        config={
            "allow_community_extensions": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": str(Path(tempfile.gettempdir()) / f"holdfast-spill-{os.getpid()}"),
            "threads": str(threads or os.cpu_count() or 1),
        },
    )
    connection.execute("SET TimeZone='UTC'")
    connection.execute("SET preserve_insertion_order=false")
    if folder is not None:
        quoted = str(folder.resolve()).replace("'", "''")
        connection.execute(f"SET allowed_directories=['{quoted}']")
    connection.execute("SET enable_external_access=false")
    connection.execute("SET lock_configuration=true")
    return connection
