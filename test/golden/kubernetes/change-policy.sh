#!/bin/sh
set -eu
printf %s 'set -e
cd /paude/policy
mkdir -p 0123456789ab
cat >0123456789ab/squid.conf <<'\''END-ac322a31ee27914542479e8248f1db9735e771c618b0bd5e1e43680eed51fbf7'\''
acl allowed dstdomain api.anthropic.com
END-ac322a31ee27914542479e8248f1db9735e771c618b0bd5e1e43680eed51fbf7
exec /usr/lib/paude/policy <<'\''END-f698b99880c9c4eae3e2859a63c4ca1d3f4c08e7013b782239f9c53756729a3b'\''
0 0123456789ab
1800000000 ba9876543210
END-f698b99880c9c4eae3e2859a63c4ca1d3f4c08e7013b782239f9c53756729a3b
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
