"""Words of the ingestion in both languages: reasons of refusal, notes, labels of the data report."""

from __future__ import annotations

import re
from dataclasses import dataclass

from configs.catalogue import pairs


@dataclass(frozen=True)
class Text:
    """One text in both languages."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """The text in one language."""
        return self.zh if language == "zh" else self.en

    def halves(self, language: str) -> tuple[str, str]:
        """What is wrong and what to do about it: the parts before and after the first semicolon."""
        first, _, second = re.sub(r";\s*|；", "\0", self.of(language), count=1).partition("\0")
        return first, second


def _texts(part: str) -> dict[str, Text]:
    """The entries of one part of `configs/texts/ingestion.yaml`."""
    return {code: Text(*words) for code, words in pairs("ingestion", part).items()}


REASONS: dict[str, Text] = _texts("reasons")
"""Reason code → why a row is refused, with the remedy."""

BY_SETTING = frozenset({"nobody", "before_first_day", "after_last_day", "repeated_line"})
"""Reasons that a setting gives: such rows are wanted out."""
APART = frozenset({"null_customer", "repeated_row", "total_row", "alias_row"}) | BY_SETTING
"""Reasons that do not count towards `max_refused_share`: they have their own limit or need none."""

NOTES: dict[str, Text] = _texts("notes")
"""Note code → what was done, with how often."""

SAID = (
    "empty_rows", "no_line_end", "other_delimiter", "marked_encoding", "loose_header", "beside", "filled_down",
    "day_first", "month_first", "year_first", "epoch_time", "mixed_decimals", "mixed_dates", "decimal_point",
    "decimal_comma", "date_emptied", "ids_in_case", "ids_in_width", "ids_in_zeros",
)  # fmt: skip
"""Notes that are said on the console too, because they tell how the files were understood and what may be wrong."""

LABELS: dict[str, Text] = _texts("labels")
"""Labels of the report."""
