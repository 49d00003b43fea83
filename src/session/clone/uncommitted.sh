# On this machine, in a repository of paude's own: makes in a folder what a clone needs of what is not committed, but for the files themselves.
set -eu
git=$1 folder=$2 commit=$3 root=$4
cd "$folder"
export GIT_INDEX_FILE="$folder/index"
"$git" update-index --index-info <entries
# A list of what is ignored may claim any size.
GIT_ALLOC_LIMIT=256m GIT_WORK_TREE="$root" "$git" ls-files -z --others --exclude-per-directory=.gitignore --exclude-from="$folder/excludes" >others
# What the commit has is in the other packs.
{ cat objects; echo "^$commit^{tree}"; } | "$git" pack-objects --revs --delta-base-offset --window=0 --compression=0 -q "$folder/pack" >/dev/null
