"""The child process of `models.bundle.examination`: limits first, then the models, then one line of JSON."""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any


def main() -> None:
    """Read the files from standard input, examine, write the verdict to standard output."""
    from models.bundle.examination import CPU_SECONDS, MEMORY_BYTES

    os.environ["OMP_NUM_THREADS"] = "1"
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    stream = sys.stdin.buffer
    header = json.loads(stream.read(int.from_bytes(stream.read(8), "big")))
    files = {name: stream.read(size) for name, size in header.items()}

    from configs.errors import BundleError

    verdict: dict[str, Any]
    try:
        from models.boosting.booster import prefer_lean_import
        from models.golden import examine
        from models.suite import ModelSuite

        prefer_lean_import()
        examine(ModelSuite.from_files(files), files)
        verdict = {"ok": True}
    except BundleError as error:
        verdict = {"ok": False, "id": error.id, "code": error.code, "fields": error.place}
    except Exception as error:  # whatever it is, the parent shall hear of it in one sentence
        fields = {"problem": type(error).__name__}
        verdict = {"ok": False, "id": "bundle_examination_failed", "code": "golden_rows_failed", "fields": fields}
    sys.stdout.write(json.dumps(verdict))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
