#!/bin/sh
set -eu
undo=: kept=:
later() { undo="$1; $undo"; }
trap 'code=$?; [ "$code" = 0 ] || eval "$undo; $kept" >/dev/null 2>&1; exit "$code"' EXIT
# given up after 30 s
later '/bin/sh /home/ada/.local/state/paude/sessions/paude-bcd234/zellij/session.sh stop paude-bcd234 0'
(cd /home/ada/.local/state/paude/sessions/paude-bcd234 && /bin/sh /home/ada/.local/state/paude/sessions/paude-bcd234/zellij/session.sh create paude-bcd234)
# keeps a terminal for: /bin/sh /home/ada/.local/state/paude/sessions/paude-bcd234/zellij/session.sh open paude-bcd234
paude hold --start paude-bcd234
