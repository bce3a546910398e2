#!/usr/bin/env bash
# more-servers.sh FOLDER: puts newer servers than the system's into FOLDER for the integration
# tests: redis-8, valkey-8 (Debian trixie) and valkey-9 (Debian sid). Nothing is installed. The
# packages come from the mirror that apt uses already; each server runs with the C library that
# it was built for. Exits with 1 when none could be had.
set -u
target=$(mkdir -p "${1:?usage: more-servers.sh FOLDER}" && cd "$1" && pwd)
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { echo 'more-servers: needs apt and dpkg' >&2; exit 1; }
mirror=$(apt-get indextargets --format '$(SITE)' 2>/dev/null | grep -v security | grep debian | sort -u | head -n 1)
[ -n "$mirror" ] || { echo 'more-servers: apt names no Debian mirror' >&2; exit 1; }
found=0

# get SUITE NAME BINARY PACKAGE…
get() {
  local suite=$1 name=$2 binary=$3
  shift 3
  if [ -x "$target/$name" ]; then found=1; return; fi
  local apt="$target/.apt/$suite" tree="$target/.tree/$suite"
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/deb" "$tree"
  echo "deb [trusted=yes] $mirror $suite main" >"$apt/sources.list"
  local options=(
    -qq -o "Dir::Etc::sourcelist=$apt/sources.list" -o 'Dir::Etc::sourceparts=-'
    -o "Dir::State::lists=$apt/lists" -o "Dir::Cache::archives=$apt/archives" -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache="
    -o 'APT::Sandbox::User=root'
  )
  ls "$apt"/lists/*Packages* >/dev/null 2>&1 || apt-get "${options[@]}" update >/dev/null 2>&1
  local libraries=(libc6 libssl3t64 libsystemd0 libcap2 libatomic1 libjemalloc2 liblzf1 libstdc++6 libgcc-s1 zlib1g libzstd1)
  (cd "$apt/deb" && apt-get "${options[@]}" download "${libraries[@]}" "$@" >/dev/null 2>&1)
  local package
  for package in "$apt"/deb/*.deb; do dpkg-deb -x "$package" "$tree" 2>/dev/null; done
  local server loader library
  server=$(readlink -f "$tree/usr/bin/$binary" 2>/dev/null)
  loader=$(find "$tree" -name 'ld-linux-*.so.*' -not -type d | head -n 1)
  library=$(dirname "$(find "$tree" -name libc.so.6 | head -n 1)")
  if [ -x "$server" ] && [ -n "$loader" ]; then
    printf '#!/bin/sh\nexec "%s" --argv0 %s --library-path "%s:%s" "%s" "$@"\n' \
      "$loader" "$binary" "$library" "$tree/usr/lib/$(basename "$library")" "$server" >"$target/$name"
    chmod +x "$target/$name"
    if "$target/$name" --version >/dev/null 2>&1; then found=1; echo "more-servers: $("$target/$name" --version | cut -c1-40)"; return; fi
    rm -f "$target/$name"
  fi
  echo "more-servers: $name could not be had" >&2
}

get trixie redis-8 redis-server redis-server redis-tools
get trixie valkey-8 valkey-server valkey-server valkey-tools
get sid valkey-9 valkey-server valkey-server valkey-tools
[ "$found" = 1 ]
