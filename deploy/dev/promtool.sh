#!/usr/bin/env bash
# Prints the path of promtool: the system's, or that of Debian's package, which is unpacked under ~/.cache; nothing is
# installed, and no Prometheus is started.
set -euo pipefail

cache=${COUPONRY_PROMTOOL_CACHE:-$HOME/.cache/couponry-promtool}
for program in "$(command -v promtool || true)" "$cache/usr/bin/promtool"; do
  if [ -n "$program" ] && "$program" --version >/dev/null 2>&1; then
    echo "$program"
    exit
  fi
done

command -v apt-get >/dev/null || { echo "promtool is not here, and this system has no apt-get: install Prometheus' programs" >&2; exit 1; }
echo "promtool is not here: unpacking Debian's package under $cache" >&2
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
fetch() { (cd "$place" && apt-get -q -o APT::Sandbox::User=root download "$1" >&2); }
# Debian 13 has it in a package of its own.
if ! fetch prometheus; then
  apt-get -q update >&2
  fetch prometheus
fi
dpkg-deb --extract "$place"/prometheus_*.deb "$place/root"
if [ ! -x "$place/root/usr/bin/promtool" ]; then
  fetch promtool
  dpkg-deb --extract "$place"/promtool_*.deb "$place/root"
fi
mkdir -p "$cache/usr/bin"
install "$place/root/usr/bin/promtool" "$cache/usr/bin/promtool.new"
mv "$cache/usr/bin/promtool.new" "$cache/usr/bin/promtool"
"$cache/usr/bin/promtool" --version >/dev/null
echo "$cache/usr/bin/promtool"
