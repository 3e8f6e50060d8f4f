#!/usr/bin/env bash
# Puts the SIP library, pjsua2, into a virtual environment:
#   bash drivers/sip/build_pjsua2.sh --venv .venv --cache .cache/pjsua2
# It builds pjproject (2.17 or newer) from the copy inside Debian's source package of asterisk, about three
# minutes the first time. Without that it installs the wheel of PyPI (3 legs a process) and says why.
# A second call finds the result in the cache and takes no time. The cache may be deleted at will.
set -euo pipefail

WHEEL="pjsua2-python==2.15.1.post1"
PACKAGES="build-essential pkg-config swig python3-dev libsrtp2-dev libspeex-dev libspeexdsp-dev libgsm1-dev
libopus-dev libssl-dev uuid-dev"
OLDEST_MINOR=17 # of version 2: older ones were not measured with direct stream ports

# NDEBUG: an assert that fails ends the process, with every call in it. 128 calls: MAILBOX_SLOTS, and as many that
# are over for us while their far end, which does not answer, keeps them for a while.
# 8000 bytes: a browser's INVITE that came by two proxies is longer than the 4000 it would drop without a word.
# 100 packets, 2 s: with its 10, a forger who sends eleven between two of the phone's takes the sound over.
# Epoll flags 0: one thread alone waits at each queue; those for many take and set a socket anew with every packet,
# a quarter of all that a call in progress costs (benchmarks/sip_capacity.py).
CONFIG_SITE='#define NDEBUG 1
#define PJSUA_MAX_CALLS 128
#define PJSUA_MAX_ACC 64
#define PJ_IOQUEUE_MAX_HANDLES 1024
#define PJSIP_MAX_PKT_LEN 8000
#define PJSIP_MAX_URL_SIZE 512
#define PJMEDIA_RTP_NAT_PROBATION_CNT 100
#define PJMEDIA_HAS_VIDEO 0
#define PJ_IOQUEUE_DEFAULT_EPOLL_FLAGS 0'
CONFIGURE="--enable-epoll --disable-video --disable-sound --with-external-srtp --with-external-gsm
--with-external-speex --disable-ilbc-codec --disable-libyuv --disable-libwebrtc --disable-upnp --disable-sdl
--disable-ffmpeg --disable-v4l2 --disable-openh264 --disable-vpx --disable-bcg729 --disable-lyra
--disable-resample --disable-speex-aec --disable-g7221-codec"
FLAGS="-O2 -fPIC -DNDEBUG"

usage() {
    echo "usage: build_pjsua2.sh --venv DIR --cache DIR" >&2
    exit 2
}

venv="" cache=""
while [ $# -gt 0 ]; do
    case "$1" in
    --venv) venv=${2:?} && shift 2 ;;
    --cache) cache=${2:?} && shift 2 ;;
    *) usage ;;
    esac
done
[ -n "$venv" ] && [ -n "$cache" ] || usage
[ -x "$venv/bin/python" ] || { echo "pjsua2: $venv/bin/python is not there. Make it: python3 -m venv $venv" >&2; exit 2; }
python=$(cd "$venv" && pwd)/bin/python
mkdir -p "$cache" && cache=$(cd "$cache" && pwd)
site=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["platlib"])')
abi=$("$python" -c 'import sysconfig; print(sysconfig.get_config_var("SOABI"))')
key=$abi-$(printf '%s' "$CONFIG_SITE $CONFIGURE $FLAGS" | sha256sum | cut -c1-12)
result=$cache/$key # holds pjsua2.py, _pjsua2*.so and, written last, `version`
log=$cache/build.log
apt=(-o "Dir::State::lists=$cache/apt/lists" -o "Dir::Cache=$cache/apt/cache" -o Dir::Etc::sourceparts=-
    -o "Dir::Etc::sourcelist=$cache/apt/sid.sources")

say() { printf 'pjsua2: %s\n' "$*"; }

# step NAME COMMAND...: runs it into the log, with a sign of life every 15 s.
step() {
    local name=$1 begin=$SECONDS pid code=0
    shift
    printf '=== %s\n' "$name" >>"$log"
    (set -e && "$@") >>"$log" 2>&1 &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.5
        [ $(((SECONDS - begin + 1) % 15)) -ne 0 ] || { say "  $name: $((SECONDS - begin)) s so far" && sleep 1; }
    done
    wait "$pid" || code=$?
    [ "$code" -eq 0 ] || return "$code"
    say "$name: done in $((SECONDS - begin)) s"
}

missing_packages() {
    local package
    for package in $PACKAGES; do
        [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = "ii " ] || echo "$package"
    done
}

# The tools to build with: installed when we may, otherwise named.
tools() {
    local missing
    command -v dpkg-query >/dev/null || { why="this is not Debian"; return 1; }
    missing=$(missing_packages | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -eq 0 ]; then
        step "installing $missing" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y --no-install-recommends $missing && return 0
    elif sudo -n true 2>/dev/null; then
        step "installing $missing" sudo -n env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y --no-install-recommends $missing && return 0
    fi
    why="packages are missing; install them with: apt-get install $missing"
    return 1
}

