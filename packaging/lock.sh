#!/usr/bin/env bash
# Pin everything anew, with hashes, for every Python and system at once: packaging/lock.sh [--upgrade]
# Needs uv on the PATH. No registry address is written; pip uses the one the machine is set up for.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

pin() { # OUTPUT INPUT [OPTION…]
    local output=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links -o "$output" "$@"
    if grep -nE '^-|https?://' "$output"; then
        echo "lock.sh: $output names an address" >&2
        exit 1
    fi
}

pin packaging/requirements-dev.txt pyproject.toml --extra demo --extra dev "$@"
# The same versions without what only tests and checks need.
pin packaging/requirements.txt pyproject.toml packaging/build.in --extra demo --constraint packaging/requirements-dev.txt "$@"
# The real aws command line pins another botocore, so it lives in an environment of its own.
pin packaging/requirements-awscli.txt packaging/awscli.in "$@"
