#!/usr/bin/env bash
# usage: tools/check_scripts.sh [FOLDER]
# Every shell script below FOLDER (the repository): clean under shellcheck, `set -euo pipefail`, no absolute paths (a
# line whose comment says "path-ok: why" is exempt). Ends with 77 where shellcheck is not installed.
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"

# The files whose first line names a shell, and all *.sh.
scripts() {
  find . \( -path ./.git -o -path ./build -o -path ./models -o -path ./results -o -path ./state \) -prune \
    -o -type f -size -256k -print0 | sort -z |
    xargs -0 awk 'FNR == 1 && (/^#!.*[\/ ](ba|da)?sh( |$)/ || FILENAME ~ /\.sh$/) {print FILENAME} {nextfile}'
}

mapfile -t all < <(scripts)
if ((${#all[@]} == 0)); then
  echo "no scripts below $PWD" >&2
  exit 1
fi
rc=0
for script in "${all[@]}"; do
  # What another script sources takes the settings of that script.
  if [[ -x $script ]] && ! grep -q '^set -euo pipefail$' "$script"; then
    echo "$script: has no \"set -euo pipefail\""
    rc=1
  fi
  if grep -nE "(^|[[:space:]\"'=(])/(home|root|usr|opt|tmp|var|etc|mnt|srv|work|scratch)(/|[[:space:]\"']|\$)" "$script" |
    grep -vE '^[0-9]+:(#!|.*path-ok: )' | sed "s|^|$script:|"; then
    echo "$script: absolute path (above)"
    rc=1
  fi
done
if ! command -v shellcheck >/dev/null; then
  echo "SKIPPED: shellcheck is not installed (jobs/setup.sh test)"
  ((rc != 0)) || rc=77
  exit "$rc"
fi
shellcheck -x "${all[@]}" || rc=1
((rc != 0)) || echo "scripts: ${#all[@]} are clean"
exit "$rc"
