# In the box of a clone, or in a helper without a change to it: prints its checkpoints, the newest first.
cd "$1" && git rev-parse --git-dir >/dev/null || exit 65
git for-each-ref --count=1000 --sort=-committerdate --format='checkpoint %(committerdate:unix) %(objectname) %(refname:lstrip=3) %(subject)' refs/paude/checkpoints
echo end
