#!/usr/bin/env bash
# Every system package that Holdfast uses, in one place. A usual Debian or Ubuntu with Python has them already.
set -euo pipefail
packages=(
  libgomp1   # LightGBM's threads
)
if command -v sudo >/dev/null && [ "$(id -u)" -ne 0 ]; then run=(sudo); else run=(); fi
"${run[@]}" apt-get update -qq
"${run[@]}" apt-get install -y --no-install-recommends "${packages[@]}"
