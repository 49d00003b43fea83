#!/bin/sh
set -eu
# keeps a terminal for: podman attach --sig-proxy=false --detach-keys= paude-bcd234
paude hold paude-bcd234
paude attach paude-bcd234
