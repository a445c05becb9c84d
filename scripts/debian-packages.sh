#!/usr/bin/env bash
# Every system package that Holdfast uses, in one place. A usual Debian or Ubuntu with Python has them already.
# `scripts/debian-packages.sh spark` also brings Java, which only the Spark engine needs.
set -euo pipefail
packages=(
  libgomp1   # LightGBM's threads
)
for wanted in "$@"; do
  case "$wanted" in
    spark) packages+=(openjdk-17-jre-headless) ;;
    *) echo "There is no group $wanted; the groups are: spark" >&2; exit 2 ;;
  esac
done
if command -v sudo >/dev/null && [ "$(id -u)" -ne 0 ]; then run=(sudo); else run=(); fi
"${run[@]}" apt-get update -qq
"${run[@]}" apt-get install -y --no-install-recommends "${packages[@]}"
