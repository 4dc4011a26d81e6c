#!/usr/bin/env bash
# usage: jobs/quickstart.sh [options of dream_sweep]
# From a fresh clone to the first results: packages, weights, build, and a small sweep on four ranks. What is done
# already is not done again.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DREAM_MODELS=$(realpath -m "${DREAM_MODELS:-$here/models}")
export DREAM_MODELS
cd "$here"
. jobs/common.sh

build() {
  logged build/log/configure.txt cmake --preset release &&
    logged build/log/build.txt cmake --build --preset release --target programs -j "$(compile_jobs)"
}

timed packages bash jobs/setup.sh build weights
timed weights bash jobs/fetch_minilm.sh
timed build build
mpi_environment
exec mpirun -n 4 --oversubscribe build/release/bin/dream_sweep inputs/quickstart.toml "$@"
