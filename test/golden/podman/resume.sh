#!/bin/sh
set -eu
undo=: kept=:
later() { undo="$1; $undo"; }
trap 'code=$?; [ "$code" = 0 ] || eval "$undo; $kept" >/dev/null 2>&1; exit "$code"' EXIT
# side by side
later 'podman stop -t 0 paude-bcd234-proxy'
(
  podman start paude-bcd234-proxy
) & trailing=$!
failed=0
[ "$failed" = 0 ]
# keeps a terminal for: podman start --attach --interactive --sig-proxy=false --detach-keys= paude-bcd234
paude hold --start paude-bcd234
wait "$trailing"
