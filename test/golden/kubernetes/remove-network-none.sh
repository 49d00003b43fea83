#!/bin/sh
set -eu
kubectl \
  --context=team \
  --namespace=paude \
  delete \
  job,deployment,service,configmap,secret,persistentvolumeclaim,pod \
  --selector=paude.id=paude-bcd234 \
  --ignore-not-found \
  --cascade=foreground \
  --wait=true || { left=$(kubectl --context=team --namespace=paude get job,deployment,service,configmap,secret,networkpolicy,persistentvolumeclaim,pod --selector=paude.id=paude-bcd234 --output=name) || left='no answer'; [ -z "$left" ]; }
kubectl \
  --context=team \
  --namespace=paude \
  delete \
  networkpolicy \
  --selector=paude.id=paude-bcd234 \
  --ignore-not-found || { left=$(kubectl --context=team --namespace=paude get job,deployment,service,configmap,secret,networkpolicy,persistentvolumeclaim,pod --selector=paude.id=paude-bcd234 --output=name) || left='no answer'; [ -z "$left" ]; }
/bin/sh -c 'PATH=$PATH:/usr/bin:/bin
cd "$1" 2>/dev/null && own=$(pwd -P) || exit 0
[ ! -d shadows ] || chmod -R u+rwX shadows 2>/dev/null
mv stand-ins stand-ins.old 2>/dev/null
[ -e stand-ins.old ] || exit 0
needed() { grep -qxF -e "$path" "$own"/../*/stand-ins 2>/dev/null; }
while IFS= read -r path; do
  needed && continue
  folder=$(dirname "$path") name=./$(basename "$path")
  (cd -P "$folder" 2>/dev/null && [ "$(pwd -P)" = "$folder" ] && [ ! -L "$name" ] || exit 0
  if [ -d "$name" ]; then rmdir "$name" 2>/dev/null && needed && mkdir "$name"
  elif [ -f "$name" ] && { [ ! -s "$name" ] || cmp -s "$own/seed/stand-ins/commondir" "$name"; }; then
    rm -f "$name" && needed && set -C && cat "$own/seed/stand-ins/$name" >"$name"
  fi)
done <stand-ins.old
:' sh /home/ada/.local/state/paude/sessions/paude-bcd234 || true
rm -rf -- /home/ada/.local/state/paude/sessions/paude-bcd234
