# What was named for the bundle alone. Nothing else here begins so.
git for-each-ref --format='delete %(refname)' refs/paude/head 'refs/paude/head-*' 'refs/paude/uncommitted-*' 'refs/paude/stash-*' refs/paude/within-* |
  git update-ref --stdin
