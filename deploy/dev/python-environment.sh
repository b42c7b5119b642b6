#!/usr/bin/env bash
# Makes the Python environment of tests/compat and prints its directory; installs Python on Debian and Ubuntu if there
# is none.
set -euo pipefail

wanted=tests/compat/requirements.txt
environment=${COUPONRY_VENV:-$HOME/.cache/couponry-venv}

python_is_there() { python3 -c 'import ensurepip, venv' 2>/dev/null; }

install_python() {
  local as_root=()
  command -v apt-get >/dev/null || {
    echo "Python 3.10 or later with its module venv is not here, and this system has no apt-get: install it" >&2
    exit 1
  }
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  echo "Python or its module venv is not here: installing Debian's packages python3 and python3-venv" >&2
  "${as_root[@]}" apt-get update -q >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3 python3-venv >&2
}

# Written last: an environment that was only half made is made again.
if ! cmp --silent "$wanted" "$environment/made-from.txt" || ! "$environment/bin/python" -c '' 2>/dev/null; then
  python_is_there || install_python
  rm -rf "$environment"
  python3 -m venv "$environment"
  "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted" >&2
  cp "$wanted" "$environment/made-from.txt"
fi
echo "$environment"
