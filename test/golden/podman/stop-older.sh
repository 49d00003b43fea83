#!/bin/sh
set -eu
podman stop \
  -t \
  10 \
  paude-bcd234
podman stop \
  -t \
  0 \
  paude-bcd234-gate || true
podman stop \
  -t \
  0 \
  paude-bcd234-proxy || true
