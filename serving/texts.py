"""What the service says to its callers, from `configs/texts/errors_answers.yaml` and `configs/texts/service.yaml`."""

from __future__ import annotations

from typing import Final

from configs.catalogue import LANGUAGES, pairs, section


def _errors() -> dict[str, dict[str, tuple[str, str]]]:
    parts = {lang: section("errors_answers", lang) for lang in LANGUAGES}
    return {
        code: {lang: (parts[lang][code]["message"], parts[lang][code]["remedy"]) for lang in LANGUAGES}
        for code in parts["en"]
    }


ERRORS: Final = _errors()
"""Message and remedy by error code and language; placeholders are filled from the error's place."""
PROBLEMS: Final = pairs("service", "problems")
"""What is wrong with a field, by the validator's own type; in English and Chinese."""
OTHER_PROBLEM: Final = PROBLEMS.pop("other")
DATA_WARNINGS: Final = pairs("service", "warnings")
"""What the data of an answer lacks, by code; in English and Chinese."""
