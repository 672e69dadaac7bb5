#!/bin/sh
# Makes sure that chromium or soffice is there: installs it where that can be done (Debian or Ubuntu as root), else says what to do.
set -eu
case "$1" in
    chromium) command=chromium; packages="chromium fonts-noto-core" ;;
    soffice) command=soffice; packages="libreoffice-calc libreoffice-writer poppler-utils fonts-noto-core fonts-noto-cjk" ;;
    *) echo "usage: system.sh chromium|soffice" >&2; exit 2 ;;
esac
command -v "$command" >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq
    # shellcheck disable=SC2086 # the list is split on purpose
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
else
    echo "$command is needed for this target. Remedy: apt install $packages (as root), or the same from your system." >&2
    exit 1
fi
command -v "$command" >/dev/null 2>&1 || { echo "$command is still not there after installing $packages." >&2; exit 1; }
