# Sourced by the scripts of this repository, from its root; does nothing by itself.
# shellcheck shell=bash

# timed NAME COMMAND...: runs the command and prints its seconds in one line. A function given as COMMAND must chain
# its steps with &&: bash does not leave it at the first failure here.
timed() {
  local name=$1 start=$EPOCHREALTIME rc=0
  shift
  "$@" || rc=$?
  local ms=$(((${EPOCHREALTIME/[.,]/} - ${start/[.,]/}) / 1000))
  local result=''
  ((rc == 0)) || result=', failed'
  printf '== %s: %d.%d s%s\n' "$name" $((ms / 1000)) $((ms % 1000 / 100)) "$result"
  return "$rc"
}

# logged FILE COMMAND...: on a terminal shows the command's output; otherwise keeps it in FILE and shows its end
# only if the command fails, so that a log holds results and not every compiled file.
logged() {
  local file=$1 rc=0
  shift
  if [[ -t 1 ]]; then
    "$@"
    return
  fi
  mkdir -p "$(dirname "$file")"
  "$@" >"$file" 2>&1 || rc=$?
  if ((rc != 0)); then
    tail -n 60 "$file"
    printf '%s: ended with %d; all of it is in %s\n' "$1" "$rc" "$file" >&2
  fi
  return "$rc"
}

# How many compilers may run at once: one for each core, and one for each 1.5 GB of memory that is free now.
compile_jobs() {
  local cores free_kb by_memory
  cores=$(nproc)
  free_kb=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
  by_memory=$((${free_kb:-1500000} / 1500000))
  ((by_memory < cores)) && cores=$by_memory
  echo $((cores > 0 ? cores : 1))
}

# Open MPI refuses to start as root unless told twice; in a container root is what there is.
mpi_environment() {
  if [[ $(id -u) == 0 ]]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
  # Waiting OpenMP threads must not spin: they would take the cores from the other ranks.
  export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
}

# True where a machine reads the result and nobody sees a warning.
in_ci() {
  [[ -n ${CI:-} && ${CI:-} != false && ${CI:-} != 0 ]]
}
