# Behind others.sh: packs the objects of the index. What the commit has is in the other packs.
{ cat objects; echo "^$commit^{tree}"; } | "$git" pack-objects --revs --delta-base-offset --window=0 --compression=0 -q "$folder/pack" >/dev/null
