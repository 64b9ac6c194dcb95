#!/usr/bin/env bash
# What a fresh Debian 12 lacks for `npm run demo` and for the tests that are otherwise left out: Python's venv, PostgreSQL's programs, a
# browser, jq. Docker is the host's affair. Run again, it changes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

sudo=()
if ((EUID != 0)); then sudo=(sudo); fi
missing=()
for package in python3-venv postgresql chromium fonts-inter jq; do
  if ! dpkg-query --show --showformat='${Status}' "$package" 2> /dev/null | grep -q 'ok installed'; then missing+=("$package"); fi
done
if ((${#missing[@]} > 0)); then
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "${missing[@]}" > /dev/null
fi

npm ci --ignore-scripts --no-audit --no-fund
# The crews' Python packages are installed by the first command that needs them.
node cli/masumi-agents.js validate
