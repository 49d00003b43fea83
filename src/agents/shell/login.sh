#!/bin/sh
# The login shell of a sandbox: bash where the image has it.
command -v bash >/dev/null && exec bash -l "$@"
exec sh -l "$@"
