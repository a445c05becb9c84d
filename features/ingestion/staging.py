"""Rows of one table, chunk by chunk: parse, judge, keep or set aside with the reason.

Four steps per chunk, all in DuckDB: the source's values with what they look like (`looked`), ours beside them
(`parsed`), the final columns with the first problem of each row (`judged`), then good rows into the table and bad ones
into the quarantine. A chunk with cells that only the whole column can decide waits until all files are seen.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from configs.errors import DataError
from configs.settings import Settings, SourceSettings
from features.connection import every, literal, one
from features.ingestion.casts import FIRST_YEAR, LAST_YEAR, Cast
from features.ingestion.fill import FillDown
from features.ingestion.joins import Joined
from features.ingestion.marks import common_currencies, contradicts
from features.ingestion.plan import Plan, make_plan, place_of
from features.ingestion.raw import ROW, RawFile
from features.ingestion.readings import ENOUGH, Seen, answers, mixtures
from features.ingestion.report import Refusal
from features.ingestion.zones import odd_times, to_utc
from features.order_rules import derived_amount_sql, gross_sql, marked_sql, refused_sql, signed_sql
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


@dataclass(frozen=True)
class _Waiting:
    """A chunk that waits for the answers of its columns, in a table of this name."""

    name: str
    raw: RawFile
    kinds: dict[str, str]


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
        self.seen: dict[str, Seen] = {}
        self.waiting: list[_Waiting] = []
        self.currency: str | None = None
        self.hidden: dict[tuple[str, str], Refusal] = {}
        self.joined: Joined | None = None

    def take(self, raw: RawFile) -> None:
        """Read a file to its end.

        Raises
        ------
        DataError
            The file as a whole cannot be used, or fits none of the settings.
        """
        plan: Plan | None = None
        kinds: dict[str, str] = {}
        fill: FillDown | None = None
        self.word = raw.word
        self.joined = raw.joined
        for chunk in raw.chunks():
            rows = chunk.num_rows
            # SQL does not tell Amount from amount, files do: columns go by their place.
            chunk = chunk.rename_columns([*map(place_of, range(len(raw.columns))), ROW])
            self.connection.register("chunk", chunk)
            try:
                if plan is None:
                    plan, kinds = self._plan(raw)
                    missing = self.source.null_values
                    fill = FillDown(raw, plan.fill, plan.order, missing, plan.time) if plan.fill else None
                if fill is not None:
                    self.connection.unregister("chunk")
                    self.connection.register("chunk", fill.fill(chunk))
                fitting = self._fitting(plan)
                if self._look(fitting, rows):
                    self._wait(raw, kinds)
                else:
                    self._decide(fitting, raw)
            except duckdb.Error as error:
                raise self._unexpected(raw, error) from None
            finally:
                self.connection.unregister("chunk")
            self.counts.rows_in += rows
            if self._hopeless():
                break
        if plan is None:
            self._plan_of_nothing(raw)
        if fill is not None:
            self.counts.notes["filled_down"] += fill.filled
        self._bad_lines(raw)
        # rows of nothing but delimiters end in the scan already
        self.counts.rows_in += raw.notes["empty_rows"]
        self.counts.left_out += raw.notes["empty_rows"]
        self.counts.notes.update(raw.notes)

    def finish(self) -> None:
        """Read what waited, after the last file.

        Raises
        ------
        DataError
            Currency marks that cannot mean one currency.
        """
        found = answers(self.seen)
        self._check_marks()
        for code, count in mixtures(self.seen).items():
            self.counts.notes[code] += count
        for part in self.waiting:
            self.connection.execute(f"CREATE TEMP VIEW chunk AS SELECT * FROM {part.name}")
            try:
                plan = make_plan(part.raw, part.kinds, self.table, self.source, self.settings, found)
                plan = self._fitting(plan, count=False)
                self._look(plan, 0, count=False)
                self._decide(plan, part.raw)
            except duckdb.Error as error:
                raise self._unexpected(part.raw, error) from None
            finally:
                self.connection.execute("DROP VIEW chunk")
            self.connection.execute(f"DROP TABLE {part.name}")
        self.waiting = []

    def _wait(self, raw: RawFile, kinds: dict[str, str]) -> None:
        name = f"waiting_{self.table.name}_{len(self.waiting)}"
        self.connection.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM chunk")
        self.waiting.append(_Waiting(name, raw, kinds))

    def _decide(self, plan: Plan, raw: RawFile) -> None:
        self._parse(plan)
        self._judge(plan)
        self._settle(plan, raw)

    def _check_marks(self) -> None:
        """Where no currency is given, the marks beside the amounts must be able to mean the same one."""
        if self.settings.data.currency is not None or "currency" in self.columns:
            return
        marks = sorted({mark for column in self.seen.values() for mark in column.marks})
        common = common_currencies(marks)
        if marks and not common:
            raise DataError(
                "amounts_in_several_currencies",
                code="mixed_currencies",
                table=self.table.name,
                value=marks[0],
                marks=", ".join(marks[:10]),
            )
        self.currency = min(common) if len(common) == 1 else None

    def _plan(self, raw: RawFile) -> tuple[Plan, dict[str, str]]:
        described = every(self.connection, "DESCRIBE SELECT * FROM chunk")
        kinds = {name: row[1] for name, row in zip([*raw.columns, ROW], described, strict=True)}
        plan = make_plan(raw, kinds, self.table, self.source, self.settings)
        self.counts.notes["loose_header"] += plan.loose
        if not self.columns:
            self.columns, self.made_order, self.derived_amount = plan.columns, plan.made_order, plan.derived_amount
            types = ", ".join(f"{name} {DUCKDB_TYPES[self.table.by_name[name].type]}" for name in plan.columns)
            self.connection.execute(f"CREATE TABLE {self.table.name} ({types}, __file VARCHAR, {ROW} BIGINT)")
        elif plan.columns != self.columns:
            odd = sorted(set(plan.columns) ^ set(self.columns))
            raise DataError(
                "files_with_other_columns",
                code="missing_column",
                file=raw.label,
                field=odd[0],
                names=", ".join(odd),
                table=self.table.name,
            )
        return plan, kinds

    def _plan_of_nothing(self, raw: RawFile) -> None:
        """A file without rows: its columns must be right all the same."""
        places = map(place_of, range(len(raw.columns)))
        schema = pa.schema([*((name, pa.string()) for name in places), (ROW, pa.int64())])
        self.connection.register("chunk", schema.empty_table())
        try:
            self._plan(raw)
        finally:
            self.connection.unregister("chunk")

    def _fitting(self, plan: Plan, *, count: bool = True) -> Plan:
        """The plan with the simple way to read a column wherever all its cells here are plain."""
        able = [item for item in plan.casts if item.simple is not None]
        if not able:
            return plan
        given = ", ".join(f"{item.source} AS s_{item.name}" for item in able)
        kinds = [(item.name, kind, condition) for item in able for kind, condition in item.plain_kinds]
        asked = [f"coalesce(bool_and({item.plain}), true)" for item in able]
        asked += [f"count(*) FILTER ({condition})" for _, _, condition in kinds]
        row = one(
            self.connection,
            f"SELECT {', '.join(asked)} FROM (SELECT {given} FROM chunk WHERE NOT ({plan.left_out}))",
        )
        simple = {item.name: item.simple for item, is_plain in zip(able, row, strict=False) if is_plain}
        for (name, kind, _), found in zip(kinds, row[len(able) :], strict=True):
            if count and name in simple:
                self.seen.setdefault(name, Seen()).join(Seen.of([(kind, found)]))
        return replace(plan, casts=tuple(simple.get(item.name) or item for item in plan.casts))

    def _look(self, plan: Plan, rows: int, *, count: bool = True) -> bool:
        """Put the source's values and their steps into `looked`; whether some cells need their whole column.

        Rows without any value are counted apart and go no further.
        """
        given = ", ".join(f"{item.source} AS s_{item.name}" for item in plan.casts)
        query = (
            f"SELECT {ROW}, ({plan.left_out}) AS __left_out, ({plan.total}) AS __total, {given} FROM chunk "
            f"WHERE NOT ({plan.blank})"
        )
        for level in range(max((len(item.steps) for item in plan.casts), default=0)):
            steps = [item.steps[level] for item in plan.casts if level < len(item.steps)]
            query = f"SELECT *, {', '.join(f'{sql} AS {name}' for name, sql in steps)} FROM ({query})"
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE looked AS {query}")
        waits = False
        if count:
            empty = rows - int(one(self.connection, "SELECT count(*) FROM looked")[0])
            self.counts.left_out += empty
            self.counts.notes["empty_rows"] += empty
        for item in plan.casts if count else ():
            if item.kind is None:
                continue
            kinds = f"(SELECT {item.kind} AS kind, s_{item.name} AS cell FROM looked WHERE NOT __left_out)"
            counts = f"SELECT kind, count(*) FROM {kinds} WHERE kind IS NOT NULL GROUP BY 1"
            here = Seen.of(every(self.connection, counts))
            seen = self.seen.setdefault(item.name, Seen())
            if here.waits and len(seen.doubtful) < ENOUGH:
                cells = f"SELECT DISTINCT cell::VARCHAR FROM {kinds} WHERE kind LIKE '?%' ORDER BY 1 LIMIT {ENOUGH}"
                here.doubtful = {row[0] for row in every(self.connection, cells)}
            seen.join(here)
            waits |= here.waits
        return waits

    def _parse(self, plan: Plan) -> None:
        made = ", ".join(f"{item.value} AS v_{item.name}" for item in plan.casts)
        zones = "".join(f", {item.aware} AS a_{item.name}" for item in plan.casts if _is_time(item))
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE parsed AS SELECT *, {made}{zones} FROM looked")

    def _judge(self, plan: Plan) -> None:
        values, notes = self._values(plan)
        problems: list[tuple[str, str, str]] = []
        if plan.total != "false" and self.table.time and plan.has(self.table.time):
            problems.append(("__total", self.table.time, "total_row"))
        for item in plan.casts:
            problems += [
                (condition, item.name, _code(self.table, item.name, code)) for condition, code in item.problems
            ]
            notes += [(condition, code) for condition, code in item.notes]
        problems += self._cross_problems(plan)
        # Sums, and rows without a customer, are counted apart, so these reasons go before all others.
        first = ("total_row", "null_customer")
        problems.sort(key=lambda problem: first.index(problem[2]) if problem[2] in first else len(first))
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
            exact = gross_sql("v_quantity", "v_unit_price")
            discount = "v_discount" if plan.has("discount") else None
            values["amount"] = derived_amount_sql("v_quantity", "v_unit_price", discount)
            notes.append((f"{exact} <> {exact}::DECIMAL(38,4)", "more_decimals"))
        marked = marked_sql("v_order_id", rules)
        if "amount" in values and marked and plan.has("order_id"):
            notes.append((f"{marked} AND {values['amount']} > 0", "made_negative"))
            values["amount"] = signed_sql(values["amount"], "v_order_id", rules)
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
        found += self._other_currencies(plan)
        if plan.derived_amount:
            found.append(("s_quantity IS NULL OR s_unit_price IS NULL", "amount", "missing_value"))
        if "amount" in plan.columns:
            found.append(("f_amount IS NULL", "amount", "out_of_range"))
            if refused := refused_sql("f_amount", "f_order_id", self.settings.data.returns):
                found.append((refused, "amount", "negative_amount"))
        if plan.has("score") and plan.has("score_min") and plan.has("score_max"):
            found.append(("v_score < v_score_min OR v_score > v_score_max", "score", "score_outside"))
        if self.future_from is not None and self.table.time in plan.columns:
            limit = f"TIMESTAMP '{self.future_from.isoformat(sep=' ')}'"
            found.append((f"f_{self.table.time} >= {limit}", str(self.table.time), "in_the_future"))
        return found

    def _other_currencies(self, plan: Plan) -> list[tuple[str, str, str]]:
        """A mark beside a number that says another currency than the row or the settings do."""
        home = self.settings.data.currency
        said = ["v_currency"] if plan.has("currency") else []
        said += [literal(home)] if home else []
        if not said:
            return []
        currency = f"coalesce({', '.join(said)})"
        return [
            (
                f"{item.mark} <> '' AND {currency} IS NOT NULL AND {contradicts(item.mark, currency)}",
                item.name,
                "other_currency",
            )
            for item in plan.casts
            if item.mark is not None
        ]

    def _shown(self, plan: Plan, name: str) -> str:
        if name in self.table.by_name and self.table.by_name[name].personal:
            return "NULL"  # what names or reaches a person is told to nobody who reads a report
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
        self._count_hidden(plan, raw)

    def _count_hidden(self, plan: Plan, raw: RawFile) -> None:
        """What else is wrong with refused rows, in other fields than the one they are refused for.

        A row is refused for one reason; who mends the file wants to know of all of them.
        """
        refused = "NOT __left_out AND __problem IS NOT NULL AND __problem.code <> 'total_row'"
        if not one(self.connection, f"SELECT count(*) FROM judged WHERE {refused}")[0]:
            return
        for item in plan.casts:
            cases = " ".join(f"WHEN {condition} THEN {literal(code)}" for condition, code in item.problems)
            if not cases:
                continue
            found = every(
                self.connection,
                f"SELECT code, count(*), min({ROW}), min_by(value, {ROW}) FROM (SELECT CASE {cases} END AS code, "
                f"{ROW}, {self._shown(plan, item.name)} AS value FROM judged WHERE {refused} "
                f"AND __problem.field <> {literal(item.name)}) WHERE code IS NOT NULL GROUP BY code",
            )
            for code, count, row, value in found:
                key = (_code(self.table, item.name, code), item.name)
                before = self.hidden.get(key)
                self.hidden[key] = Refusal(
                    reason=key[0],
                    field=item.name,
                    count=count + (before.count if before else 0),
                    example_file=before.example_file if before else raw.label,
                    example_row=before.example_row if before else row,
                    example_value=before.example_value if before else value,
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
            "file_cannot_be_processed",
            code="bad_file",
            file=raw.label,
            table=self.table.name,
            reason=" ".join(str(error).split())[:300],
        )


def _code(table: Table, name: str, code: str) -> str:
    """The reason in this place: an amount that is missing has other remedies than other cells."""
    missing = table.name == "transactions" and name == "amount" and code == "missing_value"
    return "missing_amount" if missing else code


def _is_time(item: Cast) -> bool:
    return item.column.type == "time"
