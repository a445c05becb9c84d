"""One process at a time in a folder: the lock is a file of that folder and goes with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from configs.errors import BusyError


@contextmanager
def exclusive(file: Path, busy: Callable[[str], BusyError]) -> Iterator[None]:
    """Hold a lock file for this process; a second process fails at once.

    Parameters
    ----------
    file : Path
        Made if it is missing; the process that holds it writes its number into it.
    busy : callable
        Makes the error from the number of the process that holds it, ``unknown`` where it is not told.
    """
    with file.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise busy(lock.read().strip() or "unknown") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
