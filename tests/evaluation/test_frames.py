"""Tables as Parquet files and bytes (that nothing else reads them is a rule of the linter)."""

from pathlib import Path

import numpy as np
import pandas as pd

from evaluation.frames import parquet_bytes, read_frame


def test_a_table_comes_back_from_a_file_and_from_bytes(tmp_path: Path) -> None:
    moments = pd.to_datetime(["2024-01-01", None, "2024-01-03"])
    table = pd.DataFrame({"id": ["甲", "b", None], "x": [1.5, np.nan, -0.0], "n": [1, 2, 3], "at": moments})
    content = parquet_bytes(table)
    (tmp_path / "table.parquet").write_bytes(content)
    for found in (read_frame(content), read_frame(tmp_path / "table.parquet")):
        pd.testing.assert_frame_equal(found, table)
