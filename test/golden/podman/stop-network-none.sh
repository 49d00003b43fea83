#!/bin/sh
set -eu
podman stop \
  -t \
  0 \
  paude-bcd234
