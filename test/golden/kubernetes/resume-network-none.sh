#!/bin/sh
set -eu
kubectl \
  --namespace=paude \
  delete \
  pod \
  paude-bcd234-look \
  --ignore-not-found \
  --grace-period=1
kubectl \
  --namespace=paude \
  delete \
  job \
  paude-bcd234 \
  --ignore-not-found \
  --cascade=foreground \
  --wait=true
kubectl \
  --namespace=paude \
  apply \
  --server-side \
  --field-manager=paude \
  --filename=/home/ada/.local/state/paude/sessions/paude-bcd234/agent.json
# wait at most 20 s until the cluster has made the pod of the agent
tries=0
until answer=$(kubectl --namespace=paude get pods --selector=paude.id=paude-bcd234,paude.role=agent --output=json) && printf %s "$answer" | grep -Eq -e '"kind": "Pod"'; do
  tries=$((tries + 1)); [ "$tries" -lt 67 ] || exit 1
  sleep 0.3
done
# wait at most 300 s until the pod of the agent runs and its wall is proved
tries=0
until answer=$(kubectl --namespace=paude get pods --selector=paude.id=paude-bcd234,paude.role=agent --output=json) && printf %s "$answer" | grep -Eq -e '"phase": "Running"'; do
  if printf %s "$answer" | grep -Eq -e '"phase": "Failed"|"reason": "(ImagePullBackOff|ErrImageNeverPull|InvalidImageName|CreateContainerConfigError|CreateContainerError|RunContainerError)"'; then echo 'never: the pod of the agent runs and its wall is proved' >&2; exit 1; fi
  tries=$((tries + 1)); [ "$tries" -lt 1000 ] || exit 1
  sleep 0.3
done
# wait at most 10 s until the agent's pod is as it was sent
tries=0
until answer=$(kubectl --namespace=paude get pods --selector=paude.id=paude-bcd234,paude.role=agent '--output=jsonpath={range .items[*]}with={.spec.containers[*].name} {.spec.initContainers[*].name} {.spec.ephemeralContainers[*].name} host={.spec.hostNetwork}{.spec.hostPID}{.spec.hostIPC}{.spec.shareProcessNamespace} token={.spec.automountServiceAccountToken} volumes={.spec.volumes[*].projected.sources[*]}{.spec.volumes[*].hostPath.path}{.spec.volumes[*].csi.driver} privileged={.spec.containers[*].securityContext.privileged}{.spec.containers[*].securityContext.capabilities.add}{"\n"}{end}') && printf %s "$answer" | grep -Eq -e '^with=agent proof *host= *token=false *volumes= *privileged= *$'; do
  if printf %s "$answer" | grep -Eq -e '^with='; then echo 'a controller of the cluster changed the agent'\''s pod: it added a container, a token, a folder or a privilege' >&2; exit 1; fi
  tries=$((tries + 1)); [ "$tries" -lt 34 ] || exit 1
  sleep 0.3
done
# keeps a terminal for: kubectl --namespace=paude attach --stdin --tty --quiet job/paude-bcd234 --container=agent
paude hold --start paude-bcd234
