"""A date means midnight in the business zone."""

from datetime import datetime

import pytest

from configs.errors import SettingsError
from configs.timestamps import format_moment, parse_moment


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2011-09-10", "UTC", datetime(2011, 9, 10)),
        ("2011-09-10", "Asia/Shanghai", datetime(2011, 9, 9, 16)),
        ("2011-09-10T08:30+02:00", "Asia/Shanghai", datetime(2011, 9, 10, 6, 30)),
        ("1988-07-01", "Asia/Shanghai", datetime(1988, 6, 30, 15)),  # summer time was in force
    ],
)
def test_moments_are_utc(text: str, zone: str, expected: datetime) -> None:
    moment = parse_moment(text, zone, field="--as-of")
    assert moment == expected
    if "+" not in text:
        assert format_moment(moment, zone) == text


def test_a_wrong_date_gets_one_sentence() -> None:
    with pytest.raises(SettingsError, match="--as-of '2011-13-01' is not a date; write it like 2011-09-10"):
        parse_moment("2011-13-01", "UTC", field="--as-of")
