"""Build a bento: the service with its model inside, to be served where there is neither this code nor its data.

What goes in is named, never guessed: the packages that serving needs, the loaded bundle, the settings that bear on
scores (no path, no source, no secret), and of the data only what describes the company: products, columns, first and
last event. No customer is in it, so a bento answers by history sent in the call.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from configs.errors import HoldfastError
from configs.extras import require
from configs.settings import Settings
from serving.model_folder import MODEL_FOLDER, write_model_folder

PACKAGES = ("configs", "features", "models", "retention", "serving")
"""Our packages that a serving process imports."""

REQUIREMENTS = (
    "bentoml",
    "duckdb",
    "ibis-framework",
    "lightgbm",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "pyyaml",
    "scipy",
    "sqlglot",
    "tzdata",
    "uvicorn",
)
"""Distributions that they need; built in with the versions that are installed here."""

KEPT = ("*.py", "*.yaml", "*.json", "*.j2", "*.html", "*.css")


class BentoError(HoldfastError):
    """The bento could not be built."""

    code = "bento_failed"


@dataclass(frozen=True)
class BuiltBento:
    """A bento in BentoML's store.

    Attributes
    ----------
    tag : str
        Name and version, for `bentoml serve`.
    path : Path
        Its folder; the sources are in `path / "src"`.
    """

    tag: str
    path: Path


def build_bento(
    settings: Settings, *, bundle_id: str | None = None, version: str | None = None, home: Path | None = None
) -> BuiltBento:
    """Build a bento of the current bundle.

    Parameters
    ----------
    settings : Settings
        Where the bundle and the canonical tables are.
    bundle_id : str, optional
        Another bundle than the current one.
    version : str, optional
        Version of the bento; made by BentoML unless given.
    home : Path, optional
        BentoML's store (`BENTOML_HOME`); its default unless given.

    Raises
    ------
    BundleError
        No bundle, or one that must not be loaded.
    BentoError
        BentoML could not build it.
    """
    require("uv", task="`bentoml build`")
    environment = {**os.environ, "BENTOML_DO_NOT_TRACK": "True"}
    if home is not None:
        environment["BENTOML_HOME"] = str(home)
    with tempfile.TemporaryDirectory(prefix="holdfast-bento-") as name:
        staged = Path(name)
        _copy_packages(staged)
        write_model_folder(settings, staged / MODEL_FOLDER, bundle_id=bundle_id)
        (staged / "bentofile.yaml").write_text(yaml.safe_dump(bentofile()), encoding="utf-8")
        command = [sys.executable, "-m", "bentoml", "build", "--output", "tag"]
        command += ["--version", version] if version else []
        done = subprocess.run(
            command,
            cwd=staged,
            env={**environment, "PYTHONPATH": str(staged)},
            capture_output=True,
            text=True,
            check=False,
        )
    tags = [line.removeprefix("__tag__:") for line in done.stdout.splitlines() if line.startswith("__tag__:")]
    if done.returncode != 0 or not tags:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BentoError("bento_build_failed", reason=reason)
    tag = tags[-1].strip()
    place = subprocess.run(
        [sys.executable, "-m", "bentoml", "get", tag, "--output", "path"],
        # BentoML breaks what it prints at the width of the terminal, paths too
        env={**environment, "COLUMNS": "10000"},
        capture_output=True,
        text=True,
        check=True,
    )
    return BuiltBento(tag, Path(place.stdout.strip().splitlines()[-1]))


def bentofile() -> dict[str, object]:
    """The build description, with the versions installed here."""
    packages = [f"{name}=={importlib.metadata.version(name)}" for name in REQUIREMENTS]
    return {
        "service": "serving.service:HoldfastService",
        "name": "holdfast",
        "description": "Churn risk, purchase potential and lifetime value of customers.",
        "include": [f"{name}/**" for name in (*PACKAGES, MODEL_FOLDER)],
        "exclude": ["**/__pycache__/**"],
        "python": {"packages": packages, "lock_packages": False},
    }


def _copy_packages(target: Path) -> None:
    root = Path(__file__).resolve().parent.parent
    for package in PACKAGES:
        for pattern in KEPT:
            for file in (root / package).rglob(pattern):
                place = target / file.relative_to(root)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place)
