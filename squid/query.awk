# Puts credentials into the query of requests, in place of their placeholders. squid asks with a line `URL NUMBERS`, of which the
# last say which credentials the request gets. A line of /run/query is `NUMBER PARAMETER PLACEHOLDER VALUE`.

BEGIN {
  while ((getline line <"/run/query") > 0) {
    split(line, part, " ")
    asked[part[1]] = part[2] "=" part[3]
    given[part[1]] = part[2] "=" part[4]
  }
}

{
  url = $1
  count = split($NF, numbers, ",")
  for (i = 1; i <= count; i++) if (numbers[i] in asked) put(asked[numbers[i]], given[numbers[i]])
  # What is too long for squid it would write to its log.
  print (url == $1 || length(url) > 8000 ? "ERR" : "OK rewrite-url=" url)
}

# Puts a parameter in place of another one, which the rules of squid let stand there once.
function put(old, new,   at, rest) {
  at = index(url, "?" old)
  if (!at) at = index(url, "&" old)
  rest = substr(url, at + 1 + length(old))
  if (at && rest ~ /^(&|$)/) url = substr(url, 1, at) new rest
}
