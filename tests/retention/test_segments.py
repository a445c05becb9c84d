from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from configs.errors import DataError, InputError, SettingsError
from configs.files import atomic_path
from configs.settings import DataSettings, RetentionSettings, Settings, SourceSettings
from configs.spreadsheets import put_table
from retention.conditions.consent import parse_consent
from retention.contacts.hashed import Hashes
from retention.contacts.segments import (
    Audience,
    SegmentFile,
    assign_segments,
    choose_audience,
    load_segments,
    segment_members,
)
from tests.retention.random_scores import random_scores


def exported(*arguments: Any, **options: Any) -> Audience:
    """An audience with its file, written as the command does."""
    rows, told = choose_audience(*arguments, **options)
    with atomic_path(told.path, private=True) as aside:
        put_table(rows, aside)
    return told


@pytest.fixture(scope="module")
def segments() -> SegmentFile:
    return load_segments()


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    return random_scores(3_000)


def own(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    source = SourceSettings(path=Path("orders.parquet"))
    return Settings(data=DataSettings(transactions=source), retention=RetentionSettings(segments=path))


def test_the_classic_names_are_there_and_texts_are_complete(segments: SegmentFile) -> None:
    classic = {"champions", "loyal", "potential_loyalists", "new_customers", "promising", "need_attention"}
    classic |= {"about_to_sleep", "at_risk", "cannot_lose", "hibernating", "lost"}
    assert classic <= set(segments.codes)
    for segment in segments.segments:
        for text in (segment.name, segment.description):
            assert 0 < len(text.en) <= 120 and 0 < len(text.zh) <= 120 and "{" not in text.en + text.zh


def test_primary_segments_divide_everyone(segments: SegmentFile, scores: pd.DataFrame) -> None:
    primary = assign_segments(scores, segments)
    assert primary.notna().all()
    assert set(primary) | {"others"} == {segment.code for segment in segments.segments if segment.primary}
    members = segment_members(scores, segments)
    together = np.sum([members[segment.code] for segment in segments.segments if segment.primary], axis=0)
    assert (together == 1).all()


def test_a_customer_lands_where_the_words_say(segments: SegmentFile) -> None:
    rows = pd.DataFrame(
        {
            "stage": ["prospect", "lost", "loyal", "loyal", "first_time", "lost", "loyal", "at_risk"],
            "overall_value_tier": ["unknown", "high", "high", "medium", "low", "low", "medium", "medium"],
            "purchasing_power_tier": ["unknown", "high", "high", "medium", "low", "low", "medium", "medium"],
            "purchase_frequency_tier": ["unknown", "low", "high", "medium", "low", "low", "medium", "medium"],
            "churn_risk_tier": ["unknown", "high", "low", "low", "medium", "high", "high", "high"],
            "tenure_tier": ["new", "existing", "existing", "existing", "new", "existing", "existing", "existing"],
        }
    )
    expected = ["prospects", "cannot_lose", "champions", "loyal", "new_customers", "lost", "loyal", "at_risk"]
    assert assign_segments(rows, segments).tolist() == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "version: 1\nsegments: [{code: a1, name: {en: a, zh: b}, description: {en: a, zh: b}}]",
            "segment a1, when: is missing",
        ),
        (
            "version: 1\nsegments: [{code: a1, name: {en: a, zh: b}, description: {en: a, zh: b}, when: {segment: x}}]",
            "a segment cannot ask for 'segment'",
        ),
        (
            "version: 1\nsegments: [{code: a1, name: {en: a, zh: b}, description: {en: a, zh: b}, when: {tier: x}}]",
            "mine.yaml, segment a1, when: 'tier' is not a known column",
        ),
        ("version: 1", "segments: is missing"),
        ("[]", "is empty or not a mapping"),
    ],
)
def test_a_broken_file_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_segments(own(tmp_path, text))
    assert message in str(caught.value)


def test_audience_honours_consent_complaints_and_holdout(
    tmp_path: Path, segments: SegmentFile, scores: pd.DataFrame
) -> None:
    arms = pd.Series(np.where(np.arange(len(scores)) % 10 == 0, "held_out", "treated"), index=scores.index)
    audience = exported(scores, segments, "unhappy", tmp_path / "a.csv", channel="sms", assignment=arms)
    written = pd.read_csv(audience.path, dtype={"customer_id": str})
    back = scores.set_index("customer_id").loc[written["customer_id"]]
    assert (back["consent"] == "yes").all()
    assert (back["open_complaints"] < 1).all()
    assert (arms.set_axis(scores["customer_id"])[written["customer_id"]] == "treated").all()
    assert audience.members == audience.written + sum(audience.left_out.values())
    assert min(audience.left_out.values()) > 0 and written["customer_id"].is_monotonic_increasing
    by_mail = exported(scores, segments, "unhappy", tmp_path / "b.parquet", channel="email")
    assert by_mail.written > audience.written  # consent to e-mail alone counts here
    assert set(pd.read_parquet(by_mail.path)["segment"]) == {"unhappy"}


