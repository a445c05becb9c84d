"""Whether a bundle learned from the features that this code declares and computes under the same names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from configs.errors import BundleError
from features.specs import FeatureSet

FEATURES_FILE = "features.json"
"""The feature set that the models were trained on; a bundle without it is not held against the declarations."""


def check_declarations(
    version: str, files: Mapping[str, bytes], meta: Mapping[str, Any], expect_fingerprint: str | None = None
) -> None:
    """Compare what the features mean: name, unit, window, direction, texts.

    Parameters
    ----------
    version : str
        Of the bundle, for the message.
    files, meta : mapping
        Of the bundle.
    expect_fingerprint : str, optional
        `FeatureSet.fingerprint` that the bundle must have. Default: that of this code's declarations.

    Raises
    ------
    BundleError
        With the code `bundle_other_features`.
    """
    if expect_fingerprint is None:
        names = _feature_names(files)
        if names is None:
            return
        from features.definitions import declared_set

        declared = declared_set(names)
        expect_fingerprint = "none" if declared is None else declared.fingerprint
    has = str(meta.get("feature_fingerprint"))
    if has != expect_fingerprint:
        raise BundleError(
            "bundle_of_other_features",
            code="bundle_other_features",
            bundle=version,
            has=has[:12],
            expected=expect_fingerprint[:12],
        )


def check_definitions(version: str, files: Mapping[str, bytes], meta: Mapping[str, Any]) -> None:
    """Compare how the features are computed; takes one to two seconds of compiling, once per process.

    Raises
    ------
    BundleError
        With the code `bundle_other_features`.
    """
    names = _feature_names(files)
    if names is None:
        return
    from features.definitions import definitions_fingerprint

    has, now = str(meta.get("feature_definitions")), definitions_fingerprint(names)
    if has != now:
        raise BundleError(
            "bundle_of_otherwise_computed_features",
            code="bundle_other_features",
            bundle=version,
            has=has[:12],
            expected=now[:12],
        )


def _feature_names(files: Mapping[str, bytes]) -> tuple[str, ...] | None:
    """Names of the features of a bundle; None where it does not say."""
    if FEATURES_FILE not in files:
        return None
    try:
        return tuple(FeatureSet.from_json(files[FEATURES_FILE].decode()).names)
    except (ValueError, TypeError):
        raise BundleError("bundle_file_unreadable", file=FEATURES_FILE) from None
