# On this machine, in a repository of paude's own: prints what of a working tree is not in its commit, each name once or more.
set -eu
git=$1 root=$2 folder=$3 commit=$4
cd "$folder"
export GIT_INDEX_FILE="$folder/index"
"$git" update-index --index-info <entries
"$git" diff-index --cached --name-only -z "$commit"
export GIT_WORK_TREE="$root"
"$git" update-index -q --refresh >/dev/null || :
# In a repository within, git would look by the configuration that lies there, and start what it names.
"$git" diff-files --ignore-submodules=all --name-only -z
# A list of what is ignored may claim any size.
GIT_ALLOC_LIMIT=256m "$git" ls-files -z --others --exclude-per-directory=.gitignore --exclude-from="$folder/excludes"
