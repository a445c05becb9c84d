"""Say in one sentence what the system lacks, before anything else fails with a traceback."""

import ctypes
import sys


def main() -> int:
    """Exit code 0 when everything that pip cannot bring is there."""
    if sys.platform.startswith("linux"):
        try:
            ctypes.CDLL("libgomp.so.1")
        except OSError:
            sys.stderr.write("The library libgomp.so.1 is missing; run scripts/debian-packages.sh once.\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
