"""Attributes that were written with what happened later are found and left out; those that only tell much stay."""

import random
from datetime import datetime, timedelta

import pytest

from configs.settings import Settings
from features.engine import feature_set_for, open_tables
from features.ingestion import ingest

DAYS, END = 540, datetime(2024, 6, 24)


def company(folder, attribute, *, seed=4, fixed=(), column="member_level", plans=False):
    """A log of customers who come at their own pace and leave, and a customers table with one attribute.

    `attribute` gives its value from the customer's own kind and from all times of the customer's orders.
    """
    rng = random.Random(seed)
    orders, people = [], []
    for customer in range(900):
        kind = rng.random() < 0.3
        pace = rng.gammavariate(2, 15) / (3 if kind else 1) + 4
        time, leaves = rng.uniform(0, DAYS * 0.6), rng.expovariate(1 / 300)
        end, times = min(DAYS, time + leaves), []
        while time < end:
            times.append(time)
            time += rng.normalvariate(180, 6) if plans and kind else rng.gammavariate(1.5, pace / 1.5)
        for time in times:
            moment = END - timedelta(days=DAYS) + timedelta(seconds=int(time * 86_400))
            orders.append(f"{customer:04d},{customer:04d}-{time:.3f},{moment},10\n")
        people.append(f"{customer:04d},{attribute(kind, times, rng)}\n")
    (folder / "orders.csv").write_text("customer_id,order_id,occurred_at,amount\n" + "".join(orders))
    (folder / "customers.csv").write_text(f"customer_id,{column}\n" + "".join(people))
    data = {"transactions": {"path": "orders.csv"}, "customers": {"path": "customers.csv"}, "fixed_attributes": fixed}
    report = ingest(Settings(data=data, targets={"horizon_days": 60}, workdir=folder / "work", root=folder))
    with open_tables(folder / "work" / "canonical") as tables:
        return report, set(feature_set_for(tables).names)


def codes(report):
    return {finding.code: finding for finding in report.findings}


WITH_HINDSIGHT = {
    "level of the last quarter": lambda kind, times, rng: sum(time > DAYS - 90 for time in times) // 2,
    "level of all orders": lambda kind, times, rng: "gold" if len(times) > 15 else "silver" if len(times) > 6 else "",
    "channel of the active": lambda kind, times, rng: rng.choice("abc") if times and times[-1] > DAYS - 90 else "",
    "status": lambda kind, times, rng: "active" if times and times[-1] > DAYS - 60 else "inactive",
}


@pytest.mark.parametrize("attribute", WITH_HINDSIGHT.values(), ids=WITH_HINDSIGHT)
def test_what_was_written_with_hindsight_is_told_and_is_no_feature(tmp_path, attribute):
    report, names = company(tmp_path, attribute)
    finding = codes(report)["knows_the_future"]
    assert (finding.severity, finding.setting) == ("warning", "data.fixed_attributes")
    assert finding.figures["column"] == "member_level"
    assert "member_level" not in names and "orders_ever" in names


def test_the_setting_keeps_it(tmp_path):
    report, names = company(tmp_path, WITH_HINDSIGHT["status"], fixed=["member_level"])
    assert "knows_the_future" not in codes(report)
    assert "member_level" in names


def test_an_attribute_of_another_name_that_is_emptied_when_a_customer_leaves(tmp_path):
    _, names = company(tmp_path, WITH_HINDSIGHT["channel of the active"], column="region")
    assert "region" not in names


ORDINARY = {
    "kind that buys three times as often": lambda kind, times, rng: "enterprise" if kind else "individual",
    "chance": lambda kind, times, rng: rng.choice("abcdefgh"),
    "a value of its own for each": lambda kind, times, rng: rng.randrange(400),
    "level at the first order": lambda kind, times, rng: "gold" if times and times[0] < 100 else "silver",
}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("attribute", ORDINARY.values(), ids=ORDINARY)
def test_what_was_always_so_stays(tmp_path, attribute, seed):
    report, names = company(tmp_path, attribute, seed=seed)
    assert "knows_the_future" not in codes(report)
    assert "member_level" in names


def test_a_plan_that_decides_the_rhythm_stays(tmp_path):
    report, _ = company(tmp_path, ORDINARY["kind that buys three times as often"], column="customer_type", plans=True)
    assert "knows_the_future" not in codes(report)
