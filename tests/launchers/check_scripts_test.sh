#!/usr/bin/env bash
# Plants one fault at a time in a folder of scripts; tools/check_scripts.sh must find each.
set -euo pipefail
check=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/tools/check_scripts.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
command -v shellcheck >/dev/null || {
  echo "SKIPPED: shellcheck is not installed (jobs/setup.sh test)"
  exit 77
}

# The file has no suffix: the first line alone must make it a script.
write() {
  printf '#!/usr/bin/env bash\nset -euo pipefail\n%s\n' "$1" >"$folder/job"
  chmod +x "$folder/job"
}
must_say() {
  local said
  if said=$(bash "$check" "$folder") || [[ $said != *"$1"* ]]; then
    printf 'planted "%s" was not reported; reported:\n%s\n' "$1" "$said"
    exit 1
  fi
}

write "echo good"
bash "$check" "$folder"
# shellcheck disable=SC2016  # the planted line must keep its dollar
write 'rm $1'
must_say SC2086
write "cat /""etc/passwd"
must_say 'absolute path'
write "echo good"
sed -i 2d "$folder/job"
must_say 'has no "set -euo pipefail"'
