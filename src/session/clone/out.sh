# After a look, in the same shell: prints a pack of what the commits on stdin reach, but for what those with ^ reach.
exec git pack-objects --revs --stdout --thin --delta-base-offset -q
