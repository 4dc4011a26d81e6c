# Sourced by the job scripts of this folder; does nothing by itself. A script is a shape of job; this is what all of them do:
# start the ranks, stop before the time limit, go back to the queue.
# shellcheck shell=bash

say() {
  echo "job ${SLURM_JOB_ID:-?}: $*" >&2
}

# prepare ARGUMENTS: sets `sweep`, the words that start all ranks with the arguments of dream_sweep, and `ended`, a file that says
# that it has ended where mpirun's exit code does not: with ULFM it gives up a job that has lost a node, and ends with 0.
prepare() {
  local options wrapper program=${DREAM_BIN:-${DREAM_HOME:-.}/build/release/bin}/dream_sweep
  if (($# == 0)); then
    say "name a config: sbatch [options of sbatch] SCRIPT SWEEP.toml [options of dream_sweep]"
    exit 2
  fi
  read -ra wrapper <<<"${DREAM_WRAPPER:-}"
  # Behind a wrapper the path may be one inside a container.
  if ((${#wrapper[@]} == 0)) && [[ ! -x $program ]]; then
    say "no program at $program; submit from the repository, or set DREAM_BIN to the folder of dream_sweep"
    exit 2
  fi
  # Waiting OpenMP threads must not spin: they would take the cores from the other ranks.
  export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
  case ${DREAM_LAUNCHER:-mpirun} in
    mpirun)
      # It would bind two ranks to one core each, with all their threads; Slurm has confined the job to its cores already.
      read -ra options <<<"${DREAM_MPIRUN_OPTIONS:---bind-to none}"
      sweep=(mpirun "${options[@]}")
      ;;
    srun)
      # srun does not take the cores of a task from the job. Without --wait the others would outlive a rank that died.
      read -ra options <<<"${DREAM_SRUN_OPTIONS:---cpu-bind=none}"
      sweep=(srun --mpi=pmix --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" --wait=60 "${options[@]}")
      ;;
    *)
      say "DREAM_LAUNCHER is mpirun or srun, not $DREAM_LAUNCHER"
      exit 2
      ;;
  esac
  ended=
  if [[ " ${sweep[*]} " == *" --with-ft"[\ =]* ]]; then ended=$PWD/.sweep.$SLURM_JOB_ID.ended; fi
  sweep+=("${wrapper[@]}" "$program" "$@" ${ended:+--ended "$ended"})
}

# code_of_end FILE: what the sweep wrote there when it ended, its exit code; nothing when it did not. By a look into the folder: a
# file server's client may remember that a name was not there.
code_of_end() {
  local name
  while read -r name; do
    if [[ $name == "$1" ]]; then cat "$1"; fi
  done < <(compgen -G "$1*")
}

# run_sweep: runs what prepare has set, and returns its exit code. Asked by Slurm to stop, which it does before the time limit, it
# stops the ranks at a safe point and puts the job back into the queue; the next start goes on from the state folder.
run_sweep() {
  local run rc interrupted asked=no
  if [[ -n $ended ]]; then rm -f "$ended"*; fi
  "${sweep[@]}" &
  run=$!
  # Set, not ignored: what is ignored here would stay ignored in mpirun. On scancel Slurm tells mpirun itself.
  trap 'interrupted=yes' TERM
  trap 'interrupted=yes; asked=yes; kill -USR1 "$run" 2>/dev/null || true' USR1
  while :; do
    interrupted=no # the wait below, by a signal
    rc=0
    wait "$run" || rc=$?
    [[ $interrupted == yes ]] || break
  done
  if [[ -n $ended ]]; then
    if ((rc == 0)); then
      rc=$(code_of_end "$ended")
      if [[ -z $rc ]]; then
        say "mpirun ended with 0 before the sweep did; submit the same line again"
        rc=6
      fi
    fi
    rm -f "$ended"*
  fi
  if ((rc == 75)) && [[ $asked == yes ]] && ((${SLURM_RESTART_COUNT:-0} < ${DREAM_MAX_REQUEUES:-100})); then
    say "stopped before the time limit; goes back to the queue"
    scontrol requeue "$SLURM_JOB_ID" || say "requeue refused; submit the same line again"
  fi
  return "$rc"
}
