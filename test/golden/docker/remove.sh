#!/bin/sh
set -eu
docker rm \
  --force \
  --volumes \
  paude-bcd234 \
  paude-bcd234-proxy || true
rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234
