# Sourced by with_server.sbatch; does nothing by itself. A server of language models as a step of the second component of a
# heterogeneous job: started, waited for, taken down.
# shellcheck shell=bash

# start_server COMMAND: runs it in a shell on the first node of the second component, where DREAM_SERVER_PORT is the port to
# listen on. Sets and exports LLM_BASE_URL; the server ends when this script does.
start_server() {
  local names
  # Jobs that share a node must not share a port.
  export DREAM_SERVER_PORT=${DREAM_SERVER_PORT:-$((20000 + SLURM_JOB_ID % 10000))}
  names=$(scontrol show hostnames "$SLURM_JOB_NODELIST_HET_GROUP_1")
  server_root=http://${names%%$'\n'*}:$DREAM_SERVER_PORT
  export LLM_BASE_URL=$server_root/v1
  srun --het-group=1 --nodes=1 --ntasks=1 bash -c "$1" &
  server=$!
  trap take_down_server EXIT
}

# wait_for_server: returns when the server answers; ends the job with 4 when it has died, is not there in time, or Slurm asks
# to stop.
wait_for_server() {
  local limit=${DREAM_SERVER_WAIT:-1800} stop=no
  local end=$((SECONDS + limit))
  trap 'stop=yes' USR1
  until curl --silent --fail --max-time 5 "$server_root${DREAM_SERVER_HEALTH:-/health}" >/dev/null; do
    if ! kill -0 "$server" 2>/dev/null; then
      say "the server ended before it answered; its output is above"
      exit 4
    fi
    if ((SECONDS >= end)) || [[ $stop == yes ]]; then
      say "no answer from $server_root${DREAM_SERVER_HEALTH:-/health} after $((SECONDS - end + limit)) s (DREAM_SERVER_WAIT)"
      exit 4
    fi
    sleep 2
  done
}

# By scancel, because srun answers SIGTERM by killing what it has started. What does not end by itself is ended by Slurm
# together with the job.
take_down_server() {
  local tries
  scancel --quiet --signal=TERM "$SLURM_JOB_ID_HET_GROUP_1.0" || true
  for ((tries = 0; tries < 30; ++tries)); do
    kill -0 "$server" 2>/dev/null || return 0
    sleep 1
  done
}
