#!/bin/sh
set -eu
docker exec \
  --interactive \
  --workdir=/home/ada/engine \
  paude-bcd234 \
  cat \
  -n
