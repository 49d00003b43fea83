#!/bin/sh
set -eu
undo=: kept=:
later() { undo="$1; $undo"; }
trap 'code=$?; [ "$code" = 0 ] || eval "$undo; $kept" >/dev/null 2>&1; exit "$code"' EXIT
# side by side
later 'kubectl --context=team --namespace=paude delete secret paude-bcd234-credential --ignore-not-found'
later 'kubectl --context=team --namespace=paude patch deployment paude-bcd234-proxy --type=merge '\''--patch={"spec":{"replicas":0}}'\'''
(
  printf %s '••••••' | kubectl \
    --context=team \
    --namespace=paude \
    apply \
    --server-side \
    --field-manager=paude \
    --filename=- &&
  kubectl \
    --context=team \
    --namespace=paude \
    patch \
    deployment \
    paude-bcd234-proxy \
    --type=merge \
    '--patch={"spec":{"replicas":0}}' &&
  kubectl \
    --context=team \
    --namespace=paude \
    wait \
    pod \
    --selector=paude.id=paude-bcd234,paude.role=proxy \
    --for=delete \
    --timeout=60s &&
  kubectl \
    --context=team \
    --namespace=paude \
    patch \
    deployment \
    paude-bcd234-proxy \
    --type=merge \
    '--patch={"spec":{"replicas":1}}'
) & lane_1=$!
(
  kubectl \
    --context=team \
    --namespace=paude \
    delete \
    pod \
    paude-bcd234-look \
    --ignore-not-found \
    --grace-period=1
) & lane_2=$!
failed=0
wait "$lane_1" || failed=1
wait "$lane_2" || failed=1
[ "$failed" = 0 ]
kubectl \
  --context=team \
  --namespace=paude \
  delete \
  job \
  paude-bcd234 \
  --ignore-not-found \
  --cascade=foreground \
  --wait=true
later 'kubectl --context=team --namespace=paude patch job paude-bcd234 --type=merge '\''--patch={"spec":{"suspend":true}}'\'''
kubectl \
  --context=team \
  --namespace=paude \
  apply \
  --server-side \
  --field-manager=paude \
  --filename=/home/ada/.local/state/paude/sessions/paude-bcd234/agent.json
# wait at most 20 s until the cluster has made the pods of the session as they were sent
tries=0
until answer=$(kubectl --context=team --namespace=paude get pods '--selector=paude.id=paude-bcd234,paude.role!=look' '--output=jsonpath={range .items[*]}[{.metadata.labels.paude\.role} with={.spec.containers[*].name} {.spec.initContainers[*].name} {.spec.ephemeralContainers[*].name} host={.spec.hostNetwork}{.spec.hostPID}{.spec.hostIPC}{.spec.shareProcessNamespace} token={.spec.automountServiceAccountToken} volumes={.spec.volumes[*].projected.sources[*]} {.spec.volumes[*].hostPath.path} {.spec.volumes[*].csi.driver} privileged={.spec.containers[*].securityContext.privileged}{.spec.containers[*].securityContext.capabilities.add}]{end}') && printf %s "$answer" | grep -Eq -e '^(\[agent with=agent proof *host= *token=false volumes= *privileged= *\]|\[proxy with=proxy *host= *token=false volumes= *privileged= *\])*(\[agent with=agent proof *host= *token=false volumes= *privileged= *\](\[agent with=agent proof *host= *token=false volumes= *privileged= *\]|\[proxy with=proxy *host= *token=false volumes= *privileged= *\])*\[proxy with=proxy *host= *token=false volumes= *privileged= *\]|\[proxy with=proxy *host= *token=false volumes= *privileged= *\](\[agent with=agent proof *host= *token=false volumes= *privileged= *\]|\[proxy with=proxy *host= *token=false volumes= *privileged= *\])*\[agent with=agent proof *host= *token=false volumes= *privileged= *\])(\[agent with=agent proof *host= *token=false volumes= *privileged= *\]|\[proxy with=proxy *host= *token=false volumes= *privileged= *\])*$'; do
  if printf %s "$answer" | grep -Eq -e '\[agent .*\[proxy |\[proxy .*\[agent '; then echo 'a controller of the cluster changed a pod of the session: it added a container, a token, a folder or a privilege' >&2; exit 1; fi
  tries=$((tries + 1)); [ "$tries" -lt 67 ] || exit 1
  sleep 0.3
done
kubectl --context=team --namespace=paude wait pods --selector=paude.id=paude-bcd234,paude.role=agent '--for=jsonpath={.status.phase}=Running' --timeout=5s >/dev/null 2>&1 || {
  # wait at most 300 s until the pod of the agent runs and its wall is proved
  tries=0
  until answer=$(kubectl --context=team --namespace=paude get pods --selector=paude.id=paude-bcd234,paude.role=agent '--output=jsonpath={range .items[*]}phase={.status.phase} waits={.status.initContainerStatuses[*].state.waiting.reason} {.status.containerStatuses[*].state.waiting.reason}{"\n"}{end}') && printf %s "$answer" | grep -Eq -e '^phase=Running '; do
    if printf %s "$answer" | grep -Eq -e '^phase=Failed |^phase=[A-Za-z]* waits=.*(ImagePullBackOff|ErrImageNeverPull|InvalidImageName|CreateContainerConfigError|CreateContainerError|RunContainerError)'; then echo 'never: the pod of the agent runs and its wall is proved' >&2; exit 1; fi
    tries=$((tries + 1)); [ "$tries" -lt 1000 ] || exit 1
    sleep 0.3
  done
}
# side by side
(
  { failed=$({
    { kubectl \
      --context=team \
      --namespace=paude \
      logs \
      job/paude-bcd234 \
      --container=proof 3>&- || echo from >&3; } |
    { kubectl \
      --context=team \
      --namespace=paude \
      exec \
      --stdin \
      deployment/paude-bcd234-proxy \
      --container=proxy \
      -- \
      /usr/bin/bash \
      -c \
      'cat >/paude/link/receipt' 3>&- >&4 || echo to >&3; }
  } 3>&1); } 4>&1
  [ -z "$failed" ]
) & trailing=$!
failed=0
[ "$failed" = 0 ]
undo=: kept=:
# keeps a terminal for: kubectl --context=team --namespace=paude attach --stdin --tty --quiet job/paude-bcd234 --container=agent
paude hold --start paude-bcd234
paude attach paude-bcd234
