"""Independent fits side by side, with the same result as one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(work: Callable[[Item], Result], items: Iterable[Item], workers: int) -> list[Result]:
    """Results in the order of the items; LightGBM gives up Python's lock while it works, so threads are enough.

    The first exception of any item, in that order, is raised.
    """
    todo = list(items)
    if workers < 2 or len(todo) < 2:
        return [work(item) for item in todo]
    with ThreadPoolExecutor(max_workers=workers) as pool:
        return list(pool.map(work, todo))
