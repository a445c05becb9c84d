"""Rows of one table, chunk by chunk: parse, judge, keep or set aside with the reason.

Three steps per chunk, all in DuckDB: the source's values and ours side by side (`parsed`), the final columns with
the first problem of each row (`judged`), then good rows into the table and bad ones into the quarantine.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from configs.errors import DataError
from configs.settings import Settings, SourceSettings
from features.connection import every, literal, one
from features.intake.casts import FIRST_YEAR, LAST_YEAR, Cast
from features.intake.csv_scan import ROW
from features.intake.joins import Joined
from features.intake.plan import Plan, make_plan, place_of
from features.intake.sources import RawFile
from features.intake.zones import odd_times, to_utc
from features.tables import DUCKDB_TYPES, Table

_MONEY = ("amount", "unit_price", "discount")
_HOPELESS_ROWS = 500_000


@dataclass
class Counts:
    """What happened to the rows of one table."""

    rows_in: int = 0
    left_out: int = 0
    notes: Counter[str] = field(default_factory=Counter)


def create_quarantine(connection: Any) -> None:
    """The table that refused rows are kept in until they are written."""
    connection.execute(
        'CREATE TABLE quarantine ("table" VARCHAR, source_file VARCHAR, "row" BIGINT, field VARCHAR, value VARCHAR, '
        "reason VARCHAR, cells VARCHAR)"
    )


class Stage:
    """Takes the files of one canonical table; the good rows are in the DuckDB table of its name."""

    def __init__(
        self, connection: Any, table: Table, source: SourceSettings, settings: Settings, future_from: datetime | None
    ) -> None:
        self.connection = connection
        self.table = table
        self.source = source
        self.settings = settings
        self.future_from = future_from
        self.zone = source.timezone or settings.data.timezone
        self.counts = Counts()
        self.columns: tuple[str, ...] = ()
        self.made_order = False
        self.derived_amount = False
        self.word = "row"
        self.joined: Joined | None = None

    def take(self, raw: RawFile) -> None:
        """Read a file to its end.

        Raises
        ------
        DataError
            The file as a whole cannot be used, or fits none of the settings.
        """
        plan: Plan | None = None
        self.word = raw.word
        self.joined = raw.joined
        for chunk in raw.chunks():
            rows = chunk.num_rows
            # SQL does not tell Amount from amount, files do: columns go by their place.
            self.connection.register("chunk", chunk.rename_columns([*map(place_of, range(len(raw.columns))), ROW]))
            try:
                if plan is None:
                    plan = self._plan(raw)
                self._parse(plan)
                self._judge(plan)
                self._settle(plan, raw)
            except duckdb.Error as error:
                raise self._unexpected(raw, error) from None
            finally:
                self.connection.unregister("chunk")
            self.counts.rows_in += rows
            if self._hopeless():
                break
        if plan is None:
            self._plan_of_nothing(raw)
        self._bad_lines(raw)

    def _plan(self, raw: RawFile) -> Plan:
        described = every(self.connection, "DESCRIBE SELECT * FROM chunk")
        kinds = {name: row[1] for name, row in zip([*raw.columns, ROW], described, strict=True)}
        plan = make_plan(raw, kinds, self.table, self.source, self.settings)
        if not self.columns:
            self.columns, self.made_order, self.derived_amount = plan.columns, plan.made_order, plan.derived_amount
            types = ", ".join(f"{name} {DUCKDB_TYPES[self.table.by_name[name].type]}" for name in plan.columns)
            self.connection.execute(f"CREATE TABLE {self.table.name} ({types}, __file VARCHAR, {ROW} BIGINT)")
        elif plan.columns != self.columns:
            odd = sorted(set(plan.columns) ^ set(self.columns))
            raise DataError(
                f"{raw.label} has not the same columns as the files before it ({', '.join(odd)})",
                f"give all files of data.{self.table.name} the same columns",
                code="missing_column",
                file=raw.label,
                field=odd[0],
            )
        return plan

    def _plan_of_nothing(self, raw: RawFile) -> None:
        """A file without rows: its columns must be right all the same."""
        places = map(place_of, range(len(raw.columns)))
        schema = pa.schema([*((name, pa.string()) for name in places), (ROW, pa.int64())])
        self.connection.register("chunk", schema.empty_table())
        try:
            self._plan(raw)
        finally:
            self.connection.unregister("chunk")

    def _parse(self, plan: Plan) -> None:
        given = ", ".join(f"{item.source} AS s_{item.name}" for item in plan.casts)
        made = ", ".join(f"{item.value} AS v_{item.name}" for item in plan.casts)
        zones = "".join(f", {item.aware} AS a_{item.name}" for item in plan.casts if _is_time(item))
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE parsed AS SELECT *, {made}{zones} FROM "
            f"(SELECT {ROW}, ({plan.left_out}) AS __left_out, {given} FROM chunk)"
        )

    def _judge(self, plan: Plan) -> None:
        values, notes = self._values(plan)
        problems: list[tuple[str, str, str]] = []
        for item in plan.casts:
            problems += [(condition, item.name, code) for condition, code in item.problems]
            notes += [(condition, code) for condition, code in item.notes]
        problems += self._cross_problems(plan)
        # Rows without a customer are counted apart, so this reason goes before all others.
        problems.sort(key=lambda problem: problem[2] != "null_customer")
        cases = " ".join(
            f"WHEN {condition} THEN struct_pack(field := {literal(name)}, code := {literal(code)}, value := "
            f"{self._shown(plan, name)})"
            for condition, name, code in problems
        )
        # Two levels, because the conditions of the second read the values of the first.
        finals = ", ".join(f"{expression} AS f_{name}" for name, expression in values.items())
        flags = "".join(f", ({condition}) AS n_{index}" for index, (condition, _) in enumerate(notes))
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE judged AS SELECT *, {f'CASE {cases} END' if cases else 'NULL'} AS __problem"
            f"{flags} FROM (SELECT parsed.*, {finals} FROM parsed{self._join_rates(plan)})"
        )
        counted = ", ".join(f"count(*) FILTER (n_{index})" for index in range(len(notes)))
        kept = "NOT __left_out AND __problem IS NULL"
        if notes:
            row = one(self.connection, f"SELECT {counted} FROM judged WHERE {kept}")
            for (_, code), count in zip(notes, row, strict=True):
                self.counts.notes[code] += int(count)
        self.counts.left_out += one(self.connection, "SELECT count(*) FROM judged WHERE __left_out")[0]

    def _values(self, plan: Plan) -> tuple[dict[str, str], list[tuple[str, str]]]:
        """Final value of every column, and what is worth counting about them."""
        notes: list[tuple[str, str]] = []
        values = {item.name: f"v_{item.name}" for item in plan.casts}
        for item in plan.casts:
            if _is_time(item) and self.zone != "UTC":
                values[item.name], odd = self._utc(item)
                notes += odd
        if plan.made_order:
            stamp = f"strftime({values['occurred_at']}, '%Y-%m-%dT%H:%M:%S.%f')"
            values["order_id"] = f"v_customer_id || '@' || replace({stamp}, '.000000', '')"
        if self.table.name == "transactions":
            self._amount(plan, values, notes)
        if "recorded_at" in values and "occurred_at" in values:
            notes.append(("v_recorded_at IS NULL", "recorded_filled"))
            values["recorded_at"] = f"coalesce({values['recorded_at']}, {values['occurred_at']})"
        return {name: values[name] for name in plan.columns}, notes

    def _utc(self, item: Cast) -> tuple[str, list[tuple[str, str]]]:
        value, aware = f"v_{item.name}", f"a_{item.name}"
        first, last = one(
            self.connection,
            f"SELECT min({value}), max({value}) FROM parsed WHERE NOT {aware} "
            f"AND year({value}) BETWEEN {FIRST_YEAR} AND {LAST_YEAR}",
        )
        if first is None:
            return value, []
        odd = [
            (f"NOT {aware} AND ({odd_times(value, self.zone, first, last, skipped=skipped)})", code)
            for skipped, code in ((True, "skipped_time"), (False, "repeated_time"))
        ]
        return f"CASE WHEN {aware} THEN {value} ELSE {to_utc(value, self.zone, first, last)} END", odd

    def _amount(self, plan: Plan, values: dict[str, str], notes: list[tuple[str, str]]) -> None:
        rules = self.settings.data.returns
        if plan.derived_amount:
            exact = "TRY(v_quantity::DECIMAL(28,9) * v_unit_price::DECIMAL(18,4))"
            less = " - coalesce(v_discount, 0)" if plan.has("discount") else ""
            values["amount"] = f"TRY(({exact}{less})::DECIMAL(18,4))"
            notes.append((f"{exact} <> {exact}::DECIMAL(38,4)", "more_decimals"))
        if "amount" in values and rules.order_prefix and plan.has("order_id"):
            amount, marked = values["amount"], f"starts_with(v_order_id, {literal(rules.order_prefix)})"
            notes.append((f"{marked} AND {amount} > 0", "made_negative"))
            values["amount"] = f"CASE WHEN {marked} THEN -abs({amount}) ELSE {amount} END"
        home = self.settings.data.currency
        if plan.has("currency"):
            if home:
                values["currency"] = f"coalesce(v_currency, {literal(home)})"
            if self.settings.data.rates is not None:
                rate = f"CASE WHEN {values['currency']} = {literal(str(home))} THEN 1 ELSE __rate END"
                for name in _MONEY:
                    if name in values:
                        values[name] = f"TRY(({values[name]}::DECIMAL(24,4) * ({rate})::DECIMAL(14,8))::DECIMAL(18,4))"
                values["currency"] = f"CASE WHEN {rate} IS NOT NULL THEN {literal(str(home))} END"

    def _join_rates(self, plan: Plan) -> str:
        if not (plan.has("currency") and self.settings.data.rates is not None):
            return ""
        return " ASOF LEFT JOIN rates ON parsed.v_currency = rates.currency AND parsed.v_occurred_at >= rates.day"

    def _cross_problems(self, plan: Plan) -> list[tuple[str, str, str]]:
        found: list[tuple[str, str, str]] = []
        if plan.has("currency"):
            if self.settings.data.rates is not None:
                found.append(("f_currency IS NULL", "currency", "no_rate"))
            found.append(("f_currency IS NULL", "currency", "missing_currency"))
        if plan.derived_amount:
            found.append(("s_quantity IS NULL OR s_unit_price IS NULL", "amount", "missing_value"))
        if "amount" in plan.columns:
            found.append(("f_amount IS NULL", "amount", "out_of_range"))
            if not self.settings.data.returns.negative_amount:
                prefix = self.settings.data.returns.order_prefix
                spared = f" AND NOT starts_with(f_order_id, {literal(prefix)})" if prefix else ""
                found.append((f"f_amount < 0{spared}", "amount", "negative_amount"))
        if plan.has("score") and plan.has("score_min") and plan.has("score_max"):
            found.append(("v_score < v_score_min OR v_score > v_score_max", "score", "score_outside"))
        if self.future_from is not None and self.table.time in plan.columns:
            limit = f"TIMESTAMP '{self.future_from.isoformat(sep=' ')}'"
            found.append((f"f_{self.table.time} >= {limit}", str(self.table.time), "in_the_future"))
        return found

    def _shown(self, plan: Plan, name: str) -> str:
        return f"left(s_{name}::VARCHAR, 200)" if plan.has(name) else f"left(f_{name}::VARCHAR, 200)"

    def _settle(self, plan: Plan, raw: RawFile) -> None:
        names = ", ".join(plan.columns)
        finals = ", ".join(f"f_{name}" for name in plan.columns)
        file = literal(raw.label)
        self.connection.execute(
            f"INSERT INTO {self.table.name} ({names}, __file, {ROW}) SELECT {finals}, {file}, {ROW} FROM judged "
            "WHERE NOT __left_out AND __problem IS NULL"
        )
        cells = ", ".join(
            f"{literal(name)}, chunk.{place_of(index)}::VARCHAR" for index, name in enumerate(raw.columns)
        )
        self.connection.execute(
            f"INSERT INTO quarantine SELECT {literal(self.table.name)}, {file}, bad.{ROW}, bad.__problem.field, "
            f"bad.__problem.value, bad.__problem.code, json_object({cells})::VARCHAR FROM "
            f"(SELECT {ROW}, __problem FROM judged WHERE NOT __left_out AND __problem IS NOT NULL) AS bad "
            f"JOIN chunk ON chunk.{ROW} = bad.{ROW}"
        )

    def _bad_lines(self, raw: RawFile) -> None:
        if not raw.bad_lines:
            return
        self.counts.rows_in += len(raw.bad_lines)
        rows = {
            "source_file": [raw.label] * len(raw.bad_lines),
            "row": [line.line for line in raw.bad_lines],
            "value": [line.text[:200] for line in raw.bad_lines],
            "reason": [line.code for line in raw.bad_lines],
            "cells": [json.dumps({"line": line.text}, ensure_ascii=False) for line in raw.bad_lines],
        }
        self.connection.register("chunk", pa.table(rows))
        self.connection.execute(
            f"INSERT INTO quarantine SELECT {literal(self.table.name)}, source_file, \"row\", '', value, reason, cells "
            "FROM chunk"
        )
        self.connection.unregister("chunk")

    def _hopeless(self) -> bool:
        """Whether most of a large log is refused, so that reading on only fills the disk."""
        if self.counts.rows_in < _HOPELESS_ROWS:
            return False
        refused = one(self.connection, 'SELECT count(*) FROM quarantine WHERE "table" = ?', [self.table.name])[0]
        return bool(refused > _HOPELESS_ROWS and refused > 0.9 * (self.counts.rows_in - self.counts.left_out))

    def _unexpected(self, raw: RawFile, error: Exception) -> DataError:
        return DataError(
            f"{raw.label} cannot be processed ({' '.join(str(error).split())[:300]})",
            f"check the column types against data.{self.table.name}.columns",
            code="bad_file",
            file=raw.label,
            table=self.table.name,
        )


def _is_time(item: Cast) -> bool:
    return item.column.type == "time"
