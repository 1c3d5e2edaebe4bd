# Two commands matter: `make demo` and `make test`. Both install what is missing first.
PREFIX ?= /usr/local
DESTDIR ?=
SAMPLE ?= Samples/one-face.mp4
PACKAGES = libavformat-dev libavcodec-dev libswscale-dev libavdevice-dev libavutil-dev libopenblas-dev libsqlite3-dev libfreetype-dev pkg-config
TEST_PACKAGES = ffmpeg python3
# What swift.org's toolchain needs to compile and link on Debian and Ubuntu.
TOOLCHAIN_PACKAGES = libncurses6 libxml2 libcurl4 binutils libc6-dev g++
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# Seconds that `make fuzz` gives each reader, and where its damage starts.
FUZZ_SECONDS ?= 600
FUZZ_SEED ?= $(shell date +%s)
FLIPS ?= 100
CLIPS ?= Samples/*.mp4

HOSTILE ?= 500
HOSTILE_SEED ?= 1

.PHONY: demo test build setup setup-test install format lint clean bench fuzz hostile chaos flips limits soak long-video sanitize \
  example release-check test-python test-r dist deb wheel dist-test site recipes

demo: build  ## install, build, and read the sample's expressions
	.build/release/dfer watch $(SAMPLE) -o build-demo.csv --overwrite
	@echo "rows: build-demo.csv   run facts: build-demo.run.json"

# The commands are tested as released: without optimisation the network takes minutes.
test: setup-test lint build example  ## install, build, and run all tests
	swift test --disable-xctest

# Another package that reads a video by the library alone.
example: setup  ## build and run Examples/ReadVideo
	Examples/check.sh

build: setup
	swift build -c release --product dfer

# apt-get runs only when something is missing.
define install
missing=$$(for p in $(1); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
if [ -n "$$missing" ]; then $(SUDO) apt-get update && \
  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y --no-install-recommends $$missing; fi
endef

setup:
	@$(call install,$(PACKAGES))
	@PATH=$$PATH:/sbin:/usr/sbin; \
	if ! { command -v ld && ldconfig -p | grep -q libncurses.so.6 && ldconfig -p | grep -q libxml2.so && \
	    ldconfig -p | grep -q libcurl.so.4 && ls /usr/include/c++/*/vector && [ -e /usr/include/stdio.h ]; } >/dev/null 2>&1; then \
	  $(SUDO) apt-get update && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y --no-install-recommends $(TOOLCHAIN_PACKAGES); fi
	@command -v swift >/dev/null || { echo "Swift 6.2 or newer is needed: https://www.swift.org/install"; exit 1; }

setup-test: setup
	@$(call install,$(TEST_PACKAGES))

