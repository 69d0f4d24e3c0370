# Verbs for people; the build itself is CMakeLists.txt, and tools/setup installs what it needs.
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
BUILD := build/release
STAPES := $(BUILD)/stapes
RUN ?= build/demo/found build/demo/ds-cnn
MAKEFLAGS += --no-print-directory

all: setup ## build the program: build/release/stapes
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build $(BUILD) -j$(JOBS) --target stapes-cli

setup: ## install what is missing (Debian, Ubuntu), or say what is
	@sh tools/setup

check: ## build everything and run all tests, those on emulated processors too
	@sh tools/setup check demo chip formats
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build $(BUILD) -j$(JOBS)
	@ctest --test-dir $(BUILD) -j$(JOBS) --output-on-failure

demo: all ## speak ten words, search a spotter for them, train, test and run it on an emulated chip (under 10 minutes)
	@sh tools/setup demo chip
	@sh tools/demo $(STAPES)

bench: all ## time the search step on this machine
	@$(STAPES) bench search

growth: setup ## how the search step's time and memory grow: docs/growth.csv and docs/growth.svg, some minutes
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build $(BUILD) -j$(JOBS) --target stapes-cli stapes-growth-figure
	@sh bench/growth

results: all ## the experiments of docs/results.md on a data folder: make results DATA=DIR
	@sh tools/results $(STAPES) $(DATA)

bits: all ## every bit of 100 clips of quantised systems on five emulated processors: make bits RUN='DIR DIR' (the demo's)
	@sh tools/setup chip
	@sh tools/bits $(STAPES) $(RUN)

costs: setup ## what stapes cost predicts against five emulated processors, for 14 networks (some minutes)
	@sh tools/setup chip
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build $(BUILD) -j$(JOBS) --target cost_emulated
	@$(BUILD)/tests/cost/cost_emulated 14 m3 m4 m7 m55 rv32

asan: setup ## all tests under the address and undefined-behaviour sanitizers
	@cmake --preset asan --log-level=WARNING >/dev/null
	@cmake --build build/asan -j$(JOBS)
	@ctest --test-dir build/asan -j$(JOBS) --output-on-failure

tsan: setup ## the tests that use threads, under the thread sanitizer
	@cmake --preset tsan --log-level=WARNING >/dev/null
	@cmake --build build/tsan -j$(JOBS) --target test_unit_threads test_unit_bits test_torture_steps
	@ctest --test-dir build/tsan -j$(JOBS) --output-on-failure -R '^(unit/(threads|bits)|torture/steps)$$'

valgrind: all ## a tiny search and all that follows it under valgrind's memcheck
	@sh tools/setup valgrind
	@cmake --build $(BUILD) -j$(JOBS) --target stapes-tones
	@sh tools/valgrind $(abspath $(STAPES)) $(abspath $(BUILD))/tests/stapes-tones

FUZZ_SECONDS ?= 60
fuzz: setup ## broken files and models, each kind for FUZZ_SECONDS (60), with libFuzzer and sanitizers
	@sh tools/setup fuzz
	@sh tools/fuzz $(FUZZ_SECONDS)

crash: setup ## kill -9 at 20 random moments of a search and of a training, each resumed to the same bits
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build $(BUILD) -j$(JOBS) --target stapes-cli stapes-tones
	@cd tests/cli && STAPES_KILLS=20 bash test_kill.sh $(abspath $(BUILD))/stapes $(abspath $(BUILD))/tests/stapes-tones

format: ## format the sources (clang-format 14)
	@clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h')

man: all ## the manual page: build/stapes.1
	@$(STAPES) help --man >build/stapes.1 && echo "build/stapes.1"

clean: ## remove all that was built, the demo's results included
	@rm -rf build

help: ## this list
	@sed -n 's/^\([a-z]*\):.* ## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

.PHONY: all setup check demo bench growth results bits costs asan tsan valgrind fuzz crash format man clean help
