#!/usr/bin/env bash
# Makes sure that the installed rustc can build for wasm32-unknown-unknown, and prints the sysroot to pass to it
# (nothing, where rustc has the target by itself). `cargo xtask wasm` calls it; docs/adr/0003-wasm-toolchain.md says why it exists.
#
# In this order: what rustc has, what an earlier run built, a tarball of the standard library's source (WASM_STD_SRC_TAR),
# `rustup target add`, and Debian's rust-src package of exactly this rustc. The last needs apt, but installs nothing.
#   WASM_SYSROOT_CACHE   where built sysroots are kept (default ~/.cache/wasm-sysroot)
#   WASM_STD_SRC_TAR     a tar of rustc's `library/` folder with its `vendor/`
#   WASM_STD_SUITES      Debian suites to look in (default trixie-backports)
set -euo pipefail
target=wasm32-unknown-unknown
log() { echo "wasm-sysroot: $*" >&2; }
fail() {
  log "$*"
  log "to get the target by hand: rustup target add $target"
  exit 3
}
has_std() { compgen -G "$1/lib/rustlib/$target/lib/libstd-*.rlib" >/dev/null; }

if has_std "$(rustc --print sysroot)"; then exit 0; fi
version=$(rustc -vV | sed -n 's/^release: //p')
commit=$(rustc -vV | sed -n 's/^commit-hash: //p')
cache=${WASM_SYSROOT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wasm-sysroot}
root=$cache/$version-${commit:0:9}-small # what it was built for: raise it when the flags below change
if has_std "$root"; then echo "$root"; exit 0; fi

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # One build at a time: whoever waited finds it done.
if has_std "$root"; then echo "$root"; exit 0; fi

if [ -z "${WASM_STD_SRC_TAR:-}" ] && command -v rustup >/dev/null && rustup target add "$target" >&2; then
  if has_std "$(rustc --print sysroot)"; then exit 0; fi
fi

# A fixed path, because cargo hashes paths into crate ids: same path, same bytes.
build=${WASM_STD_BUILD_DIR:-/tmp/wasm-std-build-$version}
if [ -e "$build" ]; then
  if [ ! -O "$build" ] || [ -L "$build" ]; then fail "$build is not ours"; fi
  rm -rf "$build"
fi
mkdir -m 700 "$build"
trap 'rm -rf "$build"' EXIT

# Debian's rust-src for exactly this rustc: verified by apt's keys, unpacked, not installed. Its own lists, so that the system's stay as they are.
fetch_from_debian() {
  command -v apt-get >/dev/null || fail "no source of rustc $version's standard library: neither rustup nor apt has it"
  local apt=$build/apt base full
  local key=/usr/share/keyrings/debian-archive-keyring.gpg
  mkdir -p "$apt"/lists/partial "$apt"/cache/archives/partial
  # shellcheck disable=SC2154 # VERSION_CODENAME comes from os-release
  base=$(. /etc/os-release && apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' "Codename: $VERSION_CODENAME" | head -1)
  for suite in ${WASM_STD_SUITES:-trixie-backports}; do echo "deb [signed-by=$key] $base $suite main"; done >"$apt/sources.list"
  local own=(-o Dir::State::Lists="$apt/lists" -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null -o Dir::Cache="$apt/cache")
  local get=(apt-get -qq "${own[@]}" -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
    -o APT::Sandbox::User=root -o Acquire::Retries=3)
  log "fetching Debian's rust-src $version"
  "${get[@]}" update >&2 || fail "apt could not read its lists"
  full=$(apt-cache "${own[@]}" madison rust-src | awk -F'|' -v v="$version+" '{gsub(/ /,"",$2)} index($2,v)==1{print $2; exit}')
  [ -n "$full" ] || fail "Debian has no rust-src $version (suites: ${WASM_STD_SUITES:-trixie-backports})"
  (cd "$build" && "${get[@]}" download "rust-src=$full" >&2) || fail "apt could not download rust-src $full"
  dpkg-deb --fsys-tarfile "$build"/rust-src_*.deb | tar -x -C "$build" --strip-components=4 --wildcards './usr/src/rustc-*/library'
}

if [ -n "${WASM_STD_SRC_TAR:-}" ]; then
  log "unpacking ${WASM_STD_SRC_TAR##*/}"
  tar -C "$build" -xf "$WASM_STD_SRC_TAR" || fail "cannot unpack $WASM_STD_SRC_TAR"
else
  fetch_from_debian
fi
source=$build/library
[ -f "$source/std/Cargo.toml" ] || fail "no standard library in $source"

# Built once, offline, from that source and the dependencies that it carries. -Zbuild-std is what makes a std of one's own;
# RUSTC_BOOTSTRAP lets a stable cargo accept it. optimize_for_size: std's quick sorts are copied for every type that is sorted, and were a
# tenth of our module. A stable sort has one result whatever the algorithm; an unstable one hasn't, where elements are equal and yet differ.
mkdir -p "$build/p/src"
echo '#![no_std]' >"$build/p/src/lib.rs"
printf '[package]\nname="std-for-wasm"\nversion="0.0.0"\nedition="2021"\n[workspace]\n[profile.release]\npanic="abort"\n' >"$build/p/Cargo.toml"
log "building the standard library of rustc $version for $target (about a minute, once)"
(
  cd "$build/p"
  unset RUSTC_WRAPPER CARGO_BUILD_RUSTC_WRAPPER CARGO_ENCODED_RUSTFLAGS RUSTFLAGS CARGO_BUILD_TARGET CARGO_TARGET_DIR
  export RUSTC_BOOTSTRAP=1 __CARGO_TESTS_ONLY_SRC_ROOT="$source" CARGO_HOME="$build/cargo"
  export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="-Cembed-bitcode=yes --remap-path-prefix=$source=/rustc/$commit/library"
  cargo build -q --offline --release --target "$target" -Zbuild-std=std,panic_abort,proc_macro,test \
    -Zbuild-std-features=optimize_for_size --target-dir "$build/t" \
    --config 'source.crates-io.replace-with="std-vendor"' --config "source.std-vendor.directory='$source/vendor'" >&2
) || fail "the standard library did not build"
lib=$build/root/lib/rustlib/$target/lib
mkdir -p "$lib"
cp "$build/t/$target"/release/deps/*.rlib "$lib/"
rm -f "$lib"/libstd_for_wasm-*.rlib
rm -rf "$root" "$root.new"
cp -r "$build/root" "$root.new"
mv "$root.new" "$root"
log "ready: $root"
echo "$root"
