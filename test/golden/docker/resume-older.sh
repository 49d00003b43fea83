#!/bin/sh
set -eu
undo=: kept=:
later() { undo="$1; $undo"; }
trap 'code=$?; [ "$code" = 0 ] || eval "$undo; $kept" >/dev/null 2>&1; exit "$code"' EXIT
later 'docker stop -t 0 paude-bcd234-gate paude-bcd234-proxy'
docker start paude-bcd234-gate paude-bcd234-proxy
# keeps a terminal for: docker start --attach --interactive '--detach-keys=ctrl-^,ctrl-@,ctrl-^,ctrl-@' paude-bcd234
paude hold --start paude-bcd234
