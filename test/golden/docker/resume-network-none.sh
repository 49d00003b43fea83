#!/bin/sh
set -eu
# keeps a terminal for: docker start --attach --interactive '--detach-keys=ctrl-^,ctrl-@,ctrl-^,ctrl-@' paude-bcd234
paude hold --start paude-bcd234
