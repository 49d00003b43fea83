#!/bin/sh
set -eu
container stop --time=10 paude-bcd234
container stop --time=0 paude-bcd234-proxy || true
