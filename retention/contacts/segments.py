"""Segments: named conditions over the scores table, and audiences made of them.

`configs/segments.yaml` comes along (the classic RFM names among it); `retention.segments` names a company's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from configs.errors import DataError, InputError, SettingsError
from configs.resources import ROOM
from configs.settings import Settings
from configs.spreadsheets import is_formula
from retention.conditions.consent import allowed_channels
from retention.conditions.expressions import Condition, Table, parse_condition
from retention.conditions.fields import CHANNELS
from retention.contacts.hashed import Hashes
from retention.experiments.holdout import HELD_OUT
from retention.strategies.catalogue import read_entries
from retention.strategies.catalogue_entries import Text
from retention.strategies.choice import with_profile

DEFAULT = ROOM / "segments.yaml"
Mask = NDArray[np.bool_]
TOLD = ("customer_id", "segment", "churn_probability", "lifetime_value", "region", "country")
"""What an audience tells of each customer, unless it is asked for otherwise."""


class Segment(BaseModel):
    """A named condition; a primary one is shown with the customer."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{1,47}$")
    name: Text
    description: Text
    when: dict[str, Any]
    primary: bool = False
    _when: Condition = PrivateAttr()

    @property
    def condition(self) -> Condition:
        """Who belongs to it."""
        return self._when


