#!/bin/sh
set -eu
docker stop \
  -t \
  10 \
  paude-bcd234
docker stop \
  -t \
  0 \
  paude-bcd234-gate || true
docker stop \
  -t \
  0 \
  paude-bcd234-proxy || true
