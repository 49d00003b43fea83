#!/bin/sh
set -eu
docker stop \
  -t \
  0 \
  paude-bcd234
