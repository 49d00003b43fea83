# Every hook of the agent: appends what it was told to the session's record. It never speaks, never fails, never waits.
exec 2>/dev/null
# 16 MiB in blocks of 512 bytes: behind them the kernel refuses the write. 25 is SIGXFSZ, which would end this shell.
ulimit -f 32768
trap '' 25
IFS=' ' read -r up _ </proc/uptime
# A line before and after, so that no neighbour can swallow it. Below 4 KiB a shell writes at once: two hooks never mix.
if command -v dd && command -v tail; then
  begin=$(dd bs=3000 count=1 iflag=fullblock)
  printf '\n%s %s\t%s\n' "$up" "$begin" "$(tail -c 1000)" >>/paude/out/events
else
  # A shell alone reads byte by byte, which takes long for long texts, so behind the agent's back.
  exec 3<&0
  { IFS= read -r begin <&3 && LC_ALL=C printf '\n%s %.3900s\t\n' "$up" "$begin" >>/paude/out/events; } &
fi >/dev/null
exit 0