install: build  ## binary, pipelines, weights, manual page and completions under PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/dfer/Pipelines
	install -m 755 .build/release/dfer $(DESTDIR)$(PREFIX)/bin/dfer
	install -m 644 Pipelines/*.yaml Pipelines/*.safetensors $(DESTDIR)$(PREFIX)/share/dfer/Pipelines/
	install -d $(DESTDIR)$(PREFIX)/share/dfer/Samples
	install -m 644 Samples/one-face.mp4 $(DESTDIR)$(PREFIX)/share/dfer/Samples/
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	  $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	.build/release/dfer manual > $(DESTDIR)$(PREFIX)/share/man/man1/dfer.1
	.build/release/dfer --generate-completion-script bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/dfer
	.build/release/dfer --generate-completion-script zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_dfer
	.build/release/dfer --generate-completion-script fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/dfer.fish

bench: setup  ## speed of the parts and of the whole, on this machine
	swift run -c release dfer-bench

release-check: setup  ## the public interface: documented, and what breaks since the last release
	packaging/release-check.sh

# What takes minutes or hours, and so is not part of `make test`.
fuzz: setup-test  ## damaged files for every reader; what stops the program is in build-fuzz
	mkdir -p build-fuzz
	DFER_FUZZ_SECONDS=$(FUZZ_SECONDS) DFER_FUZZ_SEED=$(FUZZ_SEED) DFER_FUZZ_KEEP=$(CURDIR)/build-fuzz \
	  swift test --disable-xctest --filter 'FuzzTests'

hostile: setup-test build  ## damaged and hostile files of twenty containers, read one by one
	rm -rf build-hostile && python3 Tests/Robustness/make_hostile.py Samples/one-face.mp4 build-hostile --count $(HOSTILE) --seed $(HOSTILE_SEED)
	python3 Tests/Robustness/run_hostile.py .build/release/dfer build-hostile

chaos: build  ## dfer batch, killed twenty times and resumed
	Tests/Robustness/chaos.sh 20

flips: build  ## clips with flipped bytes
	Tests/Robustness/flips.sh $(FLIPS) $(CLIPS)

limits: build  ## a full disk, little memory, one core, no home
	Tests/Robustness/limits.sh

soak: build  ## two hours of a live stream, five times as fast, that is lost every ten minutes
	Tests/Robustness/soak.sh 2

long-video: build  ## three hours with flat memory
	Tests/Robustness/long-video.sh 3

sanitize: setup-test build  ## tests under AddressSanitizer and ThreadSanitizer, damaged videos, leaks
	Tests/Robustness/sanitize.sh

# Packages for Python and R: each is tested with its own language's tools. DFER_BINARY names another program than the build.
DFER_BINARY ?= $(CURDIR)/.build/release/dfer
PYTHON ?= python3

test-python: .build-python/ready  ## the Python package: tests, notebook, types, style
	DFER_BINARY=$(DFER_BINARY) .build-python/bin/pytest -q python
	cd python && ../.build-python/bin/mypy && ../.build-python/bin/ruff check . ../packaging && ../.build-python/bin/ruff format --check . ../packaging

.build-python/ready: python/pyproject.toml
	$(PYTHON) -m venv .build-python
	.build-python/bin/pip install -q -e "python[test]" mypy ruff build auditwheel twine
	touch $@

test-r:  ## the R package: R CMD check with the program
	rm -rf .build-r && mkdir .build-r && cd .build-r && R CMD build ../r && \
	  DFER_BINARY=$(DFER_BINARY) DFER_SAMPLE=$(CURDIR)/Samples/no-face.mp4 _R_CHECK_FORCE_SUGGESTS_=false \
	  R CMD check --no-manual dfer_*.tar.gz

# Packages: what is published is in dist/. docs/install.md says which is for whom.
DEB_PACKAGES = build-essential debhelper
DIST_PACKAGES = nasm patchelf libssl-dev zlib1g-dev libbz2-dev libdav1d-dev libxcb1-dev libxcb-shm0-dev libxcb-shape0-dev \
  libxcb-xfixes0-dev

dist: setup  ## portable tarball, Debian package of this release, checksums, bill of materials
	@$(call install,$(DEB_PACKAGES) $(DIST_PACKAGES))
	packaging/dist.sh

deb: setup  ## the Debian package alone
	@$(call install,$(DEB_PACKAGES))
	packaging/dist.sh deb

wheel: .build-python/ready  ## a wheel for Python that carries the program (after make dist)
	PYTHON=$(CURDIR)/.build-python/bin/python packaging/wheel.sh

dist-test:  ## packages on clean Debian 12, 13 and Ubuntu 24.04: install, read, compare the rows, remove (root, debootstrap)
	packaging/dist-test.sh

recipes:  ## whether the recipes of other package managers can be parsed
	packaging/recipes.sh --check

site: build .build-python/site  ## the documents as a website with search: dist/site
	.build-python/bin/python packaging/site/build.py .build/release/dfer dist/site .build/release

.build-python/site: .build-python/ready
	.build-python/bin/pip install -q mkdocs "mkdocs-material<10"
	touch $@

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests Pipelines Examples

# Layout and names as .swift-format says. Pointers belong in two folders; everything else must do without them.
lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Pipelines Examples
	@! grep -rnE 'Unsafe(Mutable)?(Raw)?(Buffer)?Pointer|withUnsafe|unsafeBitCast|unsafeUninitialized|unsafeFlags' Package.swift Sources Pipelines \
	  --include='*.swift' | grep -vE '^Sources/(DferVideo/FFmpeg|DferTensor/Kernels)/' \
	  || { echo "lint: unsafe code outside DferVideo/FFmpeg and DferTensor/Kernels"; exit 1; }

clean:
	rm -rf .build .build-address .build-thread .build-python .build-r .build-dist .build-libraries .build-static .build-example .build-release-check dist build-demo.* build-fuzz build-hostile
