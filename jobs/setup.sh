#!/usr/bin/env bash
# usage: jobs/setup.sh [GROUP...]        groups of tools/packages.txt; without any: build weights test
#        jobs/setup.sh --list [GROUP...] prints the packages and does nothing
# Installs the Debian packages that are missing. Silent when nothing is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages_of() {
  local groups=" $* " group package rest
  while read -r group package rest; do
    [[ -z $group || $group == \#* ]] && continue
    [[ $groups == *" $group "* ]] && echo "$package"
  done <tools/packages.txt | sort -u
}

check_groups() {
  local group
  for group in "$@"; do
    if ! grep -q "^$group " tools/packages.txt; then
      echo "setup: no group \"$group\" in tools/packages.txt; there are: $(awk '/^[a-z]/ {print $1}' tools/packages.txt | sort -u | tr '\n' ' ')" >&2
      exit 2
    fi
  done
}

missing_of() {
  local installed
  # dpkg-query complains about names that it has never heard of; those are missing like the rest.
  # shellcheck disable=SC2016  # the braces are dpkg-query's own
  installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null | awk '/^.i/ {print $2}' | sort -u) || true
  comm -23 <(printf '%s\n' "$@" | sort -u) <(echo "$installed")
}

tell_and_stop() {
  {
    echo "setup: $1"
    echo "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
  } >&2
  exit 1
}

install_missing() {
  local log=build/setup.log apt
  mkdir -p build
  : >"$log"
  apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3 -o Acquire::http::Timeout=60 -o DPkg::Lock::Timeout=300)
  echo "setup: installing Debian packages (${#missing[@]})"
  local lists=fresh
  # By default apt-get update ends with 0 even when it fetched nothing.
  "${apt[@]}" -o APT::Update::Error-Mode=any update >>"$log" 2>&1 || lists=stale
  if "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then return; fi
  grep -E '^(E|Err)' "$log" | sort -u | head -n 8 >&2 || tail -n 8 "$log" >&2
  if [[ $lists == stale ]]; then
    tell_and_stop "the package server cannot be reached (details in $log). With a network, as root:"
  fi
  tell_and_stop "apt-get failed (details in $log). As root:"
}

list=no
if [[ ${1:-} == --list ]]; then
  list=yes
  shift
fi
groups=("$@")
((${#groups[@]} > 0)) || groups=(build weights test)
check_groups "${groups[@]}"
mapfile -t wanted < <(packages_of "${groups[@]}")
if [[ $list == yes ]]; then
  printf '%s\n' "${wanted[@]}"
  exit 0
fi
if ! command -v dpkg-query >/dev/null; then
  echo "setup: this is no Debian, so nothing is installed; tools/packages.txt names what is needed, and CMake says what it misses" >&2
  exit 0
fi
mapfile -t missing < <(missing_of "${wanted[@]}")
((${#missing[@]} > 0)) || exit 0

sudo=()
if [[ $(id -u) != 0 ]]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo=(sudo -n)
  else
    tell_and_stop "Debian packages are missing (${#missing[@]}), and this user may not install them. As root:"
  fi
fi
install_missing