def test_formulas_are_escaped_in_csv_and_left_in_parquet(tmp_path: Path, segments: SegmentFile) -> None:
    frame = pd.DataFrame(
        {
            "customer_id": ["1", "2", "3", "4"],
            "stage": "prospect",
            "consent": "yes",
            "region": ["=HYPERLINK(1)", "@SUM(A1)", "＝1+1", "Lyon"],
            "churn_probability": [-0.5, 0.1, 0.2, 0.3],
        }
    )
    audience = exported(frame, segments, "prospects", tmp_path / "a.csv")
    assert audience.path.read_bytes().startswith(b"\xef\xbb\xbf") and audience.path.stat().st_mode & 0o777 == 0o600
    lines = list(csv.reader(audience.path.read_text(encoding="utf-8-sig").splitlines()))
    assert lines == [
        ["customer_id", "segment", "churn_probability", "region"],
        ["1", "prospects", "-0.5", "'=HYPERLINK(1)"],
        ["2", "prospects", "0.1", "'@SUM(A1)"],
        ["3", "prospects", "0.2", "'＝1+1"],
        ["4", "prospects", "0.3", "Lyon"],
    ]
    assert audience.escaped == 3
    raw = exported(frame, segments, "prospects", tmp_path / "a.parquet")
    assert raw.escaped == 0 and pd.read_parquet(raw.path)["region"][0] == "=HYPERLINK(1)"


def test_hashed_contacts_are_those_that_platforms_match(
    tmp_path: Path, segments: SegmentFile, scores: pd.DataFrame
) -> None:
    """Only of customers who agreed to be reached that way, and nothing that names anybody."""
    table = scores.drop(columns=[name for name in ("consent",) if name in scores.columns])
    consent = np.array(["yes", "email", "sms", "no", "yes"], dtype=object)[np.arange(len(table)) % 5]
    profile = pd.DataFrame(
        {
            "customer_id": table["customer_id"],
            "consent": consent,
            "email": [f" {name}@Example.COM " for name in table["customer_id"]],
            "phone": np.where(np.arange(len(table)) % 5 == 4, "?", "138 0013 8000"),
        }
    )
    file = tmp_path / "audience.csv"
    done = exported(table, segments, "champions", file, channel="ads", profile=profile, columns=Hashes("86"))
    rows = pd.read_csv(file)
    assert list(rows.columns) == ["email_sha256", "phone_sha256", "phone_digits_sha256"]
    members = profile[segment_members(table, segments)["champions"]]
    asked = table.set_index("customer_id")["open_complaints"].fillna(0)
    agreed = members[members["consent"].isin(["yes", "email"]) & (asked[members["customer_id"]].to_numpy() < 1)]
    wanted = {hashlib.sha256(f"{name.lower()}@example.com".encode()).hexdigest() for name in agreed["customer_id"]}
    assert len(wanted) > 20 and set(rows["email_sha256"].dropna()) == wanted
    assert set(rows["phone_sha256"].dropna()) == {hashlib.sha256(b"+8613800138000").hexdigest()}
    assert set(rows["phone_digits_sha256"].dropna()) == {hashlib.sha256(b"8613800138000").hexdigest()}
    assert rows["phone_sha256"].isna().sum() > 0 and done.written == len(rows)
    with pytest.raises(DataError, match="has neither 'email' nor 'phone'"):
        exported(table, segments, "champions", file, profile=profile[["customer_id", "consent"]], columns=Hashes())


def test_refusals(tmp_path: Path, segments: SegmentFile, scores: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="segment 'vip' is not known; use one of prospects"):
        exported(scores, segments, "vip", tmp_path / "a.csv")
    with pytest.raises(InputError, match="channel 'fax' is not known"):
        exported(scores, segments, "lost", tmp_path / "a.csv", channel="fax")
    with pytest.raises(InputError, match=r"use \.csv or \.parquet"):
        exported(scores, segments, "lost", tmp_path / "a.xlsx")
    with pytest.raises(DataError, match="nobody may be put into an audience; map it under"):
        exported(scores.drop(columns="consent"), segments, "lost", tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_segment_may_ask_for_the_customers_table(tmp_path: Path, scores: pd.DataFrame) -> None:
    text = """version: 1
segments:
  - code: anns
    primary: true
    name: {en: Anns, zh: 安的客户}
    description: {en: Hers., zh: 她的客户。}
    when: {owner: Ann}
"""
    profile = pd.DataFrame({"customer_id": scores["customer_id"], "owner": "Bob"})
    profile.loc[:9, "owner"] = "Ann"
    audience = exported(
        scores, load_segments(own(tmp_path, text)), "anns", tmp_path / "a.csv", channel="ads", profile=profile
    )
    assert audience.members == 10


def test_consent_from_the_profile(tmp_path: Path, segments: SegmentFile, scores: pd.DataFrame) -> None:
    bare = scores.drop(columns="consent")
    profile = pd.DataFrame({"customer_id": scores["customer_id"].iloc[:500], "consent": "同意", "country": "CN"})
    audience = exported(bare, segments, "others", tmp_path / "a.csv", profile=profile, channel="ads")
    written = pd.read_csv(audience.path, dtype={"customer_id": str})
    assert set(written["customer_id"]) <= set(profile["customer_id"]) and (written["country"] == "CN").all()


@pytest.mark.parametrize(
    ("text", "channels"),
    [
        ("YES", 5),
        ("是", 5),
        ("no", 0),
        ("", 0),
        (None, 0),
        (float("nan"), 0),
        ("email", 1),
        ("Email；短信|phone", 3),
        ("微信", 1),
        ("perhaps", 0),
        (True, 5),
        (0, 0),
    ],
)
def test_parse_consent(text: object, channels: int) -> None:
    assert len(parse_consent(text)) == channels
