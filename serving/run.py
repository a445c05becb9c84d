"""Serve over HTTP: load, warm up, listen on this machine, stop cleanly when told to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from configs.errors import SettingsError
from configs.messages import system_reason
from configs.settings import ServingSettings, Settings
from serving.process import calm_threads, freeze_memory, quiet_logs, refuse_training_dependencies, release_memory

if TYPE_CHECKING:
    from serving.core import ScoringCore
    from serving.guard import Guard
    from serving.live import Live

logger = logging.getLogger("holdfast.serving")

KEEP_ALIVE_SECONDS = 5
DRAIN_SECONDS = 20


def guarded(
    app: Any,
    *,
    max_body: int,
    body_seconds: float,
    docs: bool = False,
    knows_host: Callable[[str], bool] | None = None,
) -> Guard:
    """The service's application behind its door.

    Parameters
    ----------
    app : ASGI application
        `serving.service.application`.
    max_body : int
        Largest body in bytes.
    body_seconds : float
        Longest time for a body to arrive.
    docs : bool
        Also answer ``GET /docs.json`` with the OpenAPI description.
    knows_host : callable, optional
        See `serving.hosts.known_hosts`.
    """
    from serving.guard import Guard
    from serving.service import BODIES, health

    return Guard(
        app,
        bodies=BODIES,
        health=health,
        pages=("/docs.json",) if docs else (),
        max_body=max_body,
        body_seconds=body_seconds,
        knows_host=knows_host,
    )


def serve(settings: Settings, host: str | None = None, port: int | None = None) -> None:
    """Serve scores until the process is told to stop (SIGTERM, Ctrl-C).

    Parameters
    ----------
    settings : Settings
        Where bundle and tables are, and the limits of the service.
    host, port : optional
        Where to listen; the settings' `serving.host` (loopback by default) and `serving.port` unless given.

    Raises
    ------
    BundleError
        No model, or one that must not be loaded.
    SettingsError
        The address cannot be listened on.
    """
    from models.bundle.folder import CURRENT
    from serving.snapshot import remove_dead

    def watched() -> Live:
        from serving import service
        from serving.live import Live

        remove_dead(settings.work)
        return Live(
            lambda: _warm(_load(settings)),
            canonical=settings.canonical,
            pointer=settings.bundle_store / CURRENT,
            serve=service.use_core,
        )

    try:
        _serve(watched, settings.serving, host, port)
    finally:
        remove_dead(settings.work)  # also what was being loaded when it stopped


def serve_built_in(host: str | None = None, port: int | None = None) -> None:
    """Serve the model that was built into the bento that this code lies in; otherwise like `serve`."""
    from serving.model_folder import built_in, load_built_in

    built = built_in()

    def once() -> None:
        from serving import service

        service.use_core(_warm(load_built_in(built)))

    _serve(once, built.settings.serving, host, port)


def _load(settings: Settings) -> ScoringCore:
    from serving.model_folder import load_core

    return load_core(settings)


def _warm(core: ScoringCore) -> ScoringCore:
    core.warm_up()
    return core


def _serve(load: Callable[[], Live | None], limits: ServingSettings, host: str | None, port: int | None) -> None:
    host, port = host or limits.host, port or limits.port
    calm_threads()
    refuse_training_dependencies()
    quiet_logs()
    listener = _listen(host, port)
    live: Live | None = None
    try:
        import uvicorn

        from serving import service
        from serving.hosts import known_hosts

        live = load()
        app = guarded(
            service.application(threads=limits.threads, answer_seconds=limits.answer_seconds),
            max_body=limits.max_body_mib << 20,
            body_seconds=limits.body_seconds,
            docs=limits.docs,
            knows_host=known_hosts(host, limits.allowed_hosts),
        )
        config = uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            ws="none",
        )
        freeze_memory()
        if live is not None:
            service.use_health(live.health)
            live.start()
        shown = f"[{host}]" if ":" in host else host
        logger.info("listening on http://%s:%d with model %s", shown, listener.getsockname()[1], service.model())
        _stop_quietly()
        uvicorn.Server(config).run(sockets=[listener])
        if live is not None:
            live.stop()
        live = None
        service.use_health(None)
        service.use_core(None)
        release_memory()  # or the extension modules report what they think has leaked
    finally:
        listener.close()


def _stop_quietly() -> None:
    """Let SIGTERM and Ctrl-C end in a normal return: the server stops at them and raises them once more at its end."""
    import signal
    import threading

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)


def _listen(host: str, port: int) -> Any:
    """A bound socket; taken before the model is loaded, so that a port in use is told at once."""
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SettingsError(
            "address_in_use",
            code="address_in_use",
            field="serving.port",
            value=port,
            host=host,
            reason=system_reason(error),
        ) from None
    return listener
