# Every hook of the agent: appends what it was told to the session's record. It never speaks, never fails, never waits.
exec 2>/dev/null
# 16 MiB in blocks of 512 bytes: behind them the kernel refuses the write. 25 is SIGXFSZ, which would end this shell.
ulimit -f 32768
trap '' 25
IFS=' ' read -r up _ </proc/uptime
# A fresh line first, so that whatever stands there cannot swallow it. Below 4 KiB a shell writes at once: two hooks never mix.
if head=$(dd bs=3000 count=1 iflag=fullblock); then
  printf '\n%s %s\t%s' "$up" "$head" "$(tail -c 1000)" >>/paude/out/events
else
  # An image without dd: the shell reads byte by byte, which takes long for long texts, so behind the agent's back.
  exec 3<&0
  { IFS= read -r head <&3 && LC_ALL=C printf '\n%s %.3900s\t' "$up" "$head" >>/paude/out/events; } >/dev/null &
fi
exit 0
