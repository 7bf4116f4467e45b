#!/usr/bin/env bash
# What the Makefile calls: makes the environments, sees to system libraries, starts things.
#
#   packaging/bootstrap.sh run|tour|test|check|bench|screenshots|env [ARGUMENT…]
#
# Everything is made inside the checkout (.venv, .venv-aws, build/). System packages are installed with
# apt-get where that may be done (as root, or by sudo without a password); else the command is printed.
#   PYTHON=…           the interpreter to use (3.11 or newer)
#   CREDGUARD_NO_APT=1 never install system packages, only name them
#   PYTEST_ARGS=…      more arguments for pytest
set -euo pipefail
# Written for bash 3.2 too (macOS), which takes an empty array for unset: hence ${array[@]+"${array[@]}"}.
cd "$(dirname "${BASH_SOURCE[0]}")/.."

VENV=.venv
AWS_VENV=.venv-aws

# What Qt's libraries and its platform plugins load, and one font so that there are letters to draw.
WINDOW_PACKAGES=(libegl1 libgl1 libopengl0 libglib2.0-0 libfontconfig1 libfreetype6 libdbus-1-3 libxkbcommon0
    libxkbcommon-x11-0 libx11-6 libx11-xcb1 libxcb1 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1
    libxcb-randr0 libxcb-render0 libxcb-render-util0 libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-xfixes0
    libxcb-xkb1 fonts-dejavu-core)
# The real parts that the tests run against: a keychain on a D-Bus of its own, a display, git.
TEST_PACKAGES=(gnome-keyring dbus dbus-daemon xvfb git)
# KeePassXC, which reads what is exported and writes what is imported; asked for by itself, since it is large.
EXCHANGE_PACKAGES=(keepassxc)
# Another maker of codes, to compare ours with.
CODES_PACKAGES=(oathtool)
# The pictures are drawn with the faces of the design where they are there; others do.
PICTURE_PACKAGES=(fonts-inter fonts-jetbrains-mono)
# All that the command at hand wants, so that a person who has to install by hand is told once.
WANTED=()

say() { printf 'credguard: %s\n' "$*" >&2; }

stop() {
    say "$@"
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# --- system packages -------------------------------------------------------------------------------

privileged() { # COMMAND… as root, or false
    if [ "$(id -u)" = 0 ]; then
        "$@" </dev/null
    elif have sudo && sudo -n true 2>/dev/null; then
        sudo -n "$@" </dev/null
    else
        return 1
    fi
}

may_install() { [ -z "${CREDGUARD_NO_APT:-}" ] && have apt-get && privileged true; }

missing() { # PACKAGE… prints those that are not installed; nothing where there is no dpkg to ask
    have dpkg-query || return 0
    # Some were renamed (libglib2.0-0t64): what provides the name counts as well.
    dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Provides}\n' 2>/dev/null |
        awk -v names="$*" 'BEGIN { count = split(names, wanted, " ") }
            $1 == "ii" { gsub(/[,()=]/, " "); for (i = 2; i <= NF; i++) here[$i] = 1 }
            END { for (i = 1; i <= count; i++) if (!(wanted[i] in here)) printf "%s ", wanted[i] }'
}

install_packages() { # PACKAGE… true when all of them are there afterwards
    local wanted
    wanted=$(missing "$@")
    [ -n "$wanted" ] || return 0
    may_install || return 1
    say "installing system packages: $wanted"
    local log
    log=$(mktemp)
    # shellcheck disable=SC2086 # the list is words
    if privileged env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -q update >"$log" 2>&1 &&
        privileged env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -q install -y \
            --no-install-recommends $wanted >>"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    tail -n 5 "$log" >&2
    rm -f "$log"
    return 1
}

name_packages() { # PACKAGE… prints how a person installs what is missing
    local wanted
    wanted=$(missing "$@")
    if have apt-get; then
        say "    sudo apt-get install --no-install-recommends ${wanted:-$*}"
    else
        say "    (Debian's names; your system may call them otherwise) $*"
    fi
}

# --- Python ----------------------------------------------------------------------------------------

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

complete() { "$1" -c 'import ctypes, ensurepip, sqlite3, ssl, venv' >/dev/null 2>&1; }

candidates() {
    if [ -n "${PYTHON:-}" ]; then
        echo "$PYTHON"
    else
        printf '%s\n' python3.13 python3.12 python3.11 python3 /usr/bin/python3
    fi
}

