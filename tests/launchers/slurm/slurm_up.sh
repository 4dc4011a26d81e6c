#!/usr/bin/env bash
# usage: slurm_up.sh FOLDER
# A real Slurm on this machine alone, without systemd and cgroups: munged, slurmctld, and a slurmd for each of two nodes with
# two cores and two pretended GPUs. Needs root. Says "ready" when both nodes are idle, then stays until its standard input ends, and takes all of
# it down. SLURM_CONF=FOLDER/slurm.conf makes the commands of Slurm speak to it.
set -euo pipefail
folder=$(realpath "$1")
nodes=(n1 n2)
base_port=${DREAM_SLURM_PORT:-26817}
export SLURM_CONF=$folder/slurm.conf
mkdir -p "$folder"/{munge,state,spool,log,tmp/n1,tmp/n2}
started=()

take_down() {
  local pid tries
  scontrol shutdown >/dev/null 2>&1 || true
  # Slurm's daemons speak through munged to the last, so it goes last.
  for pid in "${started[@]:1}"; do
    for ((tries = 0; tries < 50; ++tries)); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.2
    done
  done
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
}
trap take_down EXIT

# start NAME COMMAND...: a daemon that stays in the foreground, as a child of ours.
start() {
  local name=$1
  shift
  "$@" >"$folder/log/$name.txt" 2>&1 </dev/null &
  started+=($!)
}

# until_true SECONDS WHAT COMMAND...
until_true() {
  local seconds=$1 what=$2
  local end=$((SECONDS + seconds))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= end)); then
      echo "slurm_up: $what, after $seconds s; the logs:" >&2
      tail -n 20 "$folder"/log/* >&2
      exit 1
    fi
    sleep 0.2
  done
}

# --force: munge wants a socket that every user can reach, here root alone has to.
(umask 077 && head -c 256 /dev/urandom >"$folder/munge/key")
start munged munged --foreground --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
  --pid-file="$folder/munge/pid" --log-file="$folder/log/munge.log" --seed-file="$folder/munge/seed"
until_true 20 'munged has made no socket' test -S "$folder/munge/socket"

# cred_expire: a job that goes back to the queue waits for so long, where the default is two minutes.
{
  cat <<CONF
ClusterName=dream
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$base_port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
TmpFS=$folder/tmp/%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=bf_interval=1,sched_interval=2,batch_sched_delay=0
MpiDefault=none
ReturnToService=2
SlurmctldTimeout=60
SlurmdTimeout=60
KillWait=20
JobRequeue=1
BatchStartTimeout=30
SlurmdParameters=config_overrides
GresTypes=gpu
CONF
  port=$base_port
  for node in "${nodes[@]}"; do
    port=$((port + 1))
    echo "NodeName=$node NodeHostname=$node NodeAddr=127.0.0.1 Port=$port CPUs=2 RealMemory=2000 Gres=gpu:2 State=UNKNOWN"
  done
  printf 'PartitionName=test Nodes=%s Default=YES MaxTime=10 State=UP\n' "$(IFS=, && echo "${nodes[*]}")"
} >"$SLURM_CONF"

# Slurm takes any two devices for GPUs.
printf 'AutoDetect=off\nNodeName=n[1-2] Name=gpu File=%s\nNodeName=n[1-2] Name=gpu File=%s\n' \
  /dev/null /dev/zero >"$folder/gres.conf"
# Nodes know each other by name.
printf '127.0.0.1 localhost %s\n' "${nodes[*]}" >"$folder/hosts"

start slurmctld slurmctld -D -c
# A host name and a /dev/shm of its own make a node: else Open MPI takes ranks on both for neighbours in one memory.
# shellcheck disable=SC2016  # $0 is expanded by the inner shell
as_node='hostname "$0" && mount --bind "$2" /etc/hosts && mount -t tmpfs tmpfs "$1" && exec slurmd -D -N "$0"' # path-ok: a system file
for node in "${nodes[@]}"; do
  start "$node" unshare --mount --uts bash -c "$as_node" "$node" /dev/shm "$folder/hosts"
done
all_idle() {
  [[ $(sinfo --noheader --format=%T | sort -u) == idle ]]
}
until_true 40 'the nodes are not idle' all_idle
echo ready
cat >/dev/null
