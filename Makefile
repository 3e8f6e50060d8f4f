# The commands of Callbox: `make` lists them. What they install stays in .venv; stamps in it make a second call quick.
.DEFAULT_GOAL := help
.ONESHELL:
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

VENV := .venv
PYTHON := $(VENV)/bin/python
PIP := $(PYTHON) -m pip install --quiet --disable-pip-version-check
# CALLBOX_NO_SKIPS=1 (set by .ci/run): a test that skips for want of a Debian package fails.
PYTEST := $(PYTHON) -m pytest $(if $(CALLBOX_NO_SKIPS),-p tests.no_skips)
PACKAGES := appliance drivers dsp
WEB := appliance/web
PAGE := $(addprefix $(WEB)/phone/,package.json package-lock.json) $(wildcard $(WEB)/phone/src/*.js $(WEB)/phone/page/*)
SPOKEN := appliance/speaking.py $(wildcard appliance/say/catalogue/*.toml)
NATIVE := setup.py $(wildcard dsp/_native/*.pyx dsp/_native/*.pxd dsp/_native/*.c dsp/_native/*.h)
SAY := printf '\n== %s\n'

.PHONY: help run test quick bench lint pjsua2 clean packages

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

run: $(VENV)/.built $(VENV)/.pjsua2 $(VENV)/.web $(VENV)/.spoken ## start the demo: emulated lines, agents, a live board (ARGS="--seconds 60")
	@exec $(VENV)/bin/callbox demo $(ARGS)

test: lint $(VENV)/.built $(VENV)/.pjsua2 $(VENV)/.web $(VENV)/.spoken packages ## check everything: lint, then all tests
	@failed=0
	$(SAY) "tests, two at a time"
	$(PYTEST) -n 2 --dist loadfile -m "not realtime" || failed=1
	$(SAY) "tests with real processes, two at a time"
	$(PYTEST) -n 2 --dist loadfile -m "realtime and not alone" || failed=1
	$(SAY) "tests that watch the clock, alone"
	$(PYTEST) -m alone --durations=15 || failed=1
	exit $$failed

quick: $(VENV)/.tools $(VENV)/.built ## only the tests that take no time
	@$(PYTEST) -q -m "not slow and not realtime"

bench: $(VENV)/.tools $(VENV)/.bench $(VENV)/.built $(VENV)/.pjsua2 ## measure what the box is meant to reach (ONLY=name for one)
	@failed=0
	for program in $(if $(ONLY),benchmarks/$(ONLY).py,$(sort $(wildcard benchmarks/[a-z]*.py))); do
	    name=$$(basename "$$program" .py)
	    $(SAY) "benchmark $$name"
	    $(PYTHON) -m "benchmarks.$$name" || failed=1
	done
	$(PYTHON) -m benchmarks.rig.table
	exit $$failed

lint: $(VENV)/.tools ## format, lint and types: ruff and mypy --strict
	@$(SAY) "ruff and mypy"
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy --strict $(PACKAGES)

pjsua2: $(VENV)/.run ## build the SIP library into .cache/pjsua2, about three minutes the first time
	@bash drivers/sip/build_pjsua2.sh --venv $(VENV) --cache .cache/pjsua2
	touch $(VENV)/.pjsua2

clean: ## remove what was made; keeps .cache (the SIP library) and var (recordings)
	@rm -rf $(VENV) build dist $(WEB)/dist $(WEB)/phone/node_modules *.egg-info .mypy_cache .ruff_cache .pytest_cache
	find $(PACKAGES) tests benchmarks \( -name __pycache__ -o -name '*.so' \) -prune -exec rm -rf {} +

# Debian packages that tests want; the tests that miss one skip with its line. Installed by .ci/run.
packages:
	@missing=
	command -v baresip >/dev/null || missing+=" baresip-core"
	command -v sipp >/dev/null || missing+=" sip-tester"
	command -v gammu >/dev/null || missing+=" gammu"
	PATH="$$PATH:/usr/sbin" command -v vgetty >/dev/null || missing+=" mgetty-voice"
	command -v gammu-smsd >/dev/null || missing+=" gammu-smsd"
	command -v smsd >/dev/null || missing+=" smstools"
	command -v ModemManager >/dev/null || missing+=" modemmanager dbus libglib2.0-bin"
	command -v sox >/dev/null || missing+=" sox"
	command -v age >/dev/null || missing+=" age"
	command -v espeak-ng >/dev/null || missing+=" espeak-ng"
	command -v flite >/dev/null || missing+=" flite"
	command -v minimodem >/dev/null || missing+=" minimodem"
	command -v multimon-ng >/dev/null || missing+=" multimon-ng"
	/sbin/ldconfig -p | grep -q libspandsp || missing+=" libspandsp-dev"
	missing+=$$($(PYTHON) -c 'from appliance.edge.programs import installed as i; print("".join(" " + p for p in (*i().for_phones, *i().for_browsers)))')
	command -v svmap >/dev/null || missing+=" sipvicious"
	command -v sipsak >/dev/null || missing+=" sipsak"
	command -v linphonec >/dev/null || missing+=" linphone-cli"
	command -v npm >/dev/null || missing+=" nodejs npm"
	command -v chromium >/dev/null || missing+=" chromium"
	[ -d /usr/share/asterisk/sounds/en_US_f_Allison ] || missing+=" asterisk-core-sounds-en-wav"
	[ -d /usr/share/asterisk/moh ] || missing+=" asterisk-moh-opsound-wav"
	command -v udevadm >/dev/null || missing+=" udev"
	[ -z "$$missing" ] || $(SAY) "Debian packages are missing, the tests that need them skip. To run those too:" \
	    "sudo apt-get install$$missing"

# Prints one list of requirements of pyproject.toml, a line each: $(call listed,["build-system"]["requires"])
listed = $(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))$(1), sep="\n")'

# A Python that can make a virtual environment and compile against itself.
FIT := import os, sys, sysconfig, venv, ensurepip; \
	sys.exit(sys.version_info < (3, 11) or not os.path.exists(sysconfig.get_paths()["include"] + "/Python.h"))

$(VENV)/.made:
	@for found in /usr/bin/python3.11 python3.11 python3 none; do
	    if "$$found" -c '$(FIT)' 2>/dev/null; then break; fi
	done
	if [ "$$found" = none ] || ! command -v gcc >/dev/null; then
	    echo "make: Callbox needs Python 3.11 or newer with venv and Python.h, and gcc; something of it is not here." >&2
	    echo "Install it with: sudo apt-get install python3-venv python3-dev gcc" >&2
	    exit 1
	fi
	$(SAY) "making $(VENV) with $$("$$found" -V)"
	"$$found" -m venv --clear $(VENV)
	touch $@

$(VENV)/.run: $(VENV)/.made pyproject.toml
	@$(SAY) "installing Callbox into $(VENV)"
	$(call listed,["build-system"]["requires"]) | xargs -d '\n' $(PIP)
	$(PIP) --no-build-isolation --editable .
	touch $@

$(VENV)/.built: $(VENV)/.run $(NATIVE)
	@$(SAY) "compiling what changed in dsp/_native"
	$(PYTHON) setup.py --quiet build_ext --inplace
	$(PYTHON) -m compileall -q $(PACKAGES) # half the start of a process, where Python may not keep it by itself
	touch $@

$(VENV)/.tools: $(VENV)/.run
	@$(SAY) "installing the tools that tests and lint need"
	$(call listed,["project"]["optional-dependencies"]["test"]) | xargs -d '\n' $(PIP)
	touch $@

$(VENV)/.bench: $(VENV)/.run
	@$(SAY) "installing what the benchmarks need"
	$(call listed,["project"]["optional-dependencies"]["bench"]) | xargs -d '\n' $(PIP)
	touch $@

$(VENV)/.pjsua2: $(VENV)/.run drivers/sip/build_pjsua2.sh
	@$(MAKE) pjsua2

# The page of the browser phone. Without npm the box runs all the same, and its page says what is missing.
$(VENV)/.web: $(VENV)/.made $(PAGE)
	@if ! command -v npm >/dev/null; then
	    $(SAY) "npm is missing, so agents have no browser phone. To have it: sudo apt-get install nodejs npm"
	    exit 0
	fi
	$(SAY) "bundling the browser phone"
	cd $(WEB)/phone && mkdir -p ../dist
	if npm ci --ignore-scripts --no-fund --no-audit --loglevel=error && npm run --silent build; then
	    touch "$(CURDIR)/$@"
	else
	    $(SAY) "npm failed (see above), so agents have no browser phone. Try again with: make run"
	fi

# What the box says by itself. Without the programs that speak it is silent where nothing is recorded.
$(VENV)/.spoken: $(VENV)/.built $(SPOKEN)
	@$(SAY) "speaking the prompts that are new or changed"
	$(PYTHON) -m appliance.speaking && touch $@ || true
