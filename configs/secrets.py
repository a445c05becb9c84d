"""Secrets: read from the environment only, never from a file, never logged."""

from __future__ import annotations

import os

from configs.errors import SettingsError

MIN_KEY_LENGTH = 16


def signing_key() -> bytes | None:
    """The key that bundles are signed with (``HOLDFAST_SIGNING_KEY``), None where it is not set.

    Raises
    ------
    SettingsError
        The key is too short to protect anything.
    """
    text = os.environ.get("HOLDFAST_SIGNING_KEY", "")
    if not text:
        return None
    if len(text) < MIN_KEY_LENGTH:
        raise SettingsError("signing_key_too_short", field="HOLDFAST_SIGNING_KEY", count=MIN_KEY_LENGTH)
    return text.encode()
