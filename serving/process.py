"""What a process that serves does with itself: imports little, pauses little, logs little."""

from __future__ import annotations

import gc
import importlib.abc
import logging
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

LABORATORY = frozenset({"mlflow", "dvc", "shap", "sklearn", "matplotlib", "joblib", "numba", "dask", "optuna"})
"""Packages that a serving process neither needs nor trusts: they unpickle, or cost seconds and hundreds of MB.

BentoML itself imports cloudpickle, so that one cannot be refused; nothing here calls it.
"""


class _Refusal(importlib.abc.MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] in LABORATORY:
            raise ModuleNotFoundError(f"a serving process does not import {name}", name=name)
        return None


def refuse_training_dependencies() -> None:
    """Make `import` of what only training needs fail from now on in this process.

    LightGBM, for one, imports scikit-learn only because it is there; refused, it does without and starts two seconds
    sooner. Call it before anything heavy is imported, and only in a process that serves.
    """
    if not any(isinstance(finder, _Refusal) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Refusal())


def calm_threads() -> None:
    """One computing thread per request: two requests at once already fill two cores."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    os.environ["BENTOML_DO_NOT_TRACK"] = "True"


def quiet_logs() -> None:
    """Our own lines on stderr; the server only when something is wrong, BentoML never (`silence_bentoml`)."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    ours = logging.getLogger("holdfast")
    ours.handlers[:] = [handler]
    ours.setLevel(logging.INFO)
    ours.propagate = False
    silence_bentoml()
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)


def silence_bentoml() -> None:
    """BentoML writes a traceback per refused request, which may hold what the caller sent; our guard logs instead."""
    for name in ("bentoml.serve", "bentoml.io", "_bentoml_impl.server"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def freeze_memory() -> None:
    """Take what has been loaded out of the garbage collector's sight: full collections would pause answers."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def refreeze_memory() -> None:
    """After `freeze_memory`, when something large was replaced: what went is collected, what came put out of sight."""
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.collect()
        gc.freeze()


def release_memory() -> None:
    """Undo `freeze_memory` before the process ends."""
    gc.unfreeze()
    gc.collect()
