"""Contacts recorded from work lists become treatments, beside the company's own or alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from configs.settings import Settings, load_settings
from features.ingestion import ingest, up_to_date
from pipelines.event_file import EventFile
from retention.contacts.events import Event

OWN = {
    "none": None,
    "without ids": pd.DataFrame(
        {"customer_id": ["A"], "treated_at": ["2024-01-05"], "strategy": ["greeting_gift"], "arm": ["treated"]}
    ),
}
OWN["with ids"] = OWN["without ids"].assign(treatment_id="T1", cost=2.5)  # type: ignore[union-attr]


@pytest.fixture(params=list(OWN))
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    pd.DataFrame(
        {
            "customer_id": ["A", "B"],
            "order_id": ["1", "2"],
            "occurred_at": ["2024-01-01", "2024-01-02"],
            "amount": [1, 2],
        }
    ).to_csv(tmp_path / "orders.csv", index=False)
    pd.DataFrame({"alias_id": ["OLD"], "customer_id": ["B"]}).to_csv(tmp_path / "aliases.csv", index=False)
    text = "data:\n  transactions: {path: orders.csv}\n  aliases: {path: aliases.csv}\n"
    own = OWN[request.param]
    if own is not None:
        own.to_csv(tmp_path / "treatments.csv", index=False)
        text += "  treatments: {path: treatments.csv}\n"
    (tmp_path / "holdfast.yaml").write_text(text)
    return load_settings(tmp_path / "holdfast.yaml")


def test_recorded_contacts_are_treatments(settings: Settings) -> None:
    before = ingest(settings)
    own = settings.data.treatments is not None
    assert up_to_date(settings) is not None
    facts = {"strategy": "regular_contact", "outcome": "reached"}
    EventFile(settings).append(
        [
            Event("worklist", "1", "outcome", "OLD", date(2024, 1, 3), facts),
            Event("worklist", "2", "left_alone", "A", date(2999, 1, 3), {"strategy": "regular_contact"}),
        ]
    )
    assert up_to_date(settings) is None, "the next command reads them"
    after = ingest(settings)
    assert not after.reused and before.tables != after.tables
    rows = pd.read_parquet(settings.canonical / "treatments.parquet").sort_values(["customer_id", "treated_at"])
    told = rows[["customer_id", "strategy", "arm"]].to_numpy().tolist()
    wanted = [["A", "regular_contact", "held_out"], ["B", "regular_contact", "treated"]]
    assert told == ([["A", "greeting_gift", "treated"]] if own else []) + wanted
    assert rows["treatment_id"].is_unique and rows["treatment_id"].notna().all()
    assert rows["outcome"].dropna().tolist() == ["reached"]
    table = after.tables["treatments"]
    assert table.rows_in == table.rows_kept == len(rows)
    assert up_to_date(settings) is not None
