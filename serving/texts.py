"""What the service says to its callers, from `configs/texts/errors_answers.yaml` and `configs/texts/service.yaml`."""

from __future__ import annotations

from typing import Final

from configs.catalogue import error_texts, pairs, section

ERRORS: Final = {code: error_texts()[code] for code in section("errors_answers", "en")}
"""Message and remedy by error code and language; placeholders are filled from the error's place."""
PROBLEMS: Final = pairs("service", "problems")
"""What is wrong with a field, by the validator's own type; in English and Chinese."""
OTHER_PROBLEM: Final = PROBLEMS.pop("other")
DATA_WARNINGS: Final = pairs("service", "warnings")
"""What the data of an answer lacks, by code; in English and Chinese."""
