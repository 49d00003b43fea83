#!/bin/sh
set -eu
undo=: kept=:
later() { undo="$1; $undo"; }
trap 'code=$?; [ "$code" = 0 ] || eval "$undo; $kept" >/dev/null 2>&1; exit "$code"' EXIT
rm \
  -f \
  -- \
  /home/ada/.local/state/paude/sessions/paude-bcd234/link/proxy.sock \
  /home/ada/.local/state/paude/sessions/paude-bcd234/link/receipt.sock \
  /home/ada/.local/state/paude/sessions/paude-bcd234/link/base-url.sock \
  /home/ada/.local/state/paude/sessions/paude-bcd234/link/gateway \
  /home/ada/.local/state/paude/sessions/paude-bcd234/link/ca-bundle.pem \
  /home/ada/.local/state/paude/sessions/paude-bcd234/link/ca-extra.pem
later 'container stop --time=0 paude-bcd234-proxy'
container start paude-bcd234-proxy
# wait at most 30 s until the proxy listens
tries=0
until answer=$(container exec paude-bcd234-proxy /usr/bin/bash -c '[[ -S /paude/link/receipt.sock ]] && echo ready') && printf %s "$answer" | grep -Eq -e '^ready$'; do
  tries=$((tries + 1)); [ "$tries" -lt 150 ] || exit 1
  sleep 0.2
done
container copy paude-bcd234-proxy:/paude/link/gateway /home/ada/.local/state/paude/sessions/paude-bcd234/link/gateway
container copy paude-bcd234-proxy:/paude/link/ca-bundle.pem /home/ada/.local/state/paude/sessions/paude-bcd234/link/ca-bundle.pem
container copy paude-bcd234-proxy:/paude/link/ca-extra.pem /home/ada/.local/state/paude/sessions/paude-bcd234/link/ca-extra.pem
# keeps a terminal for: container start --attach --interactive paude-bcd234
paude hold --start paude-bcd234
