# Puts credentials into the query of requests, in place of their placeholders. squid asks with a line `URL NUMBERS`, of which the
# last say which credentials the request gets. A line of /run/query is `NUMBER PARAMETER PLACEHOLDER VALUE`.
# squid's rules see the address decoded, where `%3F`, `%26` and `%3D` look like the signs that part it. Here it is as the server gets it: an
# address where one placeholder is anything else than one whole parameter gets no value at all, and squid refuses what still has one.

BEGIN {
  while ((getline line <"/run/query") > 0) {
    split(line, part, " ")
    placeholder[part[1]] = part[3]
    asked[part[1]] = part[2] "=" part[3]
    given[part[1]] = part[2] "=" part[4]
  }
}

{
  url = $1
  # A third word would be a part of the address.
  count = NF == 2 ? split($2, numbers, ",") : 0
  for (i = 1; i <= count; i++) if (numbers[i] in asked && !put(numbers[i])) { url = $1; break }
  # What is too long for squid it would write to its log, and without quotes it decodes what it is told.
  print (url == $1 || length(url) > 8000 ? "ERR" : "OK rewrite-url=\"" url "\"")
}

# Puts a value behind the only `?`. Returns whether its placeholder is one parameter there, and stands nowhere else. Servers do not agree on
# what follows a `#` or another `?`.
function put(number,   at, query, old, rest) {
  at = index(url, "?")
  query = "&" substr(url, at + 1) "&"
  if (!at || index(query, "?") || url ~ /[#"\\[:cntrl:]]/) return 0
  old = "&" asked[number] "&"
  if (times(url, placeholder[number]) != 1 || !index(query, old)) return 0
  rest = substr(query, index(query, old) + length(old))
  query = substr(query, 1, index(query, old)) given[number] "&" rest
  url = substr(url, 1, at) substr(query, 2, length(query) - 2)
  return 1
}

# How often a word stands in a text.
function times(text, word,   at, found) {
  while ((at = index(text, word)) > 0) { found++; text = substr(text, at + length(word)) }
  return found + 0
}
