"""The statements that compute a feature set, compiled once per shape of the data.

Lines become orders; every source is joined with the cut-offs, cut into slices and added up per customer and
cut-off; the features are expressions over the joined sums.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from features.catalog import CATALOGUE
from features.closures import Span, pauses
from features.declare import BOUNDS, Base, Feature, Measure, Row, age_days, slice_of
from features.orders import lined_up, order_events, order_sums
from features.prices import category_sums, price_levels, reference_prices
from features.relations import Columns, unbound
from features.sources import ALL_MEASURES, SOURCES, available
from features.statements import Step, planned
from features.visible import exists_at, hidden_at, visible, visible_at

KEYS = ["customer_id", "as_of"]

PRICED_AT_ONCE = 6
"""Cut-offs whose sums per customer and category are held at the same time."""

FEW_WINDOWS = 5
"""Up to so many different windows are summed directly."""


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
        How many cut-offs.
    restricted : bool
        Whether only the customers of the table `wanted` are computed.
    late : bool
        Whether `recorded_at` of the transactions counts; then there is one cut-off.
    trimmed : bool
        Whether lines after the last cut-off are left out at the start. They change nothing, but cost time; so does
        leaving them out when there are few.
    prices_given : bool
        Whether the table `prices` holds the reference prices, or they follow from the lines.
    closed : tuple of spans
        When the company was closed.
    stock_outs : bool
        Whether the table `stock_outs` tells of products that could not be bought.
    staged : bool
        Whether intermediate relations are kept as tables (large data) or all is one statement (small data).
    """

    columns: Columns
    features: tuple[str, ...]
    cutoffs: int = 1
    restricted: bool = False
    late: bool = False
    trimmed: bool = True
    prices_given: bool = False
    closed: tuple[Span, ...] = ()
    stock_outs: bool = False
    staged: bool = True


@dataclass
class _Stages:
    # Collects the steps; in one statement a stage is simply its expression.
    staged: bool
    steps: list[Step] = field(default_factory=list)

    def keep(self, name: str, expression: Any, *, drops: tuple[str, ...] = ()) -> Any:
        import ibis

        if not self.staged:
            return expression
        self.steps.append(Step(name, expression, drops))
        return ibis.table(expression.schema(), name=name)


@planned
def build_plan(shape: Shape) -> list[Step]:
    """The steps for a shape, over unbound tables; the last one, `features`, gives the frame."""
    wanted = [CATALOGUE[name] for name in shape.features]
    row = _asked(wanted, shape)
    asked: dict[str, list[Base]] = {"orders": [Base("orders", "n", None, 0)]}
    for base in row.bases.values():
        bases = asked.setdefault(base.source, [])
        if base not in bases:
            bases.append(base)
    tables = _inputs(shape)
    stages = _Stages(shape.staged)
    if shape.stock_outs:
        tables["pauses"] = stages.keep("pauses", pauses(tables["lines"], tables["stock_outs"]))
    orders, only = _orders(tables, shape, _Stages(staged=False), None), set()
    for base in asked["orders"]:
        only |= _used(SOURCES["orders"].measures[base.measure], visible_at(orders, tables["cutoffs"]))
    orders = _orders(tables, shape, stages, only)
    tables["orders"] = stages.keep("orders", orders) if "carts" in asked else orders
    sums = {}
    if "prices" in asked:
        sums["prices"] = _levels(tables, shape, stages)
    for name, bases in asked.items():
        if name != "prices":
            made = _sums(SOURCES[name].build(tables), tables["cutoffs"], bases)
            sums[name] = stages.keep(f"{name}_sums", made)
    return [*stages.steps, Step("features", _features(tables, sums, wanted, row))]


@planned
def events_plan(columns: Columns) -> Step:
    """All order events visible at the one cut-off of the table `cutoffs`."""
    tables = unbound(dict(columns))
    lines = visible(tables["transactions"], _last(tables))
    events = order_events(order_sums(lines), lines)
    named = [name for name in ("amount", "recorded_at") if name in events.columns]
    if "amount" in named:
        events = events.mutate(amount=events.amount.cast("float64"))
    events = events.select("customer_id", "order_id", "occurred_at", *named, "is_order")
    return Step("events", events.order_by("customer_id", "occurred_at", "order_id"))


