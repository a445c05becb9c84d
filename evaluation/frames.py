"""Data frames as Parquet files and bytes: training sets and the losses of an evaluation."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """A table as the content of a Parquet file, without its index."""
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def read_frame(source: Path | bytes) -> pd.DataFrame:
    """A table out of a Parquet file or its content.

    `pandas.read_parquet` is not used: it hands Arrow's dataset reader a file of Python's, whose last hold a worker
    thread may let go of when Python is already ending, and the whole process is then aborted after its work is done
    (apache/arrow#34314). This reader opens a path itself, and content is decoded in the calling thread.
    """
    with pq.ParquetFile(pa.BufferReader(source) if isinstance(source, bytes) else source) as file:
        frame: pd.DataFrame = file.read(use_threads=not isinstance(source, bytes)).to_pandas()
    return frame