choose_python() { # prints the interpreter that makes the environments
    local python
    for python in $(candidates); do
        if have "$python" && new_enough "$python" && complete "$python"; then
            echo "$python"
            return
        fi
    done
    # Debian splits venv off its Python.
    for python in $(candidates); do
        if have "$python" && new_enough "$python"; then
            local version
            version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
            if [ -z "${PYTHON:-}" ] && install_packages "python$version-venv" ${WANTED[@]+"${WANTED[@]}"} && complete "$python"; then
                echo "$python"
                return
            fi
            say "$python has no venv module. Install what is missing, then do the same again:"
            name_packages "python$version-venv" ${WANTED[@]+"${WANTED[@]}"}
            return 1
        fi
    done
    if [ -z "${PYTHON:-}" ] && install_packages python3 python3-venv && new_enough python3 && complete python3; then
        echo python3
        return
    fi
    say "CredGuard needs Python 3.11 or newer with its venv module. Install one, or name it: make PYTHON=/path/to/python3"
    return 1
}

digest() { # FILE… one word that changes with their content
    cat "$@" | cksum | tr ' ' '-'
}

make_venv() { # FOLDER: an environment whose pip works
    if [ -d "$1" ] && ! "$1/bin/python" -m pip --version >/dev/null 2>&1; then
        say "$1 does not work any more (moved, or its Python is gone): making it anew"
        rm -rf "$1"
    fi
    if [ ! -d "$1" ]; then
        local python
        python=$(choose_python) || exit 1
        say "making $1 with $("$python" --version 2>&1)"
        "$python" -m venv "$1"
    fi
}

fill() { # FOLDER REQUIREMENTS STAMP: install what is pinned, once
    local stamp=$1/.installed-$3 now
    now=$(digest "$2" pyproject.toml)
    [ "$(cat "$stamp" 2>/dev/null)" = "$now" ] && return 0
    say "installing $(grep -c '==' "$2") pinned packages into $1 (once; a few minutes)"
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$2" </dev/null || return 1
    if [ "$3" != awscli ]; then
        "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
            --no-build-isolation --no-deps --editable . </dev/null || return 1
    fi
    echo "$now" >"$stamp"
}

environment() { # run|dev
    make_venv "$VENV"
    case $1 in
    # The larger set holds the smaller one.
    run) [ "$(cat "$VENV/.installed-dev" 2>/dev/null)" = "$(digest packaging/requirements-dev.txt pyproject.toml)" ] ||
        fill "$VENV" packaging/requirements.txt run ;;
    dev) fill "$VENV" packaging/requirements-dev.txt dev ;;
    esac || stop "the packages could not be installed; see above. Without a network nothing can be fetched."
}

# --- the window ------------------------------------------------------------------------------------

draws() { # PLATFORM: whether Qt can open a window on it
    local platform=()
    [ -z "$1" ] || platform=(env "QT_QPA_PLATFORM=$1")
    ${platform[@]+"${platform[@]}"} "$VENV/bin/python" -c 'import sys
from PySide6.QtWidgets import QApplication
application = QApplication(sys.argv[:1])' >/dev/null 2>&1
}

window_libraries() { # true when Qt can draw
    [ "$(uname -s)" = Linux ] || return 0
    install_packages "${WINDOW_PACKAGES[@]}" || draws offscreen && return 0
    say "the window needs libraries that are not here. Install them, then do the same again:"
    name_packages "${WINDOW_PACKAGES[@]}"
    return 1
}

wants() { # PACKAGE…
    if [ "$(uname -s)" = Linux ]; then WANTED=("$@"); fi
}

has_display() {
    case $(uname -s) in
    Linux) [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && draws "" ;;
    *) true ;;
    esac
}

