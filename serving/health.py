"""What /readyz says: whether customers can be scored, and what is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Health:
    """State of a service.

    Attributes
    ----------
    error : str or None
        Code of the error (503) where the service cannot do its work.
    degraded : tuple of str
        What failed although the service works, by code: it goes on with the model and the data that it had.
    stale : bool
        Whether the data are older than `serving.stale_after_days` by the clock.
    """

    error: str | None = None
    degraded: tuple[str, ...] = ()
    stale: bool = False

    def said(self) -> dict[str, Any]:
        """The body of the answer 200.

        Examples
        --------
        >>> Health().said(), Health(degraded=("reload_failed",), stale=True).said()
        ({'status': 'ready'}, {'status': 'degraded', 'reasons': ['reload_failed', 'stale_data']})
        """
        reasons = [*self.degraded, *(["stale_data"] if self.stale else [])]
        if not reasons:
            return {"status": "ready"}
        return {"status": "degraded" if self.degraded else "stale", "reasons": reasons}
