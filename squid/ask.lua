-- Holds a connection that asks for a host that is not listed, until the user has answered: sessions with network.mode = "ask". It decides
-- nothing. What it holds goes to squid in the end, which refuses it unless the policy has changed meanwhile; so a fault in here never
-- lets anything through.
local policy, served, noted = "/paude/policy", "/run/served", "/paude/noted"
local rest = 300 -- seconds in which a place is refused at once, after a question that nobody answered
local most_places, most_waiting = 16, 64 -- places that are asked for, and connections that wait, at once
local most_a_minute, most_ever = 10, 1000 -- questions; each is kept in a file

local revision, allowed, denied = nil, {}, {}
local asking, resting, waiting = {}, {}, {} -- until which second: places, places, connections by a number
local asked, asked_ever, serial = {}, 0, 0

local function first_line(path)
  local file = io.open(path)
  if not file then return "" end
  local line = file:read(200) or ""
  file:close()
  return line:match("^[^\n]*")
end

-- The session's id, and seconds that a question lasts.
local session, wait = first_line(policy .. "/ask"):match("^(%S+) (%d+)$")
wait = tonumber(wait) or 0

-- Lines of the policy that squid has read: `allow HOST PORT,PORT` or `deny HOST *`.
local function read_lists()
  local now = first_line(served)
  if now == revision or not now:match("^%x+$") then return end
  local file = io.open(policy .. "/" .. now .. "/listed")
  if not file then return end
  revision, allowed, denied = now, {}, {}
  for verb, host, ports in file:read("a"):gmatch("(%a+) (%S+) (%S+)\n") do
    local list = verb == "allow" and allowed or denied
    list[host] = (list[host] or ",") .. ports .. ","
  end
  file:close()
end

local function holds(ports, port)
  return ports and (ports:find(",*,", 1, true) or ports:find("," .. port .. ",", 1, true)) and true
end

-- By its name, or by a wildcard above it.
local function is_in(list, host, port)
  if holds(list[host], port) then return true end
  for at in host:gmatch("()%.") do
    if holds(list["*" .. host:sub(at)], port) then return true end
  end
  return false
end

-- Whether the user may be asked for it: no address, and no name of this machine or of what lies near it. It is not resolved before the
-- answer, since a name that is asked for tells something to whoever serves it.
local function is_askable(host)
  if #host > 253 or not host:match("^[a-z0-9_][a-z0-9_.-]*%.[a-z][a-z0-9-]*$") or host:find("..", 1, true) then return false end
  local top = host:match("[^.]*$")
  return top ~= "internal" and top ~= "local" and top ~= "localhost" and top ~= "arpa"
end

-- Host and port of a request's first line; nil for what is none.
local function place_of(line)
  local host, port = line:match("^CONNECT ([%w_.-]+):(%d+) HTTP/1%.%d")
  if not host then
    local authority = line:match("^%u+ [hH][tT][tT][pP]://([%w_.:-]+)[/?]?%S* HTTP/1%.%d")
    if not authority then return nil end
    host, port = authority:match("^([%w_.-]+):(%d+)$")
    if not host then host, port = authority:match("^[%w_.-]+$"), "80" end
  end
  if not host or #port > 5 then return nil end
  return (host:lower():gsub("%.$", "")), tostring(math.tointeger(tonumber(port)))
end

-- Somebody looks, or will be notified: that process writes until which second.
local function is_somebody_there(now)
  return (tonumber(first_line(policy .. "/there")) or 0) > now
end

-- How many of them are not over.
local function count(list, now)
  local living = 0
  for key, till in pairs(list) do
    if till <= now then list[key] = nil else living = living + 1 end
  end
  return living
end

-- A box that floods is refused at once.
local function may_wait(place, now)
  count(resting, now)
  local places = count(asking, now)
  if resting[place] or count(waiting, now) >= most_waiting then return false end
  if asking[place] then return true end
  while asked[1] and asked[1] <= now - 60 do table.remove(asked, 1) end
  return places < most_places and #asked < most_a_minute and asked_ever < most_ever
end

-- On stdout, which is the proxy's log, and where no engine cuts it.
local function tell(host, port, line, head)
  local now, program = core.now(), head:match("\r\n[uU]ser%-[aA]gent: *([%w_.+/-]+)") or "-"
  local method = line:match("^%u+"):sub(1, 20)
  local told = string.format(
    '{"v":1,"sid":"%s","rev":"%s","t":%d.%03d,"m":"%s","h":"%s","p":"%s","ask":%d,"ua":"%s"}\n',
    session, revision, now.sec, now.usec // 1000, method, host, port, wait, program:sub(1, 60))
  io.stdout:write(told)
  io.stdout:flush()
  local file = io.open(noted, "a")
  if file then file:write(told) file:close() end
end

-- Only the first request of a connection is seen here. So squid is to close it behind a plain one, and the next one comes on a connection
-- of its own. squid looks at Proxy-Connection where there is one. What becomes a WebSocket brings no next one.
local function end_after(request, line)
  local is_plain = line:match("^%u+ %S+ HTTP/1%.%d\r?\n$") and not line:match("^CONNECT ")
  if not is_plain or (request:data() or ""):lower():find("\r\nupgrade:", 1, true) then return end
  request:insert("Connection: close\r\nProxy-Connection: close\r\n", #line)
end

core.register_action("ask", { "tcp-req" }, function(txn)
  local line = txn.req:line() or ""
  local host, port = place_of(line)
  end_after(txn.req, line)
  if not host or not is_askable(host) then return end
  read_lists()
  local function is_answered() return is_in(denied, host, port) or is_in(allowed, host, port) end
  local now, place = core.now().sec, host .. ":" .. port
  if not revision or is_answered() or not is_somebody_there(now) or not may_wait(place, now) then return end
  if not asking[place] then
    asking[place] = now + wait
    table.insert(asked, now)
    asked_ever = asked_ever + 1
    tell(host, port, line, txn.req:data() or "")
  end
  local till = asking[place]
  serial = serial + 1
  local mine = serial
  waiting[mine] = till
  while true do
    core.msleep(100)
    now = core.now().sec
    read_lists()
    local answered = is_answered()
    if answered or not is_somebody_there(now) then asking[place] = nil break end
    if now >= till then resting[place] = now + rest break end
  end
  waiting[mine] = nil
end)
