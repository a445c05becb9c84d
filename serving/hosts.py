"""By which names a service may be called: those that cannot be a stranger's who points his name at this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def host_name(header: str) -> str:
    """The name of a Host header: without port and brackets, in small letters; empty where it is not one name.

    Examples
    --------
    >>> [host_name(text) for text in ("LocalHost:3000", "[::1]:3000", "10.0.0.7", "a, b", "a:b:c")]
    ['localhost', '::1', '10.0.0.7', '', '']
    """
    text = header.strip().lower()
    if text.startswith("["):
        name, bracket, port = text[1:].partition("]")
        whole = bool(bracket) and (port == "" or _is_port(port))
        return name if whole and _address(name) is not None else ""
    name, colon, port = text.partition(":")
    if (colon and not _is_port(":" + port)) or any(not (sign.isalnum() or sign in "-._") for sign in name):
        return ""
    return name.removesuffix(".")


def known_hosts(bound: str, allowed: Iterable[str]) -> Callable[[str], bool]:
    """Whether a service that listens on `bound` may be called by a name.

    It may by the names of this machine's loopback, by the address it listens on and by the names that are allowed
    (``*``: all). One that listens on all addresses may be called by any address: a stranger can give a name to this
    machine, but no number.

    Examples
    --------
    >>> knows = known_hosts("0.0.0.0", ["scores.example.com"])
    >>> [knows(name) for name in ("localhost", "10.1.2.3", "scores.example.com", "evil.example.com", "")]
    [True, True, True, False, False]
    """
    names = LOOPBACK | {bound.strip("[]").lower()} | {name.strip("[]").lower().removesuffix(".") for name in allowed}
    everywhere = (address := _address(bound)) is not None and address.is_unspecified

    def knows(name: str) -> bool:
        if not name:
            return "*" in names
        return name in names or "*" in names or (everywhere and _address(name) is not None)

    return knows


def _is_port(text: str) -> bool:
    return text[:1] == ":" and text[1:].isascii() and text[1:].isdigit() and len(text) <= 6


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
