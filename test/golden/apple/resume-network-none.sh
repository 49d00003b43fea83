#!/bin/sh
set -eu
# keeps a terminal for: container start --attach --interactive paude-bcd234
paude hold --start paude-bcd234
