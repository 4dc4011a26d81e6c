# Sourced by tools/check and tools/format, from the repository's root.
# shellcheck shell=bash

# changed_files PATTERN...: the files that differ from where this branch left main ($DREAM_BASE to compare with another
# commit), with what is not committed yet. On main itself: what is not committed.
changed_files() {
  local base file
  base=$(git merge-base HEAD "${DREAM_BASE:-main}" 2>/dev/null || git rev-parse HEAD)
  {
    git diff --name-only --diff-filter=d "$base" -- "$@"
    git ls-files --others --exclude-standard -- "$@"
  } | sort -u | while read -r file; do
    [[ ! -f $file ]] || echo "$file"
  done
}