@planned
def prices_plan(columns: Columns, cutoffs: int) -> Step:
    """The reference prices at all cut-offs of the table `clock`, over all customers."""
    tables = unbound(dict(columns), cutoffs=cutoffs)
    numbers = range(cutoffs)
    sums = category_sums(tables["transactions"], tables.get("products"), tables["clock"], numbers, customers=False)
    return Step("prices", reference_prices(sums, tables["clock"], numbers).order_by("as_of", "category"))


@planned
def pauses_plan(columns: Columns) -> Step:
    """Per customer, when the usual product was out of stock, by the table `stock_outs`."""
    tables = unbound(dict(columns))
    found = pauses(tables["transactions"], tables["stock_outs"])
    found = found.select("customer_id", start="occurred_at", end="until")
    return Step("pauses", found.order_by("start", "end", "customer_id"))


@planned
def hidden_plan(columns: Columns) -> Step:
    """Customers of whom a transaction had happened but was not yet recorded, per cut-off."""
    tables = unbound(dict(columns))
    hidden = hidden_at(tables["transactions"], tables["cutoffs"])
    return Step("hidden", hidden.select(KEYS).distinct().order_by("as_of", "customer_id"))


@planned
def log_starts_plan(columns: Columns) -> Step:
    """The first transaction visible at every cut-off."""
    tables = unbound(dict(columns))
    seen = visible_at(tables["transactions"], tables["cutoffs"])
    return Step("log_starts", seen.group_by("as_of").agg(log_start=seen.occurred_at.min()))


def known_features(columns: Mapping[str, tuple[str, ...]]) -> list[Feature]:
    """The catalogue's features whose tables and columns are given, in the catalogue's order."""
    offered = available(columns)
    return [feature for feature in CATALOGUE.values() if feature.needs <= offered]


def _last(tables: Mapping[str, Any]) -> Any:
    return tables["cutoffs"].as_of.max().as_scalar()


def _inputs(shape: Shape) -> dict[str, Any]:
    # The tables as this call may see them; `lines` are the transactions before the last cut-off.
    tables = unbound(dict(shape.columns), cutoffs=shape.cutoffs)
    if shape.restricted:
        for name in set(tables) & {"transactions", "customers", "feedback", "interactions", "treatments"}:
            tables[name] = tables[name].semi_join(
                tables["wanted"], tables[name].customer_id == tables["wanted"].wanted_customer
            )
    lines = tables["transactions"]
    if shape.late:
        lines = visible(lines, _last(tables)).drop("recorded_at")
    elif "recorded_at" in lines.columns:
        lines = lines.drop("recorded_at")
    if shape.trimmed and not shape.late:
        lines = visible(lines, _last(tables))
    tables["lines"] = lines
    return tables


def _asked(wanted: list[Feature], shape: Shape) -> Row:
    row = Row(ALL_MEASURES, closed=shape.closed, paused=shape.stock_outs)
    for feature in wanted:
        feature.value(row)
    return row


def _orders(tables: Mapping[str, Any], shape: Shape, stages: _Stages, only: set[str] | None) -> Any:
    lines, products = tables["lines"], tables.get("products")
    whole = stages.keep("order_sums", order_sums(lines, products, only))
    events = order_events(whole, lines, products)
    return lined_up(events, _last(tables), only, closed=shape.closed, pauses=tables.get("pauses"))


def _used(measure: Measure, seen: Any) -> set[str]:
    # The columns that a measure reads.
    import ibis.expr.operations as ops

    value = measure.value(seen.mutate(age=seen.age_at_last, slice=0) if "age_at_last" in seen.columns else seen)
    return {node.name for node in value.op().find(ops.Field, filter=ops.Value)}


