#!/bin/sh
set -eu
printf %s 'set -e
cd /paude/policy
mkdir -p '\''0123456789ab'\''
cat >'\''0123456789ab/squid.conf'\'' <<'\''END-89c5e3629bb01267af0192c9971861457d557005b3f123a512e6db5cce2b4a13'\''
acl allowed dstdomain api.anthropic.com
END-89c5e3629bb01267af0192c9971861457d557005b3f123a512e6db5cce2b4a13
exec /usr/lib/paude/policy <<'\''END-89c5e3629bb01267af0192c9971861457d557005b3f123a512e6db5cce2b4a13'\''
0 0123456789ab
1800000000 ba9876543210
END-89c5e3629bb01267af0192c9971861457d557005b3f123a512e6db5cce2b4a13
' | kubectl \
  --context=team \
  --namespace=paude \
  exec \
  --stdin \
  --quiet \
  deployment/paude-bcd234-proxy \
  --container=proxy \
  -- \
  /usr/bin/bash \
  -s
