#!/bin/sh
set -eu
docker rm \
  --force \
  --volumes \
  paude-bcd234 \
  paude-bcd234-proxy || { left=$(docker ps --all --quiet --filter=label=paude.id=paude-bcd234) || left='no answer'; [ -z "$left" ]; }
rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234
