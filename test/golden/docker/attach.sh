#!/bin/sh
set -eu
docker attach \
  --sig-proxy=false \
  --detach-keys=ctrl-p,ctrl-q \
  paude-bcd234
