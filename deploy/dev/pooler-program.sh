#!/usr/bin/env bash
# Prints the path of a PgBouncer that keeps prepared statements in transaction mode (1.21 or later). On Debian 12, which
# has an older one, that of Debian 13 is unpacked under ~/.cache with the libraries it needs; nothing is installed.
set -euo pipefail

suite=trixie
cache=${COUPONRY_TEST_PGBOUNCER_CACHE:-$HOME/.cache/couponry-pgbouncer}

is_new_enough() { # PROGRAM
  local version
  version=$("$1" --version 2>/dev/null | sed -nE '1s/^PgBouncer ([0-9.]+).*$/\1/p')
  [ -n "$version" ] && printf '1.21\n%s\n' "$version" | sort --version-sort --check=quiet
}

download() { # DIRECTORY: apt with lists of its own, as if for a machine with nothing on it
  local repository options
  repository=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' | sed -nE '/ Debian Debian$/s/ .*//p' | head -n 1)
  mkdir -p "$1"/{lists,archives}/partial "$1/state"
  : >"$1/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $repository $suite main" >"$1/sources.list"
  options=(-o "Dir::Etc::SourceList=$1/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State=$1/state"
    -o "Dir::State::Lists=$1/lists" -o "Dir::State::status=$1/status" -o "Dir::Cache=$1" -o "Dir::Cache::Archives=$1/archives"
    -o APT::Install-Recommends=false -o APT::Sandbox::User=root -o Debug::NoLocking=1)
  apt-get "${options[@]}" -q update >&2
  apt-get "${options[@]}" -q install --yes --download-only pgbouncer >&2
}

unpack() { # DIRECTORY
  local package loader
  for package in "$1"/archives/{lib,pgbouncer,zlib}*.deb; do dpkg-deb --extract "$package" "$1/root"; done
  loader=$(find "$1/root/usr/lib" -name 'ld-linux-*.so.*' | head -n 1)
  # What was unpacked has its own C library, and finds it beside its loader.
  cat >"$1/pgbouncer" <<EOF
#!/bin/sh
here=\$(dirname "\$0")/root
exec "\$here${loader#"$1/root"}" --library-path "\$here$(dirname "${loader#"$1/root"}")" "\$here/usr/sbin/pgbouncer" "\$@"
EOF
  chmod 755 "$1/pgbouncer"
  chmod -R a+rX "$1"
}

mkdir -p "$(dirname "$cache")"
exec 9>"$cache.lock"
flock 9 # who else wants it waits, and then finds it
for program in "${COUPONRY_TEST_PGBOUNCER:-}" "$(command -v pgbouncer || true)" /usr/sbin/pgbouncer "$cache/pgbouncer"; do
  if [ -n "$program" ] && is_new_enough "$program"; then
    echo "$program"
    exit
  fi
done

command -v apt-get >/dev/null || {
  echo "PgBouncer 1.21 or later is not here, and this system has no apt-get: install it, or set COUPONRY_TEST_PGBOUNCER" >&2
  exit 1
}
echo "PgBouncer 1.21 or later is not here: unpacking Debian's package under $cache" >&2
rm -rf "$cache.new"
download "$cache.new"
unpack "$cache.new"
rm -rf "$cache.new"/{lists,archives,state} "$cache"
mv "$cache.new" "$cache"
is_new_enough "$cache/pgbouncer"
echo "$cache/pgbouncer"
