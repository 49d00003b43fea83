# HOME belongs to all boxes of a project: which process the agent of this one is, its hooks ask here.
mkdir -p /tmp/.gemini "$HOME/.gemini/extensions/paude"
echo "$$" >/tmp/.gemini/agent
# What it is told of its sandbox: links, so that each box of the project reads its own.
ln -sf /paude/seed/gemini-extension.json "$HOME/.gemini/extensions/paude/"
ln -sf /paude/seed/GEMINI.md "$HOME/.gemini/extensions/paude/"
