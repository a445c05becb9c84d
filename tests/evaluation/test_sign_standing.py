"""Which signs warn is learned from the company's own closed windows, beside customers alike and beside all."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from configs.settings import Settings
from evaluation.sign_standing import learn_standing, standing
from features.engine import order_events, tables_from_arrow
from tests.evaluation.test_warning_check import END, START, steps


def history(*groups: tuple[int, float, list[str], float]) -> pd.DataFrame:
    """Customers of every group: how many, orders so far, signs, share that ordered."""
    rows = []
    for number, orders, signs, share in groups:
        ordered = np.arange(number) < round(share * number)
        rows += [(f"{orders}-{signs}-{k}", orders, signs, float(ordered[k])) for k in range(number)]
    return pd.DataFrame(rows, columns=["customer_id", "orders_ever", "signs", "ordered"])


def test_a_sign_stays_where_its_customers_leave_clearly_more_often() -> None:
    found = standing(
        history(
            (1_000, 12.0, [], 0.9),
            (200, 12.0, ["overdue"], 0.6),
            (200, 12.0, ["satisfaction_falling"], 0.86),
            (20, 12.0, ["cart_abandoned"], 0.1),
        )
    )
    assert found.keys() == {"overdue", "satisfaction_falling"}
    assert found["overdue"].stays and not found["satisfaction_falling"].stays
    assert (found["overdue"].warned, round(found["overdue"].lost, 2), round(found["overdue"].alike, 2)) == (
        200,
        0.4,
        0.1,
    )


def test_who_comes_once_is_compared_with_others_who_come_once() -> None:
    once = [(1_000, 1.0, [], 0.3), (300, 1.0, ["overdue_few"], 0.3), (1_000, 12.0, [], 0.9)]
    # twice the odds of all others, and yet the sign says nothing: all first-time buyers leave as often
    assert not standing(history(*once))["overdue_few"].stays
    once[1] = (300, 1.0, ["overdue_few"], 0.15)
    assert standing(history(*once))["overdue_few"].stays
    # regular customers who fall silent come back more often than the crowd of first-time buyers
    crowd = [(5_000, 1.0, [], 0.3), (1_000, 12.0, [], 0.9), (200, 12.0, ["overdue"], 0.5)]
    record = standing(history(*crowd))["overdue"]
    assert record.stays and record.lost < record.others


def test_windows_that_have_not_closed_teach_nothing() -> None:
    table = history((100, 5.0, [], 0.9), (100, 5.0, ["overdue"], 0.1))
    assert standing(table.assign(ordered=np.nan)) == {}


def test_nothing_after_the_moment_is_learned_from(settings: Settings) -> None:
    leaving = {f"l{k}": 150 + 3 * k for k in range(120)}
    whole = steps({f"s{k}": 10_000 for k in range(100)} | leaving)
    moment = START + timedelta(days=420)
    found = []
    for until in (END, moment):
        kept = whole.filter(np.array([at < until for at in whole["occurred_at"].to_pylist()]))
        with tables_from_arrow({"transactions": kept}) as tables:
            found.append(learn_standing(tables, order_events(tables, END), moment, settings))
    assert found[0] == found[1] and found[0]["overdue"].stays
    with tables_from_arrow({"transactions": whole}) as tables:
        assert learn_standing(tables, order_events(tables, END), datetime(2021, 3, 1), settings) == {}
