#!/bin/sh
set -eu
kubectl \
  --context=team \
  --namespace=paude \
  exec \
  --quiet \
  job/paude-bcd234 \
  --container=agent \
  -- \
  /bin/sh \
  -c \
  'kill -s TERM 1; sleep 10; kill -s KILL -1' || true
kubectl \
  --context=team \
  --namespace=paude \
  patch \
  job \
  paude-bcd234 \
  --type=merge \
  '--patch={"spec":{"suspend":true}}'
kubectl \
  --context=team \
  --namespace=paude \
  patch \
  deployment \
  paude-bcd234-proxy \
  --type=merge \
  '--patch={"spec":{"replicas":0}}'
kubectl \
  --context=team \
  --namespace=paude \
  delete \
  secret \
  paude-bcd234-credential \
  --ignore-not-found
