#!/bin/sh
set -eu
podman start paude-bcd234
