"""What the company's own treatments have shown so far: from the treatments table to the selection's beliefs."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from configs.errors import NotEnoughDataError
from configs.settings import Settings
from features.engine import Tables, order_events
from retention.catalogue import load_catalogue
from retention.effects import measure_effects, measured_beliefs, treatment_outcomes
from retention.strategies import MeasuredEffect


def measured_effects(settings: Settings, tables: Tables, until: datetime) -> dict[str, MeasuredEffect] | None:
    """What the selection may believe of every strategy that was measured; None without treatments.

    Parameters
    ----------
    settings : Settings
        Horizon and catalogue.
    tables : Tables
        Canonical tables.
    until : datetime
        Treatments and orders at or after it are not seen; horizons that are open then do not count.
    """
    outcomes = _outcomes(settings, tables, until)
    if outcomes is None or outcomes.empty:
        return None
    return measured_beliefs(measure_effects(outcomes), load_catalogue(settings))


def effects_table(settings: Settings, tables: Tables, until: datetime) -> pd.DataFrame:
    """Every measured effect with its interval, one row per strategy, segment and outcome.

    Raises
    ------
    NotEnoughDataError
        There is no treatments table.
    """
    outcomes = _outcomes(settings, tables, until)
    if outcomes is None:
        raise NotEnoughDataError(
            "there is no table treatments, so no effect can be measured",
            "map one under data.treatments",
            code="no_treatments",
        )
    return pd.DataFrame([vars(effect) for effect in measure_effects(outcomes)])


def _outcomes(settings: Settings, tables: Tables, until: datetime) -> pd.DataFrame | None:
    if not tables.has("treatments"):
        return None
    treatments = tables.query("SELECT * FROM treatments ORDER BY customer_id, treated_at, treatment_id").to_pandas()
    moment = pd.Timestamp(until)
    known = treatments[(treatments["treated_at"] < moment).to_numpy()]
    orders = order_events(tables, until=until)
    return treatment_outcomes(known, orders, horizon_days=settings.targets.horizon_days, until=moment)
