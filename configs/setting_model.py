"""What every group of settings is made of, and spans of days, which several of them have."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from configs.catalogue import phrase


class Model(BaseModel):
    """Base of all settings: unknown keys fail, values are not shown in errors' internals, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Closure(Model):
    """A span of days, the first and the last included."""

    first: date
    last: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError(phrase("phrases.last_before_first"))
        return self
