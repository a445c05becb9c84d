"""The ground that tiers, typical values and warnings stand on: what the company's customers were like at one moment.

Fitted with the models (`retention.profile.reference_values`) and stored in the bundle as JSON, so that a score means
the same until the next training.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from configs.errors import BundleError
from retention.profile.categories import LineReference
from retention.profile.dimension_values import Reference
from retention.profile.dimensions import Cut
from retention.profile.peers import Peers
from retention.profile.rfm import Limits
from retention.profile.sign_records import SignRecord

FORMAT = 3
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
    peers : Peers
        The active customers of every comparison group: what reasons are measured from and compare with.
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
        RFM column → where its quintiles begin (`retention.profile.rfm`).
    score_scale : tuple of float
        Worst and best score of the scale that satisfaction is told on.
    signs : dict
        Early sign → how customers who showed it fared (`retention.profile.sign_records`); signs that too few customers
        have shown are left out.
    """

    as_of: str
    customers: int
    reference: Reference
    cuts: dict[str, dict[str, Cut]]
    units: dict[str, str]
    peers: Peers
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
    score_scale: tuple[float, float] = (1.0, 5.0)
    signs: dict[str, SignRecord] = field(default_factory=dict)

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
            raw["peers"] = Peers(**raw["peers"])
            raw["score_scale"] = (float(raw["score_scale"][0]), float(raw["score_scale"][1]))
            raw["signs"] = {code: SignRecord(**one) for code, one in raw["signs"].items()}
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
