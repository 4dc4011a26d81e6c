#!/usr/bin/env bash
# jobs/setup.sh on pretended machines: the commands that it asks are replaced by small ones of ours, first on the PATH.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

pretend() {
  printf '#!/usr/bin/env bash\n%s\n' "$2" >"$folder/$1"
  chmod +x "$folder/$1"
}
setup() {
  PATH=$folder:$PATH bash "$root/jobs/setup.sh" "$@" 2>&1
}
fail() {
  printf '%s; setup said:\n%s\n' "$1" "$said"
  exit 1
}

# A machine that has everything but cmake, an ordinary user, and no sudo.
pretend id 'echo 1000'
pretend sudo 'exit 1'
pretend apt-get 'echo "apt-get must not be called" >&2; exit 99'
pretend dpkg-query 'bash '"'$root'"'/jobs/setup.sh --list build | grep -vx cmake | sed "s/^/ii  /"; exit 1'
if said=$(setup build); then fail 'cmake is missing, yet setup ended with 0'; fi
[[ $said == *'  apt-get update && apt-get install -y --no-install-recommends cmake' ]] || fail 'the line to type is wrong'

# The same machine with cmake: silent.
pretend dpkg-query 'bash '"'$root'"'/jobs/setup.sh --list build | sed "s/^/ii  /"'
said=$(setup build) || fail 'nothing is missing, yet setup failed'
[[ -z $said ]] || fail 'nothing is missing, yet setup spoke'

# Removed but not purged is missing.
pretend dpkg-query 'bash '"'$root'"'/jobs/setup.sh --list build | sed "s/^/ii  /; s/^ii  cmake$/rc  cmake/"'
if said=$(setup build); then fail 'cmake was removed, yet setup ended with 0'; fi
[[ $said == *recommends\ cmake ]] || fail 'the line to type is wrong'

# Root without a network: the reason and the line, not a page of apt's output.
pretend id 'echo 0'
pretend apt-get 'echo "Err:1 http://deb.example bookworm"; echo "E: Unable to locate package cmake"; exit 100'
if said=$(setup build); then fail 'apt-get failed, yet setup ended with 0'; fi
[[ $said == *'cannot be reached'* && $said == *recommends\ cmake ]] || fail 'the reason is not named'
((${#said} < 1000)) || fail 'too much output'

# An unknown group is a mistake of the caller.
if said=$(setup biuld); then fail 'an unknown group was accepted'; fi
[[ $said == *'no group "biuld"'* ]] || fail 'the unknown group is not named'
