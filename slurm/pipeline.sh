#!/usr/bin/env bash
# usage: slurm/pipeline.sh SWEEP.toml [options of dream_sweep]
# One sweep as three jobs, each of which starts when the one before has ended well:
#   1. look      the config, questions and documents, on one node; with a server of somebody else also its address
#   2. retrieve  the stages that ask no language model, on CPU nodes
#   3. answer    the rest, and the report; with DREAM_SERVER set, by with_server.sbatch, so that the server's nodes are not
#                reserved while documents are read and embedded
# Prints the three job numbers. DREAM_SBATCH holds options of sbatch for all three (account, partition), DREAM_SBATCH_LOOK,
# _RETRIEVE and _ANSWER for one. If a job fails, Slurm cancels those that wait for it.
set -euo pipefail
here=${DREAM_HOME:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
export DREAM_HOME=$here
if (($# == 0)); then
  echo "usage: slurm/pipeline.sh SWEEP.toml [options of dream_sweep]" >&2
  exit 2
fi

# submit NAME OPTIONS SCRIPT ARGUMENT...: prints the number of the new job.
submit() {
  local name=$1 own script=$3 common
  read -ra common <<<"${DREAM_SBATCH:-}"
  read -ra own <<<"$2"
  shift 3
  sbatch --parsable --job-name="$name" --kill-on-invalid-dep=yes "${common[@]}" "${own[@]}" "$here/slurm/$script" "$@"
}

last=cpu.sbatch
look=--check
if [[ -n ${DREAM_SERVER:-} ]]; then
  last=with_server.sbatch
  # The server is not there yet; the first two jobs ask nobody, but the config must be readable.
  look=--plan
  export LLM_BASE_URL=${LLM_BASE_URL:-http://server.invalid/v1}
fi
first=$(submit look "--nodes=1 --ntasks-per-node=1 --time=30 ${DREAM_SBATCH_LOOK:-}" cpu.sbatch "$@" "$look")
second=$(submit retrieve "--dependency=afterok:$first ${DREAM_SBATCH_RETRIEVE:-}" cpu.sbatch "$@" --until select)
third=$(submit answer "--dependency=afterok:$second ${DREAM_SBATCH_ANSWER:-}" "$last" "$@")
echo "$first $second $third"
