#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by test/run and test/lab/demo: what they need installed, and how they build.

TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${MESHD_BUILD_DIR:-build}
case $BUILD in
/*) ;;
*) BUILD=$TREE/$BUILD ;;
esac
export MESHD_BUILD_DIR=$BUILD
JOBS=$(nproc)
LOGS=$BUILD/logs

# The lists are for those who source this.
# shellcheck disable=SC2034
PACKAGES_BUILD="cmake make gcc libc6-dev linux-libc-dev pkg-config libjansson-dev libmd-dev libmnl-dev
	libnftnl-dev libev-dev check"
# shellcheck disable=SC2034
PACKAGES_LAB="python3 iproute2 iputils-ping nftables batctl kmod alfred dnsmasq-base babeld"
# shellcheck disable=SC2034
PACKAGES_VM="qemu-system-x86 linux-image-amd64 busybox-static systemd"
# shellcheck disable=SC2034
PACKAGES_TEST="clang clang-format clang-tidy libclang-rt-dev binutils mandoc shellcheck pyflakes3
	python3-jsonschema strace"

say() {
	echo "== $*"
}

# Package pkg-config is pkgconf on newer releases, so ask what is provided, not what it is called.
is_installed() {
	dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -q '^installed$' ||
		dpkg-query -W -f '${db:Status-Status} ${Provides}\n' 2>/dev/null |
		grep -Eq "^installed (.*, )?$1( \\(|,|\$)"
}

# Installs the packages that are missing, and says which.
install_packages() {
	local package missing=()

	for package in "$@"; do
		is_installed "$package" || missing+=("$package")
	done
	[ ${#missing[@]} -eq 0 ] && return 0
	if [ "$(id -u)" -ne 0 ]; then
		echo "missing packages (run this as root to have them installed): ${missing[*]}" >&2
		return 1
	fi
	say "installing: ${missing[*]}"
	mkdir -p "$LOGS"
	# The caller may have no package lists yet: then fetch them and try again.
	export DEBIAN_FRONTEND=noninteractive
	apt-get install -y --no-install-recommends "${missing[@]}" >"$LOGS/apt.log" 2>&1 ||
		{ apt-get update >"$LOGS/apt.log" 2>&1 &&
			apt-get install -y --no-install-recommends "${missing[@]}" >>"$LOGS/apt.log" 2>&1; } ||
		{ tail -n 20 "$LOGS/apt.log" >&2; return 1; }
}

# build_tree NAME DIRECTORY TARGET CMAKE-ARGUMENT...: configures and builds; on failure shows the
# end of the log.
build_tree() {
	local name=$1 directory=$2 target=$3 log=$LOGS/build-$1.log
	shift 3

	mkdir -p "$LOGS"
	# The cache may hold what another command has chosen.
	if cmake -S "$TREE" -B "$directory" -DMESHD_TESTS=ON "$@" >"$log" 2>&1 &&
		cmake --build "$directory" --target "$target" -j "$JOBS" >>"$log" 2>&1; then
		return 0
	fi
	echo "the build with $name failed, see $log:" >&2
	grep -E 'error|warning|Error' "$log" | head -n 20 >&2
	return 1
}

# Whether this machine's own kernel can run a lab.
kernel_is_able() {
	[ "$(id -u)" -eq 0 ] && (cd "$TREE/test/vm" && /usr/bin/python3 -B -c \
		'import lab, sys; sys.exit(not lab.able())') 2>/dev/null
}
