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
  'kill -s TERM 1; sleep 0; kill -s KILL -1' || true
kubectl \
  --context=team \
  --namespace=paude \
  patch \
  job \
  paude-bcd234 \
  --type=merge \
  '--patch={"spec":{"suspend":true}}' || { left=$(kubectl --context=team --namespace=paude get job/paude-bcd234 --ignore-not-found --output=name) || left='no answer'; [ -z "$left" ]; }
kubectl \
  --context=team \
  --namespace=paude \
  wait \
  pod \
  --selector=paude.id=paude-bcd234,paude.role=agent \
  --timeout=30s \
  '--for=jsonpath={.status.containerStatuses[0].state.terminated.reason}' || true
