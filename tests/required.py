"""What a test needs of the machine: where it is missing the test skips with the reason, or fails where it is required.

`HOLDFAST_REQUIRE` names, with commas, what must be there (`spark`), so that a check that means to run it cannot pass by
skipping it.
"""

from __future__ import annotations

import os

import pytest


def require(name: str, missing: str | None) -> None:
    """Go on if nothing is missing; else skip, or fail where `HOLDFAST_REQUIRE` holds the name."""
    if missing is None:
        return
    if name in [word.strip() for word in os.environ.get("HOLDFAST_REQUIRE", "").split(",")]:
        pytest.fail(f"{missing}, and HOLDFAST_REQUIRE asks for {name}", pytrace=False)
    pytest.skip(missing)
