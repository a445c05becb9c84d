"""All features in their order, by name."""

from __future__ import annotations

from features.declare import Feature
from features.families import customer, ordering, service, spending
from features.families import range as product_range

FAMILIES = (
    ordering.recency,
    ordering.rhythm,
    ordering.frequency,
    spending.monetary,
    spending.trend,
    product_range.breadth,
    spending.returns,
    service.satisfaction,
    service.service_contact,
    service.treatments,
    service.engagement,
    product_range.offers,
    customer.tenure,
    customer.profile,
    customer.calendar,
)
"""The families, in the order of `features.specs.DRIVERS`."""


def _catalogue() -> dict[str, Feature]:
    features = [declared for family in FAMILIES for declared in family()]
    names = [declared.name for declared in features]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"declared twice: {', '.join(twice)}")
    return {declared.name: declared for declared in features}


CATALOGUE: dict[str, Feature] = _catalogue()
"""Every declared feature by name, in order."""
