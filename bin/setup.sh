#!/bin/sh
# Installs what this checkout needs: `bin/setup.sh run|demo|test`. Says what it installs before it does, and
# does nothing when all is there. Debian 12; needs git, npm (also Debian's own) and, to install packages, root.
set -eu
cd "$(dirname "$0")/.."
what=${1:-run}

packages="haproxy iproute2 nftables conntrack conntrackd openssl"
case $what in
  run | demo) ;;
  test) packages="$packages ucarp keepalived wrk tshark tcpdump curl wget python3-requests chromium" ;;
  *) echo "bin/setup.sh: unknown set \"$what\": write run, demo or test" >&2; exit 2 ;;
esac

missing=
for package in $packages; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing="$missing $package"
done
if [ -n "$missing" ]; then
  echo "setup: installing Debian packages:$missing"
  if [ "$(id -u)" != 0 ]; then
    echo "setup: that needs root; run this as root, or: apt-get install --no-install-recommends$missing" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086 # a list of names
  apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

# One stamp per lock file: an install that was cut short leaves none and is done again.
stamp=node_modules/.tandem-installed
lock=$(cat package-lock.json package.json packages/*/package.json apps/*/package.json lab/package.json test/package.json tools/package.json | sha256sum | cut -d" " -f1)
if [ "$(cat $stamp 2>/dev/null || true)" != "$lock" ]; then
  echo "setup: installing the packages of package-lock.json with npm ci (Node 24 among them)"
  npm ci --no-audit --no-fund --loglevel=error
  # npm 9 drops this link when it passes over the Node package of another architecture, which has the same name.
  for node in node_modules/node-linux-*/bin/node; do ln -sf "../../$node" node_modules/.bin/node; done
  echo "$lock" >$stamp
fi

# The web pages are the one part that is built; their stamp is their sources' digest.
PATH="$PWD/node_modules/.bin:$PATH"
for app in web loadmaster-web; do
  sources=$( (find "apps/$app" packages/web-components packages/central-api/src packages/loadmaster-api/src packages/base/src \
    -type f -not -path '*/dist/*' -not -path '*/node_modules/*' -print0 |
    sort -z | xargs -0 sha256sum; echo "$lock") | sha256sum | cut -d' ' -f1)
  if [ "$(cat "apps/$app/dist/.sources" 2>/dev/null || true)" != "$sources" ]; then
    echo "setup: building the web pages of apps/$app"
    npm run --silent build --workspace "@tandem/$app" >/dev/null
    echo "$sources" >"apps/$app/dist/.sources"
  fi
done