# An apt of our own that knows sid's sources alone; the mirror is the one this machine uses already.
sources_of_sid() {
    local mirror
    mirror=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(SITE)' | awk -F'|' '$1 == "Debian" && $2 == "Debian" { print $3; exit }')
    [ -n "$mirror" ] || { echo "no Debian mirror in this machine's apt lists; run apt-get update" && return 1; }
    mkdir -p "$cache/apt/lists/partial" "$cache/apt/cache/archives/partial"
    printf 'Types: deb-src\nURIs: %s\nSuites: sid\nComponents: main\nSigned-By: %s\n' \
        "$mirror" /usr/share/keyrings/debian-archive-keyring.gpg >"$cache/apt/sid.sources"
    apt-get "${apt[@]}" update
}

# Only pjproject's part of the package, checked against the sum in the signed index.
download() {
    local uri name size sum
    read -r uri name size sum < <(apt-get "${apt[@]}" source --print-uris asterisk | grep 'orig-Xpjproject')
    rm -rf "$cache/source.tar.xz" "$cache/source"
    /usr/lib/apt/apt-helper "${apt[@]}" download-file "${uri//\'/}" "$cache/source.tar.xz" "$sum"
    mkdir -p "$cache/source"
    tar -xJf "$cache/source.tar.xz" -C "$cache/source" --strip-components=1
}

version_of_source() {
    awk '/^export PJ_VERSION_(MAJOR|MINOR|REV) *:=/ && $4 { v = v s $4; s = "." } END { print v }' "$cache/source/version.mak"
}

new_enough() {
    local major minor
    IFS=. read -r major minor _ <<<"$1"
    [ "$major" -gt 2 ] || [ "$minor" -ge "$OLDEST_MINOR" ]
}

configure() {
    cd "$cache/source"
    printf '%s\n' "$CONFIG_SITE" >pjlib/include/pj/config_site.h
    # Debian's copy leaves it out, the makefile names it all the same.
    [ -e pjmedia/src/pjmedia-audiodev/bdimad_dev.c ] || : >pjmedia/src/pjmedia-audiodev/bdimad_dev.c
    CFLAGS="$FLAGS" CXXFLAGS="$FLAGS" ./configure $CONFIGURE
    make dep
}

libraries() { make -C "$cache/source" -j"$(nproc)" lib; }

module() {
    cd "$cache/source/pjsip-apps/src/swig/python"
    make PYTHON_EXE="$python" GEN_DOC=
    mkdir -p "$result"
    cp pjsua2.py "$result/"
    cp build/lib*/_pjsua2*.so "$result/"
    strip --strip-unneeded "$result"/_pjsua2*.so
}

starts() {
    "$python" -c 'import pjsua2; e = pjsua2.Endpoint(); e.libCreate(); print(e.libVersion().full)'
}

build() {
    : >"$log"
    tools || return 1
    why="Debian's sources could not be had"
    step "index of Debian's sources" sources_of_sid || return 1
    step "source of pjproject" download || return 1
    local version
    version=$(version_of_source)
    why="Debian offers pjproject $version and 2.$OLDEST_MINOR is the oldest known to work here"
    new_enough "$version" || return 1
    say "building pjproject $version, about three minutes"
    why="pjproject $version would not build"
    step "configure" configure && step "libraries" libraries && step "Python module" module || return 1
    printf '%s\n' "$version" >"$result/version"
    rm -rf "$cache/source" "$cache/source.tar.xz" "$cache/apt"
}

install_build() {
    if [ -d "$site/pjsua2" ]; then "$python" -m pip uninstall -q -y pjsua2-python; fi
    # Not into the file itself: processes that have it loaded would die of it.
    cp --remove-destination "$result/pjsua2.py" "$result"/_pjsua2*.so "$site/"
    starts >>"$log" 2>&1 || { why="the module built does not load"; rm -f "$site/pjsua2.py" "$site"/_pjsua2*.so; return 1; }
    printf '%s\n' "$key" >"$site/pjsua2.callbox"
    say "pjproject $(cat "$result/version"), own build, is in $venv"
}

install_wheel() {
    say "NO OWN BUILD: $why (log: $log)"
    rm -f "$site/pjsua2.py" "$site"/_pjsua2*.so
    "$python" -m pip install -q "$WHEEL" >>"$log" 2>&1 || { say "and the wheel $WHEEL cannot be had either" && exit 1; }
    printf '%s\n' "$key wheel" >"$site/pjsua2.callbox"
    say "the wheel $WHEEL is in $venv instead: 3 legs a worker. To try the build again: rm $site/pjsua2.callbox"
}

case "$(cat "$site/pjsua2.callbox" 2>/dev/null || true)" in
"$key") [ -e "$site/pjsua2.py" ] && exit 0 ;;
"$key wheel") [ -d "$site/pjsua2" ] && say "the wheel is in use, 3 legs a worker. To try the build again: rm $site/pjsua2.callbox" && exit 0 ;;
esac
why=""
if { [ -e "$result/version" ] || build; } && install_build; then exit 0; fi
install_wheel
