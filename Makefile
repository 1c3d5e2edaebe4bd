# Two commands matter: `make demo` and `make test`. Both install what is missing first.
PREFIX ?= /usr/local
DESTDIR ?=
SAMPLE ?= Samples/one-face.mp4
PACKAGES = libavformat-dev libavcodec-dev libswscale-dev libavdevice-dev libavutil-dev libopenblas-dev libsqlite3-dev pkg-config
TEST_PACKAGES = ffmpeg
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: demo test build setup setup-test install format lint clean bench

demo: build  ## install, build, and read the sample's expressions
	.build/release/dfer watch $(SAMPLE) -o build-demo.csv --overwrite
	@echo "rows: build-demo.csv   run facts: build-demo.run.json"

test: setup-test lint  ## install, build, and run all tests
	swift test --disable-xctest

build: setup
	swift build -c release --product dfer

# apt-get runs only when something is missing.
setup:
	@missing=$$(for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	if [ -n "$$missing" ]; then $(SUDO) apt-get update && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y --no-install-recommends $$missing; fi
	@command -v swift >/dev/null || { echo "Swift 6.2 or newer is needed: https://www.swift.org/install"; exit 1; }

setup-test: setup
	@missing=$$(for p in $(TEST_PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	if [ -n "$$missing" ]; then $(SUDO) apt-get update && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y --no-install-recommends $$missing; fi

install: build  ## binary, pipelines and weights under PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/dfer/Pipelines
	install -m 755 .build/release/dfer $(DESTDIR)$(PREFIX)/bin/dfer
	install -m 644 Pipelines/*.yaml Pipelines/*.safetensors $(DESTDIR)$(PREFIX)/share/dfer/Pipelines/

bench: setup  ## speed of the parts and of the whole, on this machine
	swift run -c release dfer-bench

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests

# Pointers belong in two folders. Everything else must do without them.
lint:
	@! grep -rnE 'Unsafe(Mutable)?(Raw)?(Buffer)?Pointer|withUnsafe|unsafeBitCast|unsafeUninitialized|unsafeFlags' Package.swift Sources \
	  --include='*.swift' | grep -vE '^Sources/(DferVideo/FFmpeg|DferTensor/Kernels)/' \
	  || { echo "lint: unsafe code outside DferVideo/FFmpeg and DferTensor/Kernels"; exit 1; }

clean:
	rm -rf .build build-demo.*
