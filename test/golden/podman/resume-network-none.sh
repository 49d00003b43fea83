#!/bin/sh
set -eu
# keeps a terminal for: podman start --attach --interactive --sig-proxy=false --detach-keys= paude-bcd234
paude hold --start paude-bcd234
