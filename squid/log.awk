# Hands squid's log on, line by line. The first ten refusals of one host, port and reason are written; then the 20th, 40th, 80th and so on,
# with their number as "n". So a box cannot push its past out of the engine's bounded log by asking for one thing again and again.
# Nor by asking for ever new names: past most_keys these are counted together.
# The first line of each host, port and outcome also goes to a file that no box reaches and no engine cuts: `noted`. When it is full it
# says so, since a box that asks for thousands of names can fill it.

BEGIN {
  most_keys = 500 # ten lines each are a small part of what an engine keeps
  most_bytes = 1048576 # of the noted, for what was refused and for what was not
  while ((getline line <noted) > 0) {
    if (line == "full") { told = 1; continue }
    key_of(line); known[key] = 1; bytes[refused] += length(line) + 1
  }
  close(noted)
}

{
  key_of($0)
  if (!(key in known)) note($0)
  if (!refused) { print; next }
  if (!(key in times) && ++keys > most_keys) key = "others"
  n = ++times[key]
  if (n == 1) turns[key] = 1
  if (n > 10 && n == 20 * turns[key]) { turns[key] *= 2; sub(/}$/, ",\"n\":" n "}"); print; if (key != "others") note($0); next }
  if (n <= 10) print
}

# Sets key and refused. The client's words are URL-encoded, so none of them passes for a field.
function key_of(line) {
  reason = field(line, "err")
  refused = reason != "-" || field(line, "bump") == "terminate"
  key = field(line, "h") ":" field(line, "p") " " (refused ? reason : "")
}

function field(line, name,   at, rest) {
  at = index(line, "\"" name "\":\"")
  if (!at) return "-"
  rest = substr(line, at + length(name) + 4)
  return substr(rest, 1, index(rest, "\"") - 1)
}

function note(line) {
  if (bytes[refused] + length(line) + 1 > most_bytes) { if (!told) { told = 1; add("full") }; return }
  bytes[refused] += length(line) + 1
  known[key] = 1
  add(line)
}

function add(line) {
  print line >>noted
  fflush(noted)
}