def _levels(tables: dict[str, Any], shape: Shape, stages: _Stages) -> Any:
    # Spent and usual per customer and cut-off, a few cut-offs at a time.
    parts = []
    for start in range(0, shape.cutoffs, PRICED_AT_ONCE):
        numbers = range(start, min(start + PRICED_AT_ONCE, shape.cutoffs))
        sums = category_sums(tables["lines"], tables.get("products"), tables["clock"], numbers)
        sums = stages.keep(f"category_sums_{start}", sums)
        tables.setdefault("category_sums", sums)
        prices = tables["prices"] if shape.prices_given else reference_prices(sums, tables["clock"], numbers)
        levels = price_levels(sums, prices, tables["clock"], numbers)
        drops = (f"category_sums_{start}",) if start else ()
        parts.append(stages.keep(f"prices_sums_{start}", levels, drops=drops))
    levels = parts[0]
    for part in parts[1:]:
        levels = levels.union(part)
    columns = {Base("prices", name, None, 0).column: levels[name] for name in ("spent", "usual")}
    return levels.select(*KEYS, **columns)


def _sums(relation: Any, cutoffs: Any, bases: list[Base]) -> Any:
    # Per customer and cut-off. With many windows, slices come first (few columns over many rows), then windows over
    # slices (many columns over few rows).
    measures = SOURCES[bases[0].source].measures
    seen = visible_at(relation, cutoffs)
    if "age_at_last" in relation.columns:
        seen = seen.mutate(age=seen.age_at_last - seen["shift"])
    else:
        seen = seen.mutate(age=age_days(seen.occurred_at, seen.as_of))
    if len({(base.days, base.after) for base in bases}) <= FEW_WINDOWS:
        wanted = {
            base.column: _total(measures[base.measure].value(seen), measures[base.measure], _within(base, seen.age))
            for base in bases
        }
        return seen.group_by(KEYS).agg(**wanted)
    seen = seen.mutate(slice=slice_of(seen.age))
    names = list(dict.fromkeys(base.measure for base in bases))
    slices = seen.group_by(*KEYS, "slice").agg(
        **{name: getattr(measures[name].value(seen), measures[name].how)() for name in names}
    )
    wanted = {
        base.column: _total(slices[base.measure], measures[base.measure], _slices_within(base, slices["slice"]))
        for base in bases
    }
    return slices.group_by(KEYS).agg(**wanted)


def _within(base: Base, age: Any) -> Any:
    # Whether an age lies in the window; None for the whole history.
    conditions = [age < base.days] if base.days is not None else []
    conditions += [age >= base.after] if base.after else []
    return _all(conditions)


def _slices_within(base: Base, number: Any) -> Any:
    # Slice i holds the ages below the i-th bound that no earlier slice holds.
    conditions = [number <= BOUNDS.index(base.days)] if base.days is not None else []
    conditions += [number > BOUNDS.index(base.after)] if base.after else []
    return _all(conditions)


def _all(conditions: list[Any]) -> Any:
    return conditions[0] & conditions[1] if len(conditions) == 2 else conditions[0] if conditions else None


def _total(value: Any, measure: Measure, condition: Any) -> Any:
    total = getattr(value, measure.how)(where=condition)
    if measure.moment:
        return total
    return total.cast("float64") / measure.scale if measure.scale != 1.0 else total.cast("float64")


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
    if profile is not None and row.profile:
        part = profile.select(
            profile_customer="customer_id", **{f"profile__{name}": profile[name] for name in sorted(row.profile)}
        )
        joined = joined.left_join(part, spine.customer_id == part.profile_customer)
        columns |= {f"profile__{name}": joined[f"profile__{name}"] for name in sorted(row.profile)}
    for base in row.bases.values():
        # A customer without a row of a source has sums of zero, but no first, last or largest.
        value = joined[base.column]
        columns[base.column] = value.fill_null(0.0) if row.measures[base.source][base.measure].how == "sum" else value
    joined = joined.select(**columns)
    real = Row(row.measures, table=joined, closed=row.closed, paused=row.paused)
    values = {
        feature.name: feature.value(real).cast("float64" if feature.spec.kind == "numeric" else "string")
        for feature in wanted
    }
    return joined.select(*KEYS, **values).order_by("as_of", "customer_id")
