# HOME belongs to all boxes of a project: which process the agent of this one is, its hooks ask here.
mkdir -p /tmp/.codex "$HOME/.codex"
echo "$$" >/tmp/.codex/agent
