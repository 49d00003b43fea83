#!/bin/sh
set -eu
podman exec \
  --interactive \
  --workdir=/home/ada/engine \
  paude-bcd234 \
  cat \
  -n
