"""Steps after the trees, on the link scale: calibration now, level and others as they come.

A step turns raw predictions (log-odds, or log of a mean) into better ones. Its contribution is what it adds on the
link scale, under the step's own driver code, so base + features + steps = what is shown, exactly.

`Affine` is Platt's scaling (Platt 1999) with the slope shrunk to 1 by a normal prior, and with an intercept that keeps
the total of a reference sample. Its log-link form is the same regression with Poisson or gamma deviance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from configs.errors import BundleError
from models.encoding import Encoded
from models.roots import root_within

Floats = NDArray[np.float64]
Family = Literal["binary", "poisson", "gamma"]

SLOPE_SD = 0.15
"""Standard deviation of the prior of a slope around 1."""


class LinkStep(Protocol):
    """One step after the trees."""

    @property
    def driver(self) -> str:
        """Code of `features.specs.DRIVERS` under which its contribution is shown."""
        ...

    def apply(self, raw: Floats, encoded: Encoded) -> Floats:
        """New predictions on the link scale, shape (n,); may look at the encoded features."""
        ...

    def state(self) -> dict[str, Any]:
        """JSON state with the key `kind`."""
        ...


@dataclass(frozen=True)
class Affine:
    """``slope * raw + intercept``."""

    slope: float
    intercept: float
    driver: str = "calibration"

    def apply(self, raw: Floats, encoded: Encoded) -> Floats:
        """See `LinkStep`."""
        return self.slope * raw + self.intercept

    def state(self) -> dict[str, Any]:
        """See `LinkStep`."""
        return {"kind": "affine", "slope": self.slope, "intercept": self.intercept, "driver": self.driver}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Affine:
        """Read what `state` gave."""
        return cls(_finite(state["slope"]), _finite(state["intercept"]), str(state["driver"]))


STEP_KINDS: dict[str, Callable[[Mapping[str, Any]], LinkStep]] = {"affine": Affine.from_state}
"""How each kind of step is rebuilt; a module that brings a new kind adds it here."""


def step_from_state(state: Mapping[str, Any]) -> LinkStep:
    """Rebuild a step from its JSON state.

    Raises
    ------
    BundleError
        An unknown kind, a missing or non-finite number.
    """
    try:
        return STEP_KINDS[state["kind"]](state)
    except (KeyError, TypeError, ValueError):
        raise BundleError("bundle_calibration_unreadable") from None


def fit_affine(raw: Floats, target: Floats, family: Family, *, slope_sd: float = SLOPE_SD) -> Affine:
    """Slope and intercept that minimise the deviance plus ``(slope - 1)² / (2 slope_sd²)``.

    Parameters
    ----------
    raw, target : ndarray, shape (n,)
        Predictions on the link scale of rows that the model has not seen, and their outcomes: 0/1 for `binary`,
        non-negative for `poisson`, positive for `gamma`.
    """
    if len(raw) == 0:
        return Affine(1.0, 0.0)
    centre = float(raw.mean())
    x = raw - centre
    slope, level = 1.0, centre
    for _ in range(50):
        mean = inverse_link(slope * x + level, family)
        if family == "binary":
            gradient, curvature = mean - target, mean * (1 - mean)
        elif family == "poisson":
            gradient, curvature = mean - target, mean
        else:
            gradient, curvature = 1 - target / mean, np.ones_like(mean)
        g = np.array([x @ gradient + (slope - 1) / slope_sd**2, gradient.sum()])
        cross = x @ curvature
        h = np.array([[x**2 @ curvature + slope_sd**-2, cross], [cross, curvature.sum() + 1e-9]])
        change = np.clip(np.linalg.solve(h, g), -0.5, 0.5)
        slope, level = slope - float(change[0]), level - float(change[1])
        if np.abs(change).max() < 1e-10:
            break
    slope = float(np.clip(slope, 0.4, 1.6))
    return Affine(slope, level - slope * centre)


def keep_total(slope: float, raw: Floats, total: float, family: Family) -> Affine:
    """The affine step of this slope whose predictions over `raw` add up to `total`."""
    if len(raw) == 0 or total <= 0:
        return Affine(slope, 0.0)
    if family != "binary":
        predicted = float(np.exp(slope * raw).sum())
        return Affine(slope, float(np.log(total / predicted)))
    shift = root_within(lambda shift: float(inverse_link(slope * raw + shift, "binary").sum()) - total, -30.0, 30.0)
    return Affine(slope, shift)


def inverse_link(raw: Floats, family: Family) -> Floats:
    """From the link scale to a probability or a mean."""
    if family == "binary":
        return np.asarray(expit(raw))
    return np.asarray(np.exp(np.clip(raw, -700, 700)))


def _finite(value: Any) -> float:
    number = float(value)
    if not np.isfinite(number):
        raise ValueError("not finite")
    return number
