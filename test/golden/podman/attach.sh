#!/bin/sh
set -eu
podman attach \
  --sig-proxy=false \
  --detach-keys=ctrl-p,ctrl-q \
  paude-bcd234
