"""Examine a bundle's models in a child process: if they end it, hang it or eat its memory, it is only the child.

The parent passes the bytes it has checked through a pipe, so nothing is read from disk a second time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from configs.errors import BundleError

TIMEOUT_SECONDS = 60
CPU_SECONDS = 30
MEMORY_BYTES = 8 * 1024**3
"""Address space, not resident memory: threads and libraries reserve far more than they use."""


def examine_in_child(files: Mapping[str, bytes]) -> None:
    """Run `models.bundle._check_child` on these files.

    Raises
    ------
    BundleError
        The answers differ, or the child died, hung or broke a limit.
    """
    header = json.dumps({name: len(data) for name, data in files.items()}).encode()
    message = b"".join([len(header).to_bytes(8, "big"), header, *files.values()])
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _START, str(Path(__file__).parents[2])],
            input=message,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _failed(f"no answer within {TIMEOUT_SECONDS} s") from None
    if done.returncode < 0:
        raise _failed(f"ended by signal {-done.returncode}")
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise _failed(f"exit code {done.returncode}") from None
    if not answer["ok"]:
        raise BundleError(answer["id"], code=answer["code"], **answer["fields"])


_START = "import sys; sys.path.insert(0, sys.argv[1]); from models.bundle._check_child import main; main()"


def _failed(what: str) -> BundleError:
    return BundleError("bundle_examination_failed", code="golden_rows_failed", problem=what)
