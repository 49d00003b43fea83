#!/bin/sh
set -eu
# keeps a terminal for: /bin/sh /home/ada/.local/state/paude/sessions/paude-bcd234/zellij/session.sh attach paude-bcd234
paude hold paude-bcd234
paude attach paude-bcd234
