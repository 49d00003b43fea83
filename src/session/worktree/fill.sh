# On this machine, in a repository of paude's own: makes the index of a working tree, and its files. Nothing of the project's configuration is read.
set -eu
git=$1 commit=$4
export GIT_WORK_TREE="$2" GIT_INDEX_FILE="$3"
exec "$git" read-tree --reset -u "$commit"
