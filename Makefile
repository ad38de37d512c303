# gossl. `make demo` builds, installs and runs the main job; `make test` runs every test.
GO ?= go
PYTHON ?= python3
LIB := build/libgossl.so
SOURCES := go.mod go.sum $(shell find core capi -name '*.go' -o -name '*.[ch]' -o -name '*.map' -o -name '*.txt')

.PHONY: all lib
all: lib

lib: $(LIB)

$(LIB): $(SOURCES)
	$(PYTHON) capi/build_library.py $@
