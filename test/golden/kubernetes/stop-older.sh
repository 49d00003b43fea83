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
  delete \
  secret \
  paude-bcd234-credential \
  --ignore-not-found
kubectl \
  --context=team \
  --namespace=paude \
  patch \
  deployment \
  paude-bcd234-proxy \
  --type=merge \
  '--patch={"spec":{"replicas":0}}' || { left=$(kubectl --context=team --namespace=paude get deployment/paude-bcd234-proxy --ignore-not-found --output=name) || left='no answer'; [ -z "$left" ]; }
kubectl \
  --context=team \
  --namespace=paude \
  patch \
  job \
  paude-bcd234 \
  --type=merge \
  '--patch={"spec":{"suspend":true}}' || { left=$(kubectl --context=team --namespace=paude get job/paude-bcd234 --ignore-not-found --output=name) || left='no answer'; [ -z "$left" ]; }
# wait at most 30 s until the pod of the agent has ended
tries=0
until answer=$(kubectl --context=team --namespace=paude get pods --selector=paude.id=paude-bcd234,paude.role=agent '--output=jsonpath=({.items[*].status.phase})') && printf %s "$answer" | grep -Eq -e '^[(]((Failed|Succeeded) ?)*[)]$'; do
  tries=$((tries + 1)); [ "$tries" -lt 100 ] || break
  sleep 0.3
done
