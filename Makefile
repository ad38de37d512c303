# gossl. `make demo` builds, installs and does the main job; `make test` runs every test.
GO ?= go
PYTHON ?= python3
LIB := build/libgossl.so
VENV := build/venv
FUZZTIME ?= 3s
SOURCES := go.mod go.sum $(shell find core capi -name '*.go' -o -name '*.[ch]' -o -name '*.map' -o -name '*.txt')

.PHONY: all lib demo test test-aarch64 go c python race cpython interop differential limbo gopy bogo timing fuzz lint docs package wheels bench install stress stress-ci real clean

all: lib

lib: $(LIB)

$(LIB): $(SOURCES)
	$(PYTHON) capi/build_library.py $@

# What a user does: pip install in a virtual environment.
$(VENV)/installed: $(SOURCES) setup.py pyproject.toml $(wildcard pyshim/*.py pyshim/*/*.py)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install -q --disable-pip-version-check .
	touch $@

demo: $(VENV)/installed
	cd tests && ../$(VENV)/bin/python demo.py

test: lint go c python race package interop differential gopy fuzz stress-ci real cpython

go:
	$(GO) vet ./...
	$(GO) test -race ./...

c: $(LIB)
	$(PYTHON) tests/c/run.py

python: $(LIB)
	$(PYTHON) tests/run_python.py

cpython: $(LIB)
	$(PYTHON) tests/cpython/run.py --all --stock

interop: $(LIB)
	$(PYTHON) tests/interop/run.py

# The interpreter's own ssl and gossl on the same random certificate chains.
CHAINS ?= 10000
differential: $(LIB)
	$(PYTHON) tests/differential/run.py $(CHAINS)

# Scores a file of test cases of x509-limbo; the results, in limbo's format, go to build/limbo-results.json.
FILE ?= testdata/x509/limbo-native.json.gz
limbo:
	mkdir -p build
	case "$(FILE)" in *.gz) gzip -dc "$(FILE)";; *) cat "$(FILE)";; esac | $(GO) run ./tests/limbo >build/limbo-results.json

# core's pure functions as a Python extension, made by gopy, against the interpreter's own _ssl. A directory whose name
# begins with an underscore is none of this module's packages.
GOPY := build/_gopy
GOPY_PYTHON := $(CURDIR)/build/gopy-venv/bin/python

$(GOPY)/__init__.py: go.mod $(shell find core -name '*.go' -not -name '*_test.go')
	$(PYTHON) -m venv build/gopy-venv
	$(GOPY_PYTHON) -m pip install -q --disable-pip-version-check pybindgen==0.22.1 setuptools
	$(GO) build -o build/tools/ github.com/go-python/gopy golang.org/x/tools/cmd/goimports
	rm -rf $(GOPY)
	PATH="$(CURDIR)/build/tools:$$PATH" build/tools/gopy build -output=$(GOPY) -vm=$(GOPY_PYTHON) -no-make -no-warn \
		-symbols=false -name=gosslpure ./core/pure

gopy: $(GOPY)/__init__.py
	cd build && $(GOPY_PYTHON) -W ignore ../tests/gopy/run.py ../$(GOPY)

# BOGO_RUNNER is the directory of BoringSSL's ssl/test/runner. CI has none: there the shim has a test of its own.
bogo:
	$(PYTHON) tests/bogo/run.py

# Statistical tests that nothing secret shows in the time: two minutes, on a quiet machine.
timing:
	GOSSL_TIMING=1 $(GO) test -v -count=1 -run Timing ./core ./core/internal/record

# The library under Go's race detector, in the hands of Python's threads.
race: $(LIB)
	$(PYTHON) tests/race.py

# All of it takes less than 20 minutes on two busy cores; a selection is part of `make test`.
stress: $(LIB)
	$(PYTHON) tests/stress.py

stress-ci: $(LIB)
	$(PYTHON) tests/stress.py --ci

# Real clients and servers, from PyPI and Debian.
real: $(LIB)
	$(PYTHON) tests/real/run.py

fuzz:
	$(PYTHON) tests/fuzz.py $(FUZZTIME)

lint: $(VENV)/lint
	test -z "$$(gofmt -l core capi tests)" || { gofmt -l core capi tests; exit 1; }
	$(GO) tool staticcheck -checks inherit,-S1016 ./...
	$(VENV)/bin/ruff check pyshim tests setup.py capi
	$(VENV)/bin/ruff format --check pyshim tests setup.py capi
	$(PYTHON) tests/generate_docs.py --check
	$(PYTHON) tests/interpreters.py
	MYPYPATH=build/site $(VENV)/bin/mypy -p gossl
	$(VENV)/bin/python tests/types/run.py

$(VENV)/lint: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install -q --disable-pip-version-check ruff==0.14.6 mypy==1.18.2
	touch $@

# Below the marks in docs/c.md and docs/go.md.
docs:
	$(PYTHON) tests/generate_docs.py

# sdist, wheel, installations, as users make them. wheels: for every platform, into dist; needs qemu-user to try aarch64's.
WHEEL_PYTHON := build/wheel-venv/bin/python

build/wheel-venv/installed: Makefile
	$(PYTHON) -m venv build/wheel-venv
	$(WHEEL_PYTHON) -m pip install -q --disable-pip-version-check \
		ziglang==0.15.1 auditwheel==6.8.2 build==1.6.1 setuptools==80.9.0 hatchling==1.27.0
	touch $@

package: build/wheel-venv/installed
	$(WHEEL_PYTHON) tests/package/run.py manylinux_2_17_$(shell uname -m)

wheels: build/wheel-venv/installed
	$(WHEEL_PYTHON) tests/package/wheels.py dist

# The Python tests and CPython's test_ssl for aarch64 under qemu-user, which takes long: no part of `make test`. It needs
# (on Debian) qemu-user-static and binfmt-support; TESTS are some of them, as unittest names them.
test-aarch64: build/wheel-venv/installed
	$(WHEEL_PYTHON) tests/aarch64.py --cpython $(TESTS)

# The C library: header, shared and static library, and a file for pkg-config.
PREFIX ?= /usr/local
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

build/libgossl.a: $(SOURCES)
	$(PYTHON) capi/build_library.py $@

install: $(LIB) build/libgossl.a
	install -d $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/lib/pkgconfig
	install -m 644 capi/gossl.h $(DESTDIR)$(PREFIX)/include/
	install -m 755 $(LIB) $(DESTDIR)$(PREFIX)/lib/libgossl.so.1
	ln -sf libgossl.so.1 $(DESTDIR)$(PREFIX)/lib/libgossl.so
	install -m 644 build/libgossl.a $(DESTDIR)$(PREFIX)/lib/
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' capi/gossl.pc.in \
		> $(DESTDIR)$(PREFIX)/lib/pkgconfig/gossl.pc

bench: $(LIB)
	$(PYTHON) tests/bench/run.py
	$(MAKE) $(GOPY)/__init__.py
	cd build && $(GOPY_PYTHON) ../tests/bench/call.py ../$(GOPY)

# Plots of growth, which the README shows.
bench-plots: $(LIB) build/plots/installed
	$(PYTHON) tests/bench/growth.py build/growth.json
	build/plots/bin/python tests/bench/plot.py build/growth.json docs

build/plots/installed:
	$(PYTHON) -m venv build/plots
	build/plots/bin/pip install -q --disable-pip-version-check matplotlib==3.10.7
	touch $@

clean:
	rm -rf build *.egg-info
