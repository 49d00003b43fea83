#!/bin/sh
set -eu
# keeps a terminal for: kubectl --context=team --namespace=paude attach --stdin --tty --quiet job/paude-bcd234 --container=agent
paude hold paude-bcd234
paude attach paude-bcd234
