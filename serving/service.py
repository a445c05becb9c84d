"""The BentoML service: two calls, each one line around the scoring core.

`holdfast serve` sets the core before it starts (`use_core`); inside a bento the service loads the model that was
built into it. Importing this module does no work beyond declaring the service.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import bentoml
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from configs.errors import HoldfastError
from serving.answers import ModelResponse, ScoreResponse
from serving.errors import error_bytes, log_failure, request_error, status_of
from serving.guard import CHECKED, LANGUAGE, OURS, REQUEST_ID, Guard
from serving.health import Health
from serving.process import calm_threads, freeze_memory, refuse_training_dependencies, silence_bentoml
from serving.schemas import Asked, ModelRequest, ScoreRequest

if TYPE_CHECKING:
    from serving.core import ScoringCore

BODIES: dict[str, type[Asked]] = {"/v1/score": ScoreRequest, "/v1/model": ModelRequest}
"""Every call of the service and the schema of its body."""

_core: ScoringCore | None = None
_health: Callable[[], Health] | None = None


def use_core(core: ScoringCore | None) -> None:
    """Set the scoring core that the service answers from; None takes it away."""
    global _core
    _core = core


def model() -> str:
    """Id of the bundle that is served; empty without one."""
    return "" if _core is None else _core.model_version


def use_health(health: Callable[[], Health] | None) -> None:
    """Set what tells the state of the service; None: it is ready when it has a core."""
    global _health
    _health = health


def health() -> Health:
    """What /readyz says."""
    if _core is None:
        return Health(error="not_ready")
    return Health() if _health is None else _health()


class _Checked:
    """Takes the request that the guard has checked, so that a body is read once."""

    @classmethod
    async def from_http_request(cls, request: Request, serde: Any) -> Any:
        """BentoML's hook for reading a request."""
        return request.scope[CHECKED]


class ScoreInput(_Checked, ScoreRequest, bentoml.IODescriptor):  # type: ignore[misc]
    """Body of `POST /v1/score`."""


class ModelInput(_Checked, ModelRequest, bentoml.IODescriptor):  # type: ignore[misc]
    """Body of `POST /v1/model`."""


def _answer(call: Callable[[ScoringCore], BaseModel], context: bentoml.Context) -> Response:
    """Run a call and turn its answer into bytes, in the worker thread, or its error into the envelope."""
    scope = context.request.scope
    try:
        core = _core  # once: it may be replaced while the call runs
        if core is None:
            raise request_error("not_ready")
        return Response(call(core).model_dump_json().encode(), media_type="application/json")
    except HoldfastError as error:
        problem = error
        if status_of(error) >= 500:
            log_failure(error, scope[REQUEST_ID])
    except Exception as error:
        problem = request_error("internal")
        log_failure(error, scope[REQUEST_ID])
    context.response.status_code = status_of(problem)
    body = error_bytes(problem, scope[LANGUAGE], scope[REQUEST_ID])
    return Response(body, status_of(problem), {OURS[0].decode(): OURS[1].decode()}, "application/json")


@bentoml.service(
    name="holdfast",
    threads=2,
    traffic={"timeout": 60},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
)
class HoldfastService:
    """Churn risk, purchase potential and lifetime value of customers, with reasons and strategies."""

    def __init__(self) -> None:
        if _core is None:
            calm_threads()
            silence_bentoml()
            refuse_training_dependencies()
            from serving.model_folder import load_built_in

            core = load_built_in()
            core.warm_up()
            freeze_memory()
            use_core(core)

    @bentoml.api(route="/v1/score")  # type: ignore[untyped-decorator]
    def score(self, request: ScoreInput, /, context: bentoml.Context) -> ScoreResponse:
        """Score customers by id or with their own history."""
        return _answer(lambda core: core.score(request), context)  # type: ignore[return-value]

    @bentoml.api(route="/v1/model")  # type: ignore[untyped-decorator]
    def model(self, request: ModelInput, /, context: bentoml.Context) -> ModelResponse:
        """Say which model is loaded."""
        return _answer(lambda core: core.model_card(request.lang), context)  # type: ignore[return-value]


_service: Any = HoldfastService  # the decorator's object, which is untyped
_service.add_asgi_middleware(Guard, bodies=BODIES, health=health)


def application(*, threads: int, answer_seconds: float) -> Any:
    """The service as an ASGI application, without the outer guard.

    Parameters
    ----------
    threads : int
        Calls computed at once.
    answer_seconds : float
        After this an answer is given up with `timed_out`.
    """
    _service.config.update(threads=threads, traffic={"timeout": answer_seconds})
    return _service.to_asgi()
