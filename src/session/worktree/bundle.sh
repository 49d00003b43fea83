# On this machine, in a repository of paude's own: prints a bundle of a commit, and of what is not committed in a working tree.
set -eu
git=$1 root=$2 commit=$3 branch=$4
cd "$GIT_DIR"
export GIT_INDEX_FILE="$GIT_DIR/index" GIT_WORK_TREE="$root"
"$git" update-index --index-info <entries
(cd "$root" && "$git" add --all)
# Not before: git would look into each by the configuration that lies there, and start what it names.
"$git" update-index --index-info <repositories
made=$("$git" -c user.name=paude -c user.email=paude@localhost commit-tree -p "$commit" -m 'What was not committed' "$("$git" write-tree)")
"$git" update-ref "refs/heads/$branch" "$commit"
"$git" update-ref refs/paude/uncommitted-1 "$made"
unset GIT_WORK_TREE
"$git" bundle create -q - --all