run() {
    wants "${WINDOW_PACKAGES[@]}"
    environment run
    if [ "$(uname -s)" != Linux ] || [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
        window_libraries || exit 1
        if has_display; then
            exec "$VENV/bin/python" -m credguard "$@"
        fi
    fi
    say "no display here, so the same as a tour in the terminal, with invented companies; nothing of yours is touched"
    tour "$@"
}

tour() {
    wants "${WINDOW_PACKAGES[@]}"
    environment run
    local folder=$PWD/build/tour pictures=()
    if window_libraries; then
        install_packages "${PICTURE_PACKAGES[@]}" || true # other faces do
        mkdir -p "$folder"
        pictures=(--pictures "$folder")
    else
        say "so this tour draws no pictures of the window"
    fi
    "$VENV/bin/python" -m credguard demo --tour ${pictures[@]+"${pictures[@]}"} "$@"
    [ ${#pictures[@]} -eq 0 ] || say "pictures of the window are in $folder"
}

# --- tests and tools -------------------------------------------------------------------------------

run_tests() {
    wants "${WINDOW_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
    environment dev
    local skipped=() left_out=()
    if [ "$(uname -s)" = Linux ]; then
        install_packages "${PICTURE_PACKAGES[@]}" || skipped+=("widths of the design (the font Inter)")
        if ! install_packages "${WINDOW_PACKAGES[@]}" "${TEST_PACKAGES[@]}"; then
            say "not everything the tests use is here, and it may not be installed from here. By hand:"
            name_packages "${WINDOW_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
        fi
    fi
    if [ "$(uname -s)" = Linux ]; then
        install_packages "${EXCHANGE_PACKAGES[@]}" || true
        install_packages "${CODES_PACKAGES[@]}" || true
    fi
    have keepassxc-cli || skipped+=("KeePassXC itself (keepassxc-cli)")
    have oathtool || skipped+=("codes side by side with oathtool")
    have gnome-keyring-daemon && have dbus-daemon || skipped+=("gnome-keyring on a private D-Bus (tests marked keyring)")
    have Xvfb || skipped+=("the window on a real X display (Xvfb)")
    if ! draws offscreen; then
        skipped+=("the window (Qt does not load: tests/gui)")
        left_out=(--ignore tests/gui)
    fi
    make_venv "$AWS_VENV"
    if fill "$AWS_VENV" packaging/requirements-awscli.txt awscli && "$AWS_VENV/bin/aws" --version >/dev/null 2>&1; then
        export CREDGUARD_TEST_AWS=$PWD/$AWS_VENV/bin/aws
    else
        skipped+=("the real aws command line (tests marked awscli)")
    fi
    if [ ${#skipped[@]} -gt 0 ]; then
        local what
        for what in "${skipped[@]}"; do say "SKIPPED, not to be had here: $what"; done
    else
        say "nothing is skipped for want of a program: gnome-keyring, D-Bus, Xvfb, Qt, KeePassXC, oathtool and aws are here"
    fi
    export QT_QPA_PLATFORM=${QT_QPA_PLATFORM:-offscreen}
    # A file stays with one worker: what it sets up (a keychain, the double) is set up once.
    # shellcheck disable=SC2086 # PYTEST_ARGS is words
    "$VENV/bin/python" -m pytest -n "${TEST_JOBS:-2}" --dist loadfile \
        --timeout 300 --timeout-method thread -rs ${left_out[@]+"${left_out[@]}"} ${PYTEST_ARGS:-} "$@"
}

check() {
    environment dev
    local failed=0
    "$VENV/bin/ruff" check . || failed=1
    "$VENV/bin/ruff" format --check . || failed=1
    "$VENV/bin/mypy" || failed=1
    "$VENV/bin/lint-imports" || failed=1
    [ $failed = 0 ] || stop "make check found something; see above"
}

bench() {
    environment dev
    window_libraries || exit 1
    if [ "$(uname -s)" = Linux ]; then
        install_packages "${TEST_PACKAGES[@]}" || say "no keychain or no X server to be had here: what needs them is left out"
    fi
    "$VENV/bin/python" benchmarks/run.py "$@" || return
    [ $# = 0 ] || return 0
    "$VENV/bin/python" -m benchmarks.many_items && "$VENV/bin/python" -m benchmarks.many_codes
}

screenshots() {
    environment dev
    window_libraries || exit 1
    install_packages "${PICTURE_PACKAGES[@]}" || say "without the fonts Inter and JetBrains Mono: the pictures get others"
    QT_QPA_PLATFORM=${QT_QPA_PLATFORM:-offscreen} "$VENV/bin/python" -m tests.support.screenshots docs/images "$@"
}

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
run) run "$@" ;;
tour) tour "$@" ;;
test) run_tests "$@" ;;
check) check ;;
bench) bench "$@" ;;
screenshots) screenshots "$@" ;;
env) environment dev && say "ready: $VENV/bin/credguard" ;;
*)
    sed -n '4p' "$0" | cut -c 5- >&2
    exit 2
    ;;
esac
