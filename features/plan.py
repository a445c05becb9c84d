"""The statements that compute a feature set, compiled once per shape of the data.

Lines become events; every source is joined with the cut-offs, cut into slices and added up per customer and
cut-off; the features are expressions over the joined sums. Each step is a stage: a named relation that later ones
refer to, kept as a temporary table by the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from features.catalog import CATALOGUE
from features.declare import BOUNDS, Base, Feature, Measure, Row, age_days, slice_of
from features.dialects import Dialect, to_sql
from features.orders import order_events
from features.prices import price_levels, reference_prices
from features.sources import ALL_MEASURES, SOURCES, available
from features.tables import IBIS_TYPES, TABLES
from features.visible import exists_at, hidden_at, visible, visible_at

KEYS = ["customer_id", "as_of"]

Columns = tuple[tuple[str, tuple[str, ...]], ...]
"""The tables given and their columns, in a form that can be a key."""


@dataclass(frozen=True)
class Shape:
    """What the statements depend on.

    Attributes
    ----------
    columns : tuple of (table, columns)
        The tables given.
    features : tuple of str
        Names of the features wanted, in order.
    cutoffs : int
        How many cut-offs (only the price level's statements depend on it).
    restricted : bool
        Whether only the customers of the table `wanted` are computed.
    late : bool
        Whether `recorded_at` of the transactions counts; then there is one cut-off.
    """

    columns: Columns
    features: tuple[str, ...]
    cutoffs: int = 1
    restricted: bool = False
    late: bool = False


@dataclass(frozen=True)
class Plan:
    """Stages in order, each with its expression, and the result over them."""

    stages: tuple[tuple[str, Any], ...]
    result: Any

    def statements(self, dialect: Dialect, *, pretty: bool = False) -> list[tuple[str, str]]:
        """(name, SQL) of every stage, the result last."""
        steps = [*self.stages, ("features", self.result)]
        return [(name, to_sql(expression, dialect, pretty=pretty)) for name, expression in steps]


def unbound(columns: Mapping[str, tuple[str, ...]], *, cutoffs: int = 1) -> dict[str, Any]:
    """Unbound ibis tables: the canonical ones given, and those that a call brings."""
    import ibis

    tables = {}
    for name, given in columns.items():
        types = {column: IBIS_TYPES[TABLES[name].by_name[column].type] for column in given}
        tables[name] = ibis.table(types, name=name)
    tables["cutoffs"] = ibis.table({"as_of": "timestamp", "log_start": "timestamp"}, name="cutoffs")
    tables["clock"] = ibis.table({f"as_of_{i}": "timestamp" for i in range(cutoffs)}, name="clock")
    tables["wanted"] = ibis.table({"wanted_customer": "string"}, name="wanted")
    tables["prices"] = ibis.table({"as_of": "timestamp", "category": "string", "unit_price": "float64"}, name="prices")
    return tables


def build_plan(shape: Shape) -> Plan:
    """The expressions for a shape, over unbound tables."""
    columns = dict(shape.columns)
    wanted = [CATALOGUE[name] for name in shape.features]
    tables = _inputs(columns, shape)
    stages: list[tuple[str, Any]] = []

    def keep(name: str, expression: Any) -> Any:
        import ibis

        stages.append((name, expression))
        return ibis.table(expression.schema(), name=name)

    tables["events"] = keep("events", order_events(tables["lines"], tables.get("products")))
    row = _asked(wanted)
    by_source: dict[str, list[Base]] = {name: [] for name in SOURCES}
    by_source["orders"].append(Base("orders", "n", None, 0))
    for base in row.bases.values():
        if base.source != "prices" and base not in by_source[base.source]:
            by_source[base.source].append(base)
    sums = {
        name: keep(f"{name}_sums", _sums(SOURCES[name].build(tables), tables["cutoffs"], bases))
        for name, bases in by_source.items()
        if bases
    }
    if any(base.source == "prices" for base in row.bases.values()):
        levels = price_levels(tables["lines"], tables.get("products"), tables["prices"], tables["clock"])
        levels = levels.select(
            *KEYS, **{base.column: levels[base.measure] for base in row.bases.values() if base.source == "prices"}
        )
        sums["prices"] = keep("price_sums", levels)
    return Plan(tuple(stages), _features(tables, sums, wanted, row))


@lru_cache(maxsize=256)
def duckdb_statements(shape: Shape) -> tuple[tuple[str, str], ...]:
    """(stage, SQL) for DuckDB; the last one gives the frame."""
    return tuple(build_plan(shape).statements("duckdb"))


@lru_cache(maxsize=64)
def events_statement(columns: Columns) -> str:
    """SQL of all order events visible at the one cut-off of the table `cutoffs`."""
    tables = unbound(dict(columns))
    lines = visible(tables["transactions"], tables["cutoffs"].as_of.max().as_scalar())
    events = order_events(lines)
    named = [name for name in ("amount", "recorded_at") if name in events.columns]
    if "amount" in named:
        events = events.mutate(amount=events.amount.cast("float64"))
    return to_sql(
        events.select("customer_id", "order_id", "occurred_at", *named, "is_order").order_by(
            "customer_id", "occurred_at", "order_id"
        )
    )


@lru_cache(maxsize=64)
def prices_statement(columns: Columns, cutoffs: int) -> str:
    """SQL of the reference prices at all cut-offs of the table `clock`."""
    tables = unbound(dict(columns), cutoffs=cutoffs)
    prices = reference_prices(tables["transactions"], tables.get("products"), tables["clock"])
    return to_sql(prices.order_by("as_of", "category"))


@lru_cache(maxsize=64)
def hidden_statement(columns: Columns) -> str:
    """SQL of the customers of whom a transaction had happened but was not yet recorded, per cut-off."""
    tables = unbound(dict(columns))
    hidden = hidden_at(tables["transactions"], tables["cutoffs"])
    return to_sql(hidden.select(*KEYS).distinct().order_by("as_of", "customer_id"))


@lru_cache(maxsize=64)
def log_starts_statement(columns: Columns) -> str:
    """SQL of the first event visible at every cut-off."""
    tables = unbound(dict(columns))
    seen = visible_at(tables["transactions"], tables["cutoffs"])
    return to_sql(seen.group_by("as_of").agg(log_start=seen.occurred_at.min()))


def _inputs(columns: Mapping[str, tuple[str, ...]], shape: Shape) -> dict[str, Any]:
    # The tables as this call may see them; `lines` are the transactions before the last cut-off.
    tables = unbound(columns, cutoffs=shape.cutoffs)
    if shape.restricted:
        for name in set(tables) & {"transactions", "customers", "feedback", "interactions"}:
            tables[name] = tables[name].semi_join(
                tables["wanted"], tables[name].customer_id == tables["wanted"].wanted_customer
            )
    lines = tables["transactions"]
    if "recorded_at" in lines.columns and not shape.late:
        lines = lines.drop("recorded_at")
    lines = visible(lines, tables["cutoffs"].as_of.max().as_scalar())
    tables["lines"] = lines.drop("recorded_at") if "recorded_at" in lines.columns else lines
    return tables


def _asked(wanted: list[Feature]) -> Row:
    row = Row(ALL_MEASURES)
    for feature in wanted:
        feature.value(row)
    return row


def _sums(relation: Any, cutoffs: Any, bases: list[Base]) -> Any:
    # Per customer and cut-off: slices first (few columns over many rows), then windows (many columns over few rows).
    measures = SOURCES[bases[0].source].measures
    seen = visible_at(relation, cutoffs)
    seen = seen.mutate(age=age_days(seen.occurred_at, seen.as_of))
    seen = seen.mutate(slice=slice_of(seen.age))
    names = list(dict.fromkeys(base.measure for base in bases))
    slices = seen.group_by(*KEYS, "slice").agg(
        **{name: getattr(measures[name].value(seen), measures[name].how)() for name in names}
    )
    return slices.group_by(KEYS).agg(**{base.column: _window(slices, measures[base.measure], base) for base in bases})


def _window(slices: Any, measure: Measure, base: Base) -> Any:
    conditions = []
    if base.days is not None:
        conditions.append(slices["slice"] < slice_of_bound(base.days))
    if base.after:
        conditions.append(slices["slice"] >= slice_of_bound(base.after))
    where = None
    for condition in conditions:
        where = condition if where is None else where & condition
    total = getattr(slices[base.measure], measure.how)(where=where)
    if measure.moment:
        return total
    return total.cast("float64") / measure.scale if measure.scale != 1.0 else total.cast("float64")


def slice_of_bound(days: int) -> int:
    """Number of the first slice at or beyond an age in days that is one of the bounds."""
    return BOUNDS.index(days) + 1


def _features(tables: Mapping[str, Any], sums: Mapping[str, Any], wanted: list[Feature], row: Row) -> Any:
    # One row per customer with a visible transaction, or of the customers table, with every feature in order.
    cutoffs = tables["cutoffs"]
    spine = sums["orders"].select(KEYS)
    profile = tables.get("customers")
    if profile is not None:
        if "acquired_at" in profile.columns:
            there = profile.join(cutoffs, exists_at(profile.acquired_at, cutoffs.as_of))
        else:
            there = profile.cross_join(cutoffs)
        spine = spine.union(there.select(KEYS), distinct=True)
    joined = spine.join(cutoffs, "as_of")
    columns = {name: joined[name] for name in ("customer_id", "as_of", "log_start")}
    for name, part in sums.items():
        part = part.rename({f"{name}_customer": "customer_id", f"{name}_as_of": "as_of"})
        joined = joined.left_join(
            part, [spine.customer_id == part[f"{name}_customer"], spine.as_of == part[f"{name}_as_of"]]
        )
    for base in row.bases.values():
        # A customer without a row of a source has sums of zero, but no first, last or largest.
        value = joined[base.column]
        columns[base.column] = value.fill_null(0.0) if row.measures[base.source][base.measure].how == "sum" else value
    if profile is not None and row.profile:
        part = profile.select(
            profile_customer="customer_id", **{f"profile__{name}": profile[name] for name in sorted(row.profile)}
        )
        joined = joined.left_join(part, spine.customer_id == part.profile_customer)
        columns |= {f"profile__{name}": joined[f"profile__{name}"] for name in row.profile}
    joined = joined.select(**{name: joined[name] if name not in row.bases else value for name, value in columns.items()})
    real = Row(row.measures, table=joined)
    values = {feature.name: _typed(feature, feature.value(real)) for feature in wanted}
    return joined.select(*KEYS, **values).order_by("as_of", "customer_id")


def _typed(feature: Feature, value: Any) -> Any:
    return value.cast("float64") if feature.spec.kind == "numeric" else value.cast("string")


def known_features(columns: Mapping[str, tuple[str, ...]]) -> list[Feature]:
    """The catalogue's features whose tables and columns are given, in the catalogue's order."""
    offered = available(columns)
    return [feature for feature in CATALOGUE.values() if feature.needs <= offered]
