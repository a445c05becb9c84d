"""The ground that tiers, typical values and warnings stand on: what the company's customers were like at one moment.

Fitted with the models (`retention.profile.reference_values`) and stored in the bundle as JSON, so that a score means
the same until the next training.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.errors import BundleError
from retention.profile.attributes import Texts
from retention.profile.categories import LineReference
from retention.profile.dimension_values import Reference, comparison_band
from retention.profile.dimensions import ALL, Cut
from retention.profile.rfm import Limits

FORMAT = 1
STABLE_FROM = 0.50
"""A driver that is first for a customer in one fit should be first or second in another at least so often."""


@dataclass(frozen=True)
class Baseline:
    """Cut-offs, typical values and ranges of the customers at one moment.

    Attributes
    ----------
    as_of : str
        The moment, ISO, UTC.
    customers : int
        Customers it was fitted on.
    reference : Reference
        Percentiles, median satisfaction, home.
    cuts : dict
        Dimension → customer type or `all` → `Cut`.
    units : dict
        Dimension → unit of its number, where it differs from the default (a log without amounts).
    typical : dict
        Comparison group → feature → median, or most frequent text.
    ranges : dict
        Feature → smallest and largest value of training.
    known_values : dict
        Categorical feature → values of training.
    headroom : dict
        Group → 75th percentile of the spend per day.
    membership : dict
        Level → what it needs (`spend`, `orders`), lowest level first; the first level needs nothing.
    typical_gap_days : float
        Median gap between orders of customers who came again.
    horizon_days : int
        Horizon that the predictions speak of.
    currency : str or None
        ISO code of all money.
    lines : LineReference or None
        What premium and main mean; None where it was not learned.
    driver_stability : dict
        Driver → how often it stays among the first two reasons where it was first, between models refitted on other
        customers (`evaluation.reason_stability`); empty where it was not tested.
    quintiles : dict
        RFM column → where its quintiles begin (`retention.profile.rfm`); empty in bundles of earlier versions.
    """

    as_of: str
    customers: int
    reference: Reference
    cuts: dict[str, dict[str, Cut]]
    units: dict[str, str]
    typical: dict[str, dict[str, float | str]]
    ranges: dict[str, tuple[float, float]]
    known_values: dict[str, list[str]]
    headroom: dict[str, float]
    membership: dict[str, dict[str, float]]
    typical_gap_days: float
    horizon_days: int
    currency: str | None = None
    lines: LineReference | None = None
    driver_stability: dict[str, float] = field(default_factory=dict)
    quintiles: dict[str, Limits] = field(default_factory=dict)

    def to_json(self) -> str:
        """The whole baseline as JSON with sorted keys; the order of membership levels is kept."""
        raw = {"format": FORMAT, **asdict(self)}
        raw["membership"] = list(self.membership.items())
        return json.dumps(raw, sort_keys=True, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Baseline:
        """Read what `to_json` wrote.

        Raises
        ------
        BundleError
            Not a baseline, or of a newer format.
        """
        try:
            raw = json.loads(text)
            version = raw.pop("format")
            if version != FORMAT:
                raise BundleError("baseline_of_other_format", code="bundle_format", version=version, known=FORMAT)
            raw["reference"] = Reference(**raw["reference"])
            raw["cuts"] = {
                code: {
                    group: Cut(**{**cut, "quantiles": (cut["quantiles"][0], cut["quantiles"][1])})
                    for group, cut in groups.items()
                }
                for code, groups in raw["cuts"].items()
            }
            raw["ranges"] = {name: (low, high) for name, (low, high) in raw["ranges"].items()}
            raw["membership"] = dict(raw["membership"])
            raw["lines"] = None if raw["lines"] is None else LineReference(**raw["lines"])
            return cls(**raw)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise BundleError("baseline_unreadable", reason=str(error)) from None

    @property
    def constant(self) -> frozenset[str]:
        """Features that had one value for all customers: they belong to the moment, not to a customer."""
        return frozenset(name for name, (low, high) in self.ranges.items() if low == high)

    @property
    def unstable(self) -> frozenset[str]:
        """Drivers that are never shown first."""
        return frozenset(code for code, share in self.driver_stability.items() if share < STABLE_FROM)

    def typical_values(self, groups: Texts, name: str, kind: str) -> NDArray[Any]:
        """Typical value of a feature for every row's comparison group; NaN or None where there is none.

        Parameters
        ----------
        groups : ndarray of str, shape (n,)
            From `comparison_groups`.
        name : str
            Feature.
        kind : {"numeric", "categorical"}
            Kind of the feature.
        """
        missing: Any = None if kind == "categorical" else math.nan
        table = {
            group: self.typical.get(group, self.typical.get(ALL, {})).get(name, missing)
            for group in set(groups.tolist())
        }
        return np.array([table[group] for group in groups.tolist()], dtype=object if kind == "categorical" else float)

    def comparison_groups(self, frame: pd.DataFrame, types: Texts) -> Texts:
        """Name of the comparison group of every row: customer type and tenure band, falling back to wider groups."""
        bands = comparison_band(frame, self.reference.new_customer_days)
        found = []
        for kind, band in zip(types.tolist(), bands.tolist(), strict=True):
            exact = f"{kind}|{band}"
            wide = f"{ALL}|{band}"
            found.append(exact if exact in self.typical else wide if wide in self.typical else ALL)
        return np.array(found, dtype=object)
