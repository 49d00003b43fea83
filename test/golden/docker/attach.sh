#!/bin/sh
set -eu
# keeps a terminal for: docker attach --sig-proxy=false '--detach-keys=ctrl-^,ctrl-@,ctrl-^,ctrl-@' paude-bcd234
paude hold paude-bcd234
paude attach paude-bcd234
