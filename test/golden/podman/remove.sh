#!/bin/sh
set -eu
podman rm \
  --force \
  --ignore \
  --time=0 \
  --volumes \
  --depend \
  paude-bcd234 \
  paude-bcd234-proxy || true
rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234
