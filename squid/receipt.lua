-- Takes what a box in another virtual machine tells of its wall to the pipe on which the proxy hears it, and holds that as long as the box does.
core.register_service('receipt', 'tcp', function(applet)
  local line = applet:getline()
  if not line or line == '' then return end
  local pipe = assert(io.open('/paude/link/receipt', 'w'))
  pipe:write(line)
  pipe:flush()
  repeat until applet:receive(512) == ''
  pipe:close()
end)
