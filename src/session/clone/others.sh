# On this machine, in a repository of paude's own: lists what a folder has that its index does not know and git does not ignore.
set -eu
git=$1 folder=$2 commit=$3 root=$4
cd "$folder"
export GIT_INDEX_FILE="$folder/index"
"$git" update-index --index-info <entries
# A list of what is ignored may claim any size.
GIT_ALLOC_LIMIT=256m GIT_WORK_TREE="$root" "$git" ls-files -z --others --exclude-per-directory=.gitignore --exclude-from="$folder/excludes" >others
