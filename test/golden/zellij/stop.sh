#!/bin/sh
set -eu
# given up after 40 s
/bin/sh /home/ada/.local/state/paude/sessions/paude-bcd234/zellij/session.sh stop paude-bcd234 10
