#!/bin/sh
set -eu
docker start paude-bcd234
