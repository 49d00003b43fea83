/*
 * git of a box, first in its PATH: finds the image's own git and becomes it, with rename.so beside it preloaded. Static, as the first
 * program of the box is, so that it runs in any image.
 *
 * Preloaded in git alone and not in the whole box: programs built with AddressSanitizer refuse to run behind another library. Those that
 * git starts, such as hooks, are told to bear it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HERE "/paude/bin"
#define LIBRARY HERE "/rename.so"

/* Puts a value before what the variable has already, once. */
static void put_first(const char *name, const char *value) {
  const char *old = getenv(name);
  if (!old || !*old) {
    setenv(name, value, 1);
    return;
  }
  if (strstr(old, value)) return;
  char *both = malloc(strlen(value) + strlen(old) + 2);
  if (!both) return;
  sprintf(both, "%s:%s", value, old);
  setenv(name, both, 1);
}

int main(int count, char *words[]) {
  (void)count;
  put_first("LD_PRELOAD", LIBRARY);
  put_first("ASAN_OPTIONS", "verify_asan_link_order=0");
  const char *at = getenv("PATH");
  for (bool more = at != NULL; more;) {
    size_t length = strcspn(at, ":");
    char file[4096];
    bool own = length == strlen(HERE) && strncmp(at, HERE, length) == 0;
    if (!own && length > 0 && length + sizeof "/git" <= sizeof file) {
      sprintf(file, "%.*s/git", (int)length, at);
      execv(file, words);
      if (errno == EACCES) fprintf(stderr, "paude: %s cannot be run\n", file);
    }
    more = at[length] == ':';
    at += length + 1;
  }
  fputs("git: not found\n", stderr);
  return 127;
}
