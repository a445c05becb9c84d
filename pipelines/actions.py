"""What the acting verbs read: the last scores, profiles, contacts, and the tables behind the views."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from configs.catalogue import phrase
from configs.errors import NotEnoughDataError
from configs.progress import SILENT, Progress
from configs.settings import Settings
from configs.timestamps import local_time, start_of_day
from pipelines.fresh import fresh_tables, tell_of_scores
from pipelines.stages import resolve_as_of

if TYPE_CHECKING:
    from features.engine import Tables
    from retention.profile.company_figures import FigureRules

IMPERSONAL = ("email", "sms", "ads", "none")
"""Channels through which nobody speaks to a customer."""


def last_scores(settings: Settings, path: Path | None, progress: Progress = SILENT) -> pd.DataFrame:
    """The scores table of the last run, or of the file given, with a word where it is not of the data of now.

    Raises
    ------
    NotEnoughDataError
        Nothing has been scored yet.
    DataError
        The file is not what was written, or the data cannot be read.
    """
    from features.engine import open_tables
    from pipelines.runs import kept_run, runs_folder
    from retention.scoring.scores_table import read_scores, read_stamp

    kept = None if path is not None else kept_run(settings, "last")
    place = path if path is not None else runs_folder(settings) if kept is None else kept[0]
    if not place.is_file():
        raise NotEnoughDataError("no_scores", code="no_scores", path=place)
    fresh_tables(settings, progress)
    found = read_scores(place)
    with open_tables(settings.canonical) as tables:
        tell_of_scores(settings, place, read_stamp(place), tables)
    return found


def profile_and_contacts(settings: Settings, as_of: datetime) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """The customers table with what follows from it as of a moment, and the treatments; None where not given."""
    from features.engine import open_tables
    from features.extracts import table_frame
    from retention.profile.customer_facts import customer_facts

    with open_tables(settings.canonical) as tables:
        return (
            customer_facts(tables, as_of, settings.data.timezone),
            table_frame(tables, "treatments", "customer_id", "treated_at", "treatment_id"),
        )


def view_table(
    settings: Settings, what: str, as_of: str | None, scores: Path | None, progress: Progress
) -> pd.DataFrame:
    """The table of a view: `demand`, `satisfaction`, `figures`, `effects` or `moves`."""
    from features.engine import open_tables
    from features.extracts import has_item
    from retention.profile.company_figures import company_figures
    from retention.profile.company_views import demand_view, satisfaction_view

    if what == "moves":
        return _moves(settings)
    fresh_tables(settings, progress)
    with open_tables(settings.canonical) as tables:
        moment = resolve_as_of(settings, tables, as_of)
        with progress.step(phrase("steps.compute_view", name=what)):
            if what == "effects":
                return _effects(settings, tables, moment)
            if what == "figures":
                return company_figures(tables, moment, settings.data.timezone, rules=figure_rules(settings))
            found = last_scores(settings, scores, progress)
            if what == "satisfaction":
                return satisfaction_view(tables, moment, found)
            item = "category" if has_item(tables, "category") else "product_id"
            return demand_view(tables, moment, found.set_index("customer_id")["segment"], item=item)


def figure_rules(settings: Settings) -> FigureRules:
    """Within how many days an order or a return counts."""
    from retention.profile.company_figures import FigureRules

    return FigureRules(order_days=settings.retention.order_days, return_days=settings.retention.return_days)


def _moves(settings: Settings) -> pd.DataFrame:
    from pipelines.runs import kept_run, runs_folder
    from retention.contacts.segments import load_segments
    from retention.scoring.changes import compare
    from retention.scoring.scores_table import read_scores

    kept = [kept_run(settings, which) for which in ("before", "last")]
    paths = [run[0] for run in kept if run is not None]
    if len(paths) < 2:
        raise NotEnoughDataError("no_earlier_run", code="no_earlier_run", path=runs_folder(settings))
    first, second = (read_scores(path, lists=False) for path in paths)
    asked = load_segments(settings).fields
    return compare(first, second, currency=settings.data.currency, asked=asked).movers


def _effects(settings: Settings, tables: Tables, as_of: datetime) -> pd.DataFrame:
    from retention.experiments.measurement import measure_campaigns
    from retention.strategies.catalogue import load_catalogue

    if not tables.has("treatments"):
        raise NotEnoughDataError("no_treatments", code="no_treatments")
    found = measure_campaigns(tables, load_catalogue(settings), as_of, horizon_days=_horizon_in_use(settings))
    return pd.DataFrame([vars(effect) for effect in found.effects])


def _horizon_in_use(settings: Settings) -> int:
    """Days that the model in use speaks of; those of the settings where there is none yet."""
    from models.bundle.folder import CURRENT, load_bundle
    from retention.scoring.scorer import targets_of

    if not (settings.bundle_store / CURRENT).is_file():
        return settings.targets.horizon_days
    return targets_of(load_bundle(settings.bundle_store, examine=False)).horizon_days


def planned_contacts(
    settings: Settings,
    scores: Path | None,
    start: date | None,
    days: int,
    country: str | None,
    progress: Progress = SILENT,
) -> pd.DataFrame:
    """Birthdays, holidays, visits, renewals, expiring points and trainings of the coming days.

    Raises
    ------
    NotEnoughDataError
        There is no customers table.
    """
    from features.customer_facts import last_contacts
    from features.engine import open_tables
    from pipelines.arms import arms_of
    from retention.contacts.contact_plan import PlanRules, contact_plan
    from retention.strategies.catalogue import load_catalogue

    table = last_scores(settings, scores, progress)
    profile, contacts = profile_and_contacts(settings, table["as_of"].max())
    if profile is None:
        raise NotEnoughDataError("no_customers_table", code="no_customers_table")
    zone = settings.data.timezone
    first = start if start is not None else local_time(table["as_of"].max(), zone).date()
    catalogue = load_catalogue(settings)
    own = settings.retention
    rules = PlanRules(
        days=days,
        holidays_of=country,
        points_lead=own.points_lead_days,
        training_after=own.training_after_days,
        trainings_per_day=own.trainings_per_day,
    )
    mailings = [item.code for item in catalogue.strategies if item.channel in IMPERSONAL]
    with open_tables(settings.canonical) as tables:
        moments = last_contacts(tables, start_of_day(first, zone), mailings)
    return contact_plan(
        table,
        profile,
        settings,
        catalogue,
        start=first,
        rules=rules,
        assignment=arms_of(settings, table),
        last_contact={customer: local_time(moment, zone).date() for customer, moment in moments.items()},
        treatments=contacts,
    )


def next_products(
    settings: Settings, customer_id: str | None, as_of: str | None, item: str, progress: Progress = SILENT
) -> pd.DataFrame:
    """The next products or categories to offer."""
    from features.customer_facts import product_names
    from features.engine import open_tables
    from retention.contacts.next_product import NextProduct, looked_at, purchases

    fresh_tables(settings, progress)
    with open_tables(settings.canonical) as tables:
        moment = resolve_as_of(settings, tables, as_of)
        bought = purchases(tables, moment, item=item)  # type: ignore[arg-type]
        customers = None if customer_id is None else [customer_id]
        looks = looked_at(tables, moment, item=item)  # type: ignore[arg-type]
        names = product_names(tables) if item == "product_id" else {}
        model, zone = NextProduct().fit(bought, moment), settings.data.timezone
        return model.recommend(bought, moment, customers=customers, looks=looks, timezone=zone, names=names)


def names_of_items(settings: Settings) -> dict[str, str]:
    """What products are called."""
    from features.customer_facts import product_names
    from features.engine import open_tables

    with open_tables(settings.canonical) as tables:
        return product_names(tables)
