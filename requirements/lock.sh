#!/bin/sh
# Writes the four hash-locked files from the .in files. Needs uv on the path; only a maintainer runs it (make lock).
set -eu
cd "$(dirname "$0")"
for name in runtime pdf dev browser; do
    uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
        --custom-compile-command "make lock" --quiet --output-file "$name.txt" "$name.in"
done
