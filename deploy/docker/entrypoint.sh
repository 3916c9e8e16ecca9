#!/bin/sh
# Runs the command that follows, after it has put secrets that are mounted as files into its environment: for each
# <NAME>_FILE below, <NAME> becomes the text of that file. A file that cannot be read ends it at once.
set -eu
for name in ORDAIN_MASTER_KEY ORDAIN_SIGNING_KEY ORDAIN_DATABASE_URL PGPASSWORD; do
    eval "file=\${${name}_FILE:-}"
    [ -n "$file" ] || continue
    [ -r "$file" ] || { echo "${name}_FILE names \`$file\`, which cannot be read by uid $(id -u)" >&2; exit 2; }
    eval "$name=\$(cat \"\$file\")"
    export "${name?}"
    unset "${name}_FILE"
done
exec "$@"
