#!/bin/sh
set -eu
podman rm \
  --force \
  --ignore \
  --time=0 \
  --volumes \
  --depend \
  paude-bcd234 \
  paude-bcd234-proxy || { left=$(podman ps --all --quiet --filter=label=paude.id=paude-bcd234) || left='no answer'; [ -z "$left" ]; }
rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234
