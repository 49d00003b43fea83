# HOME belongs to all boxes of a project, but these are kept by process number: each box has its own, and they go with it.
mkdir -p /run/claude/sessions /run/claude/jobs /run/claude/daemon "$HOME/.claude"
echo "$$" >/run/claude/agent
for name in sessions jobs daemon; do
  if [ ! "$HOME/.claude/$name" -ef "/run/claude/$name" ]; then
    rm -rf "$HOME/.claude/$name" && ln -sn "/run/claude/$name" "$HOME/.claude/$name"
  fi
done 2>/dev/null
