"""The times as a whole: dates set aside, months in which an otherwise dense log has nothing, an end that is cut off."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise

from configs.formats import number
from features.connection import every
from features.ingestion.look import Look, told
from features.ingestion.report import Finding, Severity
from features.ingestion.zones import local_day

MIN_GAP_DAYS, LOUD_GAP_DAYS = 7, 21
AROUND_DAYS = 60
EXPECTED = 40.0
"""Orders that the days around let expect in a gap: with so many, none is no chance."""
USUAL_GAPS = 0.95
TIMES_USUAL = 3
THIN_DAYS, THIN_SHARE, THIN_BEFORE = 30, 0.10, 90
NEARLY_NONE, FULL = 0.10, 0.50
YEAR, ABOUT = 365, 35
SHOWN = 3


def isolated(look: Look) -> Iterable[Finding]:
    """What was set aside because its date is far from all others."""
    for name, table in look.tables.items():
        items = [item for item in table.refusals if item.reason == "isolated_date"]
        if not items:
            continue
        count = sum(item.count for item in items)
        shown = ", ".join(sorted({str(item.example_value)[:10] for item in items}))
        example, word = items[0], look.words.get(name, "row")
        bounds = "data.first_day or data.last_day"
        remedy = (
            f"correct the source, or set {bounds} so that they lie inside"
            if name == "transactions"
            else "correct the source"
        )
        remedy_zh = (
            "请更正数据，或设置 data.first_day、data.last_day 将其包含在内" if name == "transactions" else "请更正数据"
        )
        yield told(
            "isolated_dates",
            "warning",
            (
                f"{name}: {number(count, 'en')} rows have a date far from all others (first: {example.example_file}, "
                f"{word} {example.example_row}: {shown}); they are set aside in the quarantine. To keep them {remedy}.",
                f"{name}：{number(count, 'zh')} 行的日期远离其他所有日期（首例：{example.example_file} 第 "
                f"{example.example_row} 行，{shown}），已移入隔离区。如需保留，{remedy_zh}。",
            ),
            table=name,
            setting="data.first_day" if name == "transactions" else None,
            rows=count,
            file=example.example_file,
            row=example.example_row,
            value=example.example_value,
        )
    for name, table in look.tables.items():
        dates = table.notes.get("date_emptied", 0)
        if not dates:
            continue
        yield told(
            "impossible_dates",
            "warning",
            (
                f"{name}: {number(dates, 'en')} dates beside the event's own are far from all that is possible "
                f"(1900-01-01 and the like); they are read as missing. Name such texts under data.{name}.null_values.",
                f"{name}：{number(dates, 'zh')} 个附属日期不可能成立（如 1900-01-01），按缺失处理。请将此类文本写入 "
                f"data.{name}.null_values。",
            ),
            table=name,
            setting=f"data.{name}.null_values",
            dates=dates,
        )


def gaps(look: Look) -> Iterable[Finding]:
    """Stretches of days without an order, and months with nearly none, where the days around have many."""
    days = _days(look)
    if len(days) < 2:
        return
    found = list(_empty_stretches(look, days))
    loud = [gap for gap in found if (gap[1] - gap[0]).days + 1 >= LOUD_GAP_DAYS and not _yearly(gap, found)]
    quiet = [gap for gap in found if gap not in loud]
    graded: tuple[tuple[Severity, list[tuple[date, date, float]]], ...] = (("warning", loud), ("note", quiet))
    for severity, some in graded:
        if not some:
            continue
        longest = sorted(some, key=lambda gap: gap[0] - gap[1])[:SHOWN]
        en = ", ".join(f"{first} to {last}" for first, last, _ in sorted(longest))
        zh = "、".join(f"{first} 至 {last}" for first, last, _ in sorted(longest))
        more, more_zh = (f" and {len(some) - SHOWN} more", "等") if len(some) > SHOWN else ("", "")
        expected = math.fsum(gap[2] for gap in some)
        yield told(
            "empty_days" if severity == "warning" else "days_without_orders",
            severity,
            (
                f"There is no order from {en}{more}, where the days around let expect {number(expected, 'en')}; are "
                "files missing, or was the company closed? Days that it was closed belong under data.closed.",
                f"{zh}{more_zh}没有任何订单，而按前后各天推算应有约 {number(expected, 'zh')} 个；是缺少文件，"
                "还是公司停业？停业的日子请写入 data.closed。",
            ),
            setting="data.closed",
            stretches=len(some),
            first=str(longest[0][0]),
            last=str(longest[0][1]),
            expected=round(expected),
        )
    yield from _thin_months(look, found)


def thin_end(look: Look) -> Iterable[Finding]:
    """Last weeks with hardly an order after a dense log: everybody seems silent."""
    days = _days(look)
    if len(days) < 2:
        return
    dates, sums = [day for day, _ in days], _running(days)
    start, end = dates[0], dates[-1]
    worst: tuple[float, date, int] | None = None
    for day in dates:
        after = (end - day).days
        if not THIN_DAYS <= after <= 2 * THIN_BEFORE or (day - start).days < THIN_BEFORE:
            continue
        expected = _between(dates, sums, day - timedelta(days=THIN_BEFORE - 1), day) / THIN_BEFORE * after
        seen = sums[-1] - sums[bisect_right(dates, day)]
        thin = expected >= EXPECTED and seen <= THIN_SHARE * expected
        if thin and (worst is None or expected - seen > worst[0] - worst[2]):
            worst = expected, day, seen
    if worst is None:
        return
    expected, day, seen = worst
    year = timedelta(days=YEAR)
    if day - year > start and _between(dates, sums, day - year + timedelta(days=1), end - year) <= expected / 3:
        return  # so it was a year before: a season
    after = (end - day).days
    yield told(
        "thin_end",
        "warning",
        (
            f"After {day} there are {number(seen, 'en')} orders in {after} days, where the days before let expect "
            f"{number(expected, 'en')}; if the export ends there, set data.last_day to {day}, else every customer "
            "seems silent.",
            f"{day} 之后的 {after} 天里只有 {number(seen, 'zh')} 个订单，而按此前推算应有约 {number(expected, 'zh')} "
            f"个；如果导出到此为止，请将 data.last_day 设为 {day}，否则所有客户都像是沉默了。",
        ),
        setting="data.last_day",
        day=str(day),
        orders=seen,
        expected=round(expected),
    )


def _days(look: Look) -> list[tuple[date, int]]:
    """Days of the business zone with orders, ascending, without those on which the company was closed."""
    day = local_day("ordered", look.settings.data.timezone, look.log.first, look.log.last)
    bought = "WHERE bought" if look.log.orders else ""
    return [
        (row[0], int(row[1]))
        for row in every(
            look.connection, f"SELECT {day} AS day, count(*) FROM log_orders {bought} GROUP BY 1 ORDER BY 1"
        )
    ]


def _empty_stretches(look: Look, days: Sequence[tuple[date, int]]) -> Iterable[tuple[date, date, float]]:
    """First and last day without an order and the orders to be expected, where there should be many."""
    dates, sums = [day for day, _ in days], _running(days)
    silent = sorted((after - before).days - 1 for before, after in pairwise(dates))
    usual = silent[int(USUAL_GAPS * (len(silent) - 1))]
    closed = {
        closure.first + timedelta(days=number)
        for closure in look.settings.data.closed
        for number in range((closure.last - closure.first).days + 1)
    }
    for before, after in pairwise(dates):
        stretch = [before + timedelta(days=number) for number in range(1, (after - before).days)]
        open_days = [day for day in stretch if day not in closed]
        if len(open_days) < MIN_GAP_DAYS or len(open_days) < TIMES_USUAL * usual:
            continue
        low, high = before - timedelta(days=AROUND_DAYS - 1), after + timedelta(days=AROUND_DAYS - 1)
        left = _between(dates, sums, low, before) / min(AROUND_DAYS, (before - dates[0]).days + 1)
        right = _between(dates, sums, after, high) / min(AROUND_DAYS, (dates[-1] - after).days + 1)
        # A shop that opens or fades out has many orders on one side only.
        expected = min(left, right) * len(open_days)
        if expected >= EXPECTED:
            yield open_days[0], open_days[-1], expected


def _yearly(gap: tuple[date, date, float], others: Sequence[tuple[date, date, float]]) -> bool:
    """Whether it comes at the same time of another year: a season, which the features know."""
    return any(
        abs(abs((gap[0] - other[0]).days) - YEAR * years) <= ABOUT
        for other in others
        if other is not gap
        for years in (1, 2, 3)
    )


def _thin_months(look: Look, found: Sequence[tuple[date, date, float]]) -> Iterable[Finding]:
    months = [(month.month, month.orders) for month in look.log.months]
    inner = sorted(orders for _, orders in months[1:-1])
    if len(inner) < 3:
        return
    usual = inner[len(inner) // 2]
    if usual < EXPECTED:
        return
    empty = {f"{first:%Y-%m}" for first, _, _ in found} | {f"{last:%Y-%m}" for _, last, _ in found}
    low = [
        place
        for place in range(1, len(months) - 1)
        if months[place][1] <= NEARLY_NONE * usual
        and months[place][0] not in empty
        and min(months[place - 1][1], months[place + 1][1]) >= FULL * usual
    ]
    yearly = {place for place in low if place - 12 in low or place + 12 in low}
    for place in [place for place in low if place not in yearly][:SHOWN]:
        month, orders = months[place]
        yield told(
            "thin_month",
            "warning",
            (
                f"{month} has {number(orders, 'en')} orders, where {number(usual, 'en')} a month are usual; is a part "
                "of it missing? Days on which the company was closed belong under data.closed.",
                f"{month} 只有 {number(orders, 'zh')} 个订单，而每月通常有 {number(usual, 'zh')} 个；"
                "是否缺了一部分？停业的日子请写入 data.closed。",
            ),
            setting="data.closed",
            month=month,
            orders=orders,
            usual=usual,
        )


def _running(days: Sequence[tuple[date, int]]) -> list[int]:
    sums = [0]
    for _, count in days:
        sums.append(sums[-1] + count)
    return sums


def _between(dates: Sequence[date], sums: Sequence[int], low: date, high: date) -> int:
    return sums[bisect_right(dates, high)] - sums[bisect_left(dates, low)]
