# HOME belongs to all boxes of a project, but these are kept by process number: each box has its own, and they go with it.
# Not in /run: docker gives it the mode that it has in the image, and there it is root's.
mkdir -p /tmp/.claude/sessions /tmp/.claude/jobs /tmp/.claude/daemon "$HOME/.claude"
echo "$$" >/tmp/.claude/agent
for name in sessions jobs daemon; do
  if [ ! "$HOME/.claude/$name" -ef "/tmp/.claude/$name" ]; then
    rm -rf "$HOME/.claude/$name" && ln -sn "/tmp/.claude/$name" "$HOME/.claude/$name"
  fi
done 2>/dev/null
