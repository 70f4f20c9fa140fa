#!/usr/bin/env bash
# Pin envs/requirements.in in envs/requirements.txt: ./lock.sh [python]
set -euo pipefail
cd "$(dirname "$0")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${1:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check -r requirements.in
{
    echo "# Made from requirements.in by \`make lock\`."
    # CUDA's libraries are wheels for Linux only.
    "$folder/venv/bin/pip" freeze --exclude-editable |
        sed -E '/^(cuda-|nvidia-|triton==)/ s/$/; sys_platform == "linux"/'
} > requirements.txt
