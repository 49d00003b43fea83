#!/bin/sh
set -eu
container stop --time=0 paude-bcd234
