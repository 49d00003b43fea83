# In the box, or in a helper: prints a pack of what the commits named reach, but for what those with ^ reach.
cd "$1" || exit
shift
printf '%s\n' "$@" | git pack-objects --revs --stdout --thin --delta-base-offset -q
