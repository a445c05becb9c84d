"""`python -m serving`: serve the model that is built into a bento, behind the guard, without BentoML's own server."""

from __future__ import annotations

import argparse
import sys

from configs.errors import HoldfastError


def main(arguments: list[str] | None = None) -> int:
    """Parse the address and serve until stopped; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m serving", description=__doc__)
    parser.add_argument("--host", help="address to listen on; this machine only unless set")
    parser.add_argument("--port", type=int, help="port to listen on")
    given = parser.parse_args(arguments)
    try:
        from serving.run import serve_built_in

        serve_built_in(given.host, given.port)
    except HoldfastError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
