#!/usr/bin/env bash
# What clients meet behind the proxies as they are shipped, deploy/production/Caddyfile and nginx.conf: proxies.py asks. By hand, since
# CI has neither program (Debian's packages caddy and nginx-light do):
#
#   deploy/dev/with-throwaway-postgres.sh deploy/dev/proxies.sh [caddy|nginx …]
set -euo pipefail
cd "$(dirname "$0")/../.."

[ $# -gt 0 ] || set -- caddy nginx
for program in "$@"; do
  command -v "$program" >/dev/null || { echo "$program is not here: apt-get install $program (of nginx, nginx-light does)" >&2; exit 1; }
done
if [ -z "${COUPONRY_BINARY:-}" ]; then
  cargo build --locked --quiet --package couponry
  COUPONRY_BINARY=${CARGO_TARGET_DIR:-target}/debug/couponry
fi

place=$(mktemp -d /tmp/couponry-proxies.XXXXXX)
# nginx's workers are another user.
chmod 0755 "$place"
started=()
finish() {
  for process in "${started[@]}"; do kill "$process" 2>/dev/null && wait "$process" 2>/dev/null; done
  rm -rf "$place"
}
trap finish EXIT
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
until_so() { # COMMAND…
  for _ in $(seq 600); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
  echo "not within a minute: $*" >&2
  cat "$place"/*.log >&2
  exit 1
}

server=$(free_port)
export WORKSPACE=proxies KEY
KEY=$(od -An -v -tx1 -N 16 /dev/urandom | tr -d ' \n')
env --ignore-environment PATH="$PATH" DATABASE_URL="$COUPONRY_TEST_DATABASE_URL" COUPONRY_LISTEN="127.0.0.1:$server" \
  COUPONRY_TRUSTED_PROXIES=127.0.0.1 COUPONRY_RATE_LIMITS=off COUPONRY_ADDRESS_REQUESTS=200 COUPONRY_STALL_SECONDS=10 \
  COUPONRY_BOOTSTRAP_WORKSPACE_ID="$WORKSPACE" COUPONRY_BOOTSTRAP_API_KEY="$KEY" \
  "$COUPONRY_BINARY" serve >/dev/null 2>"$place/couponry.log" &
started+=($!)
until_so curl -fsS "http://127.0.0.1:$server/readyz"

caddy_up() { # PORT
  # As it is, but for the ports, and for Docker, which names the servers otherwise.
  sed -e "s/^{\$/{\n\thttp_port $(free_port)\n\thttps_port $1/;t" -e "s/name api/name 127.0.0.1/" -e "s/port 8080/port $server/" \
    -e "s/:2020/:$(free_port)/" deploy/production/Caddyfile >"$place/Caddyfile"
  XDG_DATA_HOME="$place" XDG_CONFIG_HOME="$place" COUPONRY_SITE=localhost \
    caddy run --config "$place/Caddyfile" --adapter caddyfile >"$place/caddy.log" 2>&1 &
  started+=($!)
  authority=$place/caddy/pki/authorities/local/root.crt
}
nginx_up() { # PORT
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$place/key" -out "$place/certificate" 2>/dev/null
  sed -e "s/127.0.0.1:8080/127.0.0.1:$server/" -e "s/443 ssl/127.0.0.1:$1 ssl/" -e "s/coupons.example.com/localhost/" \
    -e "s#/etc/nginx/couponry.crt#$place/certificate#" -e "s#/etc/nginx/couponry.key#$place/key#" \
    deploy/production/nginx.conf >"$place/couponry.conf"
  cat >"$place/nginx.conf" <<END
pid $place/nginx.pid;
error_log $place/nginx.log;
events {}
http {
  access_log off;
  client_body_temp_path $place/body;
  proxy_temp_path $place/kept;
  include $place/couponry.conf;
}
END
  nginx -c "$place/nginx.conf" -g 'daemon off;' >>"$place/nginx.log" 2>&1 &
  started+=($!)
  authority=$place/certificate
}

status=0
for program in "$@"; do
  port=$(free_port)
  "${program}_up" "$port"
  until_so curl -fsS --cacert "$authority" "https://localhost:$port/healthz"
  # Go's server reads what there is of an HTTP/1.1 request's body before it writes an answer.
  case $program in
    nginx) version=$(nginx -v 2>&1) differs=() ;;
    caddy) version="Caddy $(caddy version)" differs=(--half-duplex) ;;
  esac
  echo "behind $version:"
  deploy/dev/proxies.py --door "$port" --ca "$authority" --past "$server" "${differs[@]}" || status=1
done
exit "$status"
