#!/usr/bin/env bash
# usage: jobs/on_hosts.sh HOSTFILE SWEEP.toml [options of dream_sweep]
# One sweep on plain hosts over ssh, without Slurm or Kubernetes. HOSTFILE has a line `NAME slots=RANKS` for each host; programs,
# config and folders lie under the same path on all of them. Rank 0 runs on the first host, and it alone reads the config and
# the file of --env-file. SIGINT and SIGTERM stop all ranks at a safe point (exit code 75); the same line goes on from there.
#   DREAM_BIN            folder of dream_sweep and dream_reader (build/release/bin of this repository)
#   DREAM_SSH_OPTIONS    options of ssh for all hosts, separated by blanks: -p 2222 -i key
#   DREAM_MPIRUN_OPTIONS options of mpirun, separated by blanks (--bind-to none)
#   DREAM_WRAPPER        words before the program on every host: a container (docs/hosts.md)
#   DREAM_TRIES          when a host is lost, go on with those that answer, so often in all (3)
#   DREAM_SECONDS        a deadline for all tries together: then the ranks are asked to stop (0: none)
#   DREAM_GRACE          seconds that ranks have to stop when they are asked to; then they are ended (600)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() {
  echo "on_hosts: $*" >&2
}
if (($# < 2)); then
  say "usage: jobs/on_hosts.sh HOSTFILE SWEEP.toml [options of dream_sweep]"
  exit 2
fi
hostfile=$1
shift
program=$(realpath -m "${DREAM_BIN:-$here/build/release/bin}")/dream_sweep
read -ra ssh_options <<<"-o BatchMode=yes -o ConnectTimeout=10 ${DREAM_SSH_OPTIONS:-}"
read -ra mpirun_options <<<"${DREAM_MPIRUN_OPTIONS:---bind-to none}"
read -ra wrapper <<<"${DREAM_WRAPPER:-}"
folder=$(mktemp -d)
# What says on all hosts that the sweep has ended: with ULFM, mpirun gives up a job that has lost a host, and ends with 0.
ended=
if [[ " ${mpirun_options[*]} " == *" --with-ft"[\ =]* ]]; then ended=$PWD/.on_hosts.$(hostname).$$.ended; fi
trap 'rm -rf "$folder" ${ended:+"$ended"}' EXIT

check_hostfile() {
  if [[ ! -r $hostfile ]]; then
    say "no hostfile $hostfile"
    exit 2
  fi
  # Without slots= Open MPI would start a rank for each core, or one: that differs between its versions.
  awk 'NF && !/^#/ && (NF != 2 || $2 !~ /^slots=[1-9][0-9]*$/) {print FILENAME ":" FNR ": \"" $0 "\" is not: NAME slots=RANKS"; bad = 1}
    NF && !/^#/ {hosts++} END {if (!hosts) {print FILENAME ": names no host"; bad = 1}; exit bad}' "$hostfile" >&2 || exit 2
  awk 'NF && !/^#/' "$hostfile" >"$folder/hosts"
}

# What one host lacks, in a line, or nothing. The program behind a wrapper is the wrapper's business.
fault_of() {
  local question
  printf -v question 'cd %q || exit 0; ' "$PWD"
  if ((${#wrapper[@]} == 0)); then printf -v question '%stest -x %q || echo no program %q' "$question" "$program" "$program"; fi
  # shellcheck disable=SC2029  # the folders are those of this host
  ssh "${ssh_options[@]}" "$1" "$question" </dev/null 2>&1 || echo "ssh ended with $?"
}

# ask_hosts: asks all at once. $folder/answering gets the lines of the hosts that lack nothing; the others are named.
ask_hosts() {
  local host slots faults
  while read -r host slots; do
    fault_of "$host" >"$folder/fault.$host" &
  done <"$folder/hosts"
  wait
  : >"$folder/answering"
  while read -r host slots; do
    faults=$(<"$folder/fault.$host")
    if [[ -z $faults ]]; then
      echo "$host $slots" >>"$folder/answering"
    else
      say "$host: ${faults//$'\n'/; }"
    fi
  done <"$folder/hosts"
}

# code_of_end FILE: what the sweep wrote there when it ended, its exit code; nothing when it did not. By a look into the folder: a
# file server's client may remember that a name was not there.
code_of_end() {
  local name
  while read -r name; do
    if [[ $name == "$1" ]]; then cat "$1"; fi
  done < <(compgen -G "$1*")
}

# run ARGUMENTS: one try; returns its exit code, and sets `asked` when somebody wanted it to stop.
run() {
  local run rc interrupted
  if [[ -n $ended ]]; then
    set -- "$@" --ended "$ended"
    rm -f "$ended"*
  fi
  # In a session of its own, so that Ctrl-C reaches this script alone: mpirun would end the ranks where they stand. timeout passes
  # SIGUSR1 on. It is the deadline from outside: for ranks that do not even answer any more.
  setsid timeout --foreground --preserve-status --signal=USR1 --kill-after="${DREAM_GRACE:-600}" "$(time_left)" \
    mpirun --hostfile "$folder/answering" "${mpirun_options[@]}" -wdir "$PWD" -x OMP_WAIT_POLICY \
    "${wrapper[@]}" "$program" "$@" </dev/null &
  run=$!
  trap 'interrupted=yes; asked=yes; kill -USR1 "$run" 2>/dev/null || true' INT TERM
  while :; do
    interrupted=no
    rc=0
    wait "$run" || rc=$?
    [[ $interrupted == yes ]] || break
  done
  if ((rc == 0)) && [[ -n $ended ]]; then
    rc=$(code_of_end "$ended")
    rc=${rc:-6}
  fi
  return "$rc"
}

# What is left until the deadline, as timeout wants it: 0 means for ever.
time_left() {
  if ((deadline == 0)); then
    echo 0
  else
    echo "$((deadline > SECONDS ? deadline - SECONDS : 1))"
  fi
}

deadline=${DREAM_SECONDS:-0}
if [[ ! $deadline =~ ^[0-9]+$ ]]; then
  say "DREAM_SECONDS is a number of seconds, not $deadline"
  exit 2
fi
check_hostfile
ask_hosts
if ! cmp -s "$folder/hosts" "$folder/answering"; then
  say "nothing was started; all hosts of $hostfile must answer at the beginning"
  exit 6
fi
# Waiting OpenMP threads must not spin: they would take the cores from the other ranks.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
# The first are Open MPI 4's names, the second Open MPI 5's. A host that falls silent is given up after half a minute.
export OMPI_MCA_plm_rsh_args="${ssh_options[*]}" PRTE_MCA_plm_ssh_args="${ssh_options[*]}"
export OMPI_MCA_oob_tcp_keepalive_time=15 OMPI_MCA_oob_tcp_keepalive_intvl=5 OMPI_MCA_oob_tcp_keepalive_probes=3
export PRTE_MCA_oob_tcp_keepalive_time=15 PRTE_MCA_oob_tcp_keepalive_intvl=5 PRTE_MCA_oob_tcp_keepalive_probes=3
asked=no
for ((try = 1; ; ++try)); do
  rc=0
  run "$@" || rc=$?
  # The program's own endings; anything else is a launcher that has lost a host or a rank.
  case $rc in
    0 | 2 | 3 | 4 | 5 | 7 | 75) exit "$rc" ;;
  esac
  if ((deadline > 0 && SECONDS >= deadline)); then
    say "DREAM_SECONDS=$deadline have passed; the same line goes on"
    exit "$rc"
  fi
  if [[ $asked == yes ]] || ((try >= ${DREAM_TRIES:-3})); then exit "$rc"; fi
  ask_hosts
  if [[ ! -s $folder/answering ]]; then
    say "no host answers any more"
    exit "$rc"
  fi
  say "ended with $rc; goes on, on $(wc -l <"$folder/answering") of $(wc -l <"$folder/hosts") hosts"
done
