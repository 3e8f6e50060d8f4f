#!/usr/bin/env bash
# Makes the box's own prompts and its music on hold, beside this script:
#   bash config/prompts/make.sh [NAME...]       (all of en.txt and music when no name is given)
# Needs flite and sox (apt-get install flite sox) and a python3 with numpy, which `make test` puts into .venv.
set -euo pipefail
cd "$(dirname "$0")"

# Of flite's and espeak-ng's English voices the one a speech recogniser misheard least over 8 kHz: see README.md.
VOICE=rms
PYTHON=$([ -x ../../.venv/bin/python ] && echo ../../.venv/bin/python || echo python3)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# say NAME TEXT: spoken, limited to the telephone band, silence trimmed off, 20 ms left at the ends.
say() {
    flite -voice "$VOICE" -t "$2" -o "$work/spoken.wav"
    sox -V1 "$work/spoken.wav" -r 8000 -c 1 -b 16 "$work/band.wav" gain -6 sinc 200-3600 \
        silence 1 0.02 0.4% fade t 0.01 reverse silence 1 0.02 0.4% fade t 0.02 reverse pad 0.02 0.06
    "$PYTHON" level.py "$work/band.wav" "$1.wav"
    echo "config/prompts/$1.wav: $2"
}

wanted() { [ "$#" -eq 1 ] || [[ " ${*:2} " == *" $1 "* ]]; }

while IFS=$'\t' read -r name text; do
    if wanted "$name" "$@"; then say "$name" "$text"; fi
done <en.txt
if wanted music "$@"; then
    "$PYTHON" music.py music.wav
    echo "config/prompts/music.wav: music on hold"
fi