class SegmentFile(BaseModel):
    """All segments in their order."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    version: Literal[1]
    segments: tuple[Segment, ...] = Field(min_length=1)

    def __getitem__(self, code: str) -> Segment:
        for segment in self.segments:
            if segment.code == code:
                return segment
        raise KeyError(code)

    @property
    def codes(self) -> list[str]:
        """Codes in the order of the file."""
        return [segment.code for segment in self.segments]

    @property
    def fields(self) -> set[str]:
        """Columns that the conditions ask for."""
        return {name for segment in self.segments for name in segment.condition.fields}


def load_segments(settings: Settings | None = None) -> SegmentFile:
    """Read and check the segments.

    Raises
    ------
    SettingsError
        File missing, not YAML, an entry that breaks the schema, a condition on an unknown column, a code used twice.
    """
    own = settings.retention.segments if settings is not None else None
    path = DEFAULT if own is None or settings is None else settings.path(own)
    found = read_entries(path, "segments_file", SegmentFile, "segments")
    for segment in found.segments:
        place = f"{path.name}, segment {segment.code}"
        segment._when = parse_condition(segment.when, place=f"{place}, when")
        if "segment" in segment._when.fields:
            raise SettingsError("segment_asks_for_segment", place=place)
    return found


def assign_segments(scores: pd.DataFrame, segments: SegmentFile) -> pd.Series[Any]:
    """The primary segment of every customer: the first whose condition holds, None where none does.

    Returns
    -------
    Series of str, index of `scores`
    """
    table = Table(scores)
    found = np.full(len(scores), None, dtype=object)
    open_rows = np.ones(len(scores), dtype=np.bool_)
    for segment in segments.segments:
        if segment.primary:
            hit = segment.condition.holds(table) & open_rows
            found[hit] = segment.code
            open_rows &= ~hit
    return pd.Series(found, index=scores.index, dtype="object", name="segment")


def segment_members(scores: pd.DataFrame, segments: SegmentFile) -> dict[str, Mask]:
    """Members of every segment, primary or not; an array of shape (n,) per code.

    A primary segment has those customers that `assign_segments` gives it, so that they do not overlap.
    """
    primary = assign_segments(scores, segments).to_numpy(dtype=object)
    table = Table(scores)
    return {
        segment.code: np.asarray(primary == segment.code) if segment.primary else segment.condition.holds(table)
        for segment in segments.segments
    }


@dataclass(frozen=True)
class Audience:
    """What an export wrote.

    Attributes
    ----------
    path : Path
        The file.
    segment, channel : str
        What was asked for.
    members : int
        Customers of the segment.
    written : int
        Rows of the file.
    left_out : dict of str to int
        Customers left out, by reason (`no_consent`, `complaint_open`, `held_out`, `no_address`).
    escaped : int
        Cells of a CSV file that begin like a formula and were given an apostrophe.
    """

    path: Path
    segment: str
    channel: str
    members: int
    written: int
    left_out: dict[str, int]
    escaped: int


def choose_audience(
    scores: pd.DataFrame,
    segments: SegmentFile,
    segment: str,
    path: Path,
    *,
    channel: str = "email",
    profile: pd.DataFrame | None = None,
    assignment: pd.Series[Any] | None = None,
    columns: tuple[str, ...] | Hashes = TOLD,
) -> tuple[pd.DataFrame, Audience]:
    """The customers of a segment who may be approached through a channel, and what is told of them.

    Parameters
    ----------
    scores : DataFrame
        The scores table.
    segments : SegmentFile
        From `load_segments`.
    segment : str
        Code of the segment.
    path : Path
        The `.csv` or `.parquet` file that they will be written to; rows are sorted by customer_id.
    channel : str
        A channel of `CHANNELS`, or `ads` (any consent will do).
    profile : DataFrame, optional
        Customers table; brings consent and further columns.
    assignment : Series, optional
        Arm per row (`retention.experiments.effects.assign_holdout`); those held out are left out.
    columns : tuple of str, or Hashes
        Columns to write; absent ones are skipped, customer_id is always there. Or nothing but the hashes of e-mail
        address and telephone number by which advertising platforms find people; customers with neither are left out.

    Raises
    ------
    InputError
        Unknown segment, channel or file type; no consent column anywhere; nothing to hash.
    """
    if segment not in segments.codes:
        raise InputError("segment_unknown", value=segment, names=", ".join(segments.codes))
    if channel not in (*CHANNELS, "ads"):
        raise InputError("channel_unknown", channel=channel, names=", ".join((*CHANNELS, "ads")))
    if path.suffix not in (".csv", ".parquet"):
        raise InputError("audience_file_ending_unknown", file=str(path), suffix=path.suffix, name=path.name)
    further = () if isinstance(columns, Hashes) else columns
    table = with_profile(scores, profile)
    table = table.assign(segment=assign_segments(table, segments).to_numpy())
    if profile is not None:
        known = profile.drop_duplicates("customer_id", keep="last").set_index("customer_id")
        wanted = [name for name in ("consent", *further) if name in known.columns and name not in table.columns]
        added = known[wanted].reindex(table["customer_id"].to_numpy())
        table = table.assign(**{name: added[name].to_numpy() for name in wanted})
    if "consent" not in table.columns:
        raise DataError("consent_unknown", field="consent")
    members = segment_members(table, segments)[segment]
    allowed = allowed_channels(table)
    agreed = np.asarray(allowed.any(axis=1) if channel == "ads" else allowed[:, CHANNELS.index(channel)])
    left_out: dict[str, int] = {}
    kept = members.copy()

    def leave_out(reason: str, mask: Mask) -> None:
        left_out[reason] = int((kept & mask).sum())
        kept[mask] = False

    leave_out("no_consent", np.logical_not(agreed))
    if "open_complaints" in table.columns:
        complaints = table["open_complaints"].fillna(0).to_numpy(dtype=np.float64)
        leave_out("complaint_open", np.greater_equal(complaints, 1))
    if assignment is not None:
        leave_out("held_out", np.asarray([arm == HELD_OUT for arm in assignment], dtype=np.bool_))
    if isinstance(columns, Hashes):
        keys = columns.of(profile, table["customer_id"].tolist())
        leave_out("no_address", keys.isna().all(axis=1).to_numpy())
        audience = keys[kept].sort_values(list(keys.columns), kind="stable", ignore_index=True)
        return audience, Audience(path, segment, channel, int(members.sum()), len(audience), left_out, 0)
    names = ["customer_id", *(name for name in columns if name in table.columns and name != "customer_id")]
    audience = table.loc[kept, names].sort_values("customer_id", kind="stable").reset_index(drop=True)
    audience["segment"] = segment
    cells = (value for name in names for value in audience[name].tolist())
    escaped = sum(map(is_formula, cells)) if path.suffix == ".csv" else 0
    return audience, Audience(path, segment, channel, int(members.sum()), len(audience), left_out, escaped)
