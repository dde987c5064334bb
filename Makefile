# SPDX-License-Identifier: GPL-2.0
# kcmap: a concurrent hash map in the Linux kernel. "make help" lists the targets.
#
# Nothing is built beside the sources: everything goes below build/.

# Which kernel: KVER=release (its headers in /lib/modules) or KDIR=directory.
KVER ?= $(shell selftests/checks/default-kver)
KDIR ?= /lib/modules/$(KVER)/build
PCAP ?=
PCAP_DIR ?=

DESTDIR ?=
prefix ?= /usr/local
udevrulesdir ?= /lib/udev/rules.d
moddir ?= /lib/modules

B := $(CURDIR)/build
# make has a default of its own for CC (cc), which ?= does not replace.
ifeq ($(origin CC),default)
CC := gcc
endif
V ?= 0
Q := $(if $(filter 1,$(V)),,@)

# The name of the tree in KDIR: builds for different kernels, or with different
# switches, each have a directory of their own.
krel = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h 2>/dev/null)
is = $(if $(filter y,$(KCMAP_$(1))),-$(2))
variant = $(call is,KUNIT,kunit)$(call is,BUSTED,busted)$(call is,TORTURE,torture)$(call is,GCOV,gcov)
MODDIR = $(B)/modules/$(or $(krel),$(KVER))$(variant)

.DEFAULT_GOAL := all
.PHONY: all
all: modules userspace selftests ## build the modules, the library, the tool and the test programs

##@ Build

.PHONY: deps
deps: ## install the Debian packages that are missing
	@selftests/checks/deps

# Symbolic links rather than a copy: kbuild sees a changed source at once.
.PHONY: modules
modules: ## build kcmap.ko, kcmap_classify.ko, kcmap_bench.ko (KVER=, KDIR=, W=1; KCMAP_KUNIT=y, _BUSTED=y, _TORTURE=y, _GCOV=y: for tests)
	@test -n "$(krel)" || { echo "make: no kernel headers in '$(KDIR)': run 'make deps', or set KVER= or KDIR=" >&2; exit 1; }
	@mkdir -p $(MODDIR)
	@cp -rsf $(CURDIR)/Kbuild $(CURDIR)/kmod $(CURDIR)/uapi $(MODDIR)/
	@find -L $(MODDIR) -type l -delete
	$(Q)$(MAKE) --no-print-directory -C $(KDIR) M=$(MODDIR) \
		KCMAP_KUNIT=$(KCMAP_KUNIT) KCMAP_BUSTED=$(KCMAP_BUSTED) KCMAP_TORTURE=$(KCMAP_TORTURE) KCMAP_GCOV=$(KCMAP_GCOV) modules

# Small modules that only tests use: EXT=DIRECTORY, built in build/ext/RELEASE/.
.PHONY: extmod
extmod:
	@mkdir -p $(B)/ext/$(krel)
	@cp -rsf $(CURDIR)/$(EXT) $(B)/ext/$(krel)/
	@find -L $(B)/ext/$(krel) -type l -delete
	$(Q)$(MAKE) --no-print-directory -C $(KDIR) M=$(B)/ext/$(krel)/$(notdir $(EXT)) \
		KBUILD_EXTRA_SYMBOLS=$(wildcard $(MODDIR)/Module.symvers) modules

.PHONY: userspace
userspace: ## build libkcmap and the tool kcmap
	$(Q)mkdir -p $(B)/userspace
	$(Q)$(MAKE) --no-print-directory -C userspace O=$(B)/userspace

vpath %.c selftests selftests/torture selftests/kcsan
TESTPROGS := $(basename $(notdir $(wildcard selftests/*.c selftests/torture/*.c selftests/kcsan/*.c)))
TESTHDRS := $(wildcard selftests/*.h uapi/linux/*.h userspace/lib/include/*.h userspace/lib/*.h kmod/bench/kcmap_bench.h kmod/torture/kcmap_torture.h)
TESTFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -pthread -Iuapi -Iuserspace/lib/include -Iselftests

.PHONY: selftests
selftests: $(addprefix $(B)/selftests/,$(TESTPROGS)) $(B)/fault/fault_sweep $(B)/pressure/pressure ## build the kselftest programs

# This one is of many files.
$(B)/selftests/fuzz_sequence: $(wildcard selftests/fuzz/*.[ch])

$(B)/selftests/%: %.c $(TESTHDRS) | userspace
	@mkdir -p $(@D)
	@echo "  CCLD    $(@:$(CURDIR)/%=%)"
	$(Q)$(CC) $(TESTFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) $(wildcard $(B)/userspace/libkcmap.a) $(LDFLAGS)

# Apart from the others: they need a kernel that injects faults.
$(B)/fault/fault_sweep: selftests/fault/fault_sweep.c
$(B)/pressure/pressure: selftests/pressure/pressure.c $(wildcard selftests/pressure/*.h)
$(B)/fault/fault_sweep $(B)/pressure/pressure: $(wildcard selftests/fault/*.h) $(TESTHDRS)
	@mkdir -p $(@D)
	@echo "  CCLD    $(@:$(CURDIR)/%=%)"
	$(Q)$(CC) $(TESTFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) $(LDFLAGS)

##@ Run

.PHONY: demo
demo: deps ## classify real packets in a VM, and check the counts (PCAP=FILE replays a capture)
	$(Q)$(MAKE) --no-print-directory all
	$(Q)selftests/demo/run-demo $(if $(PCAP),"PCAP=$(PCAP)")

.PHONY: test
test: deps ## run every test (PCAP_DIR=DIR: replay its captures too; LINT=y: lint too)
	$(Q)PCAP_DIR="$(PCAP_DIR)" selftests/run-tests all $(if $(LINT),lint)

.PHONY: check
check: deps ## what every commit passes: W=1, lint, KUnit, a short kselftest run
	$(Q)selftests/run-tests check

.PHONY: kunit
kunit: deps ## run the KUnit suites in user-mode Linux
	$(Q)selftests/run-tests kunit

.PHONY: kunit-busted
kunit-busted: deps ## see each KUnit case of a promise fail on code that breaks it
	$(Q)selftests/run-tests kunit-busted

.PHONY: view-busted
view-busted: deps ## see the tests of snapshots and views fail on code that breaks what they promise
	$(Q)selftests/run-tests view-busted

.PHONY: fault-sweep
fault-sweep: deps ## have each allocation, copy and page fault of each operation fail once, on the KASAN kernel
	$(Q)selftests/run-tests fault-sweep

.PHONY: pressure
pressure: deps ## growth, shrinking and snapshots while memory is short, on the KASAN kernel (RUNS=6, SEED=N)
	$(Q)RUNS=$(RUNS) SEED=$(SEED) selftests/run-tests pressure; status=$$?; \
		sed -n 's/^# //p' build/test/pressure.tap; exit $$status

.PHONY: torture
torture: deps ## torture a map on the distribution's kernel (MINUTES=N, or TORTURE_SECONDS=N: so long)
	$(Q)selftests/run-tests torture

.PHONY: torture-busted
torture-busted: deps ## see the torture test catch code that breaks promises
	$(Q)selftests/run-tests torture-busted

.PHONY: test-kcsan
test-kcsan: deps ## KUnit, kselftests, torture, and a race planted for each pair of calls, with KCSAN
	$(Q)selftests/run-tests kcsan

.PHONY: model
model: deps ## have spin explore models of the protocols, and see it reject broken ones
	$(Q)selftests/run-tests model

.PHONY: fuzz-parsers
fuzz-parsers: deps ## fuzz what library and tool parse, each for SECONDS=30
	$(Q)selftests/parsers/run --seconds $(or $(SECONDS),30)

.PHONY: soak
soak: deps ## a mixed load for MINUTES=10 (SEED=N), and what it says of reliability
	$(Q)selftests/soak/run --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED))

.PHONY: test-kasan
test-kasan: deps ## KUnit, kselftests, torture and fault sweep on a kernel with KASAN and lockdep; lines reached
	$(Q)selftests/run-tests kasan

.PHONY: test-rt
test-rt: deps ## some kselftests and torture on the distribution's kernel with PREEMPT_RT
	$(Q)selftests/run-tests rt rt-torture

.PHONY: test-long
test-long: deps ## all of it for MINUTES=240, and a report: build/proof/report.md
	$(Q)PCAP_DIR="$(PCAP_DIR)" selftests/proof/run $(MINUTES)

.PHONY: kselftest
kselftest: deps ## run the kselftests on the distribution's kernel in QEMU
	$(Q)PCAP_DIR="$(PCAP_DIR)" selftests/run-tests kselftest

.PHONY: vm-selftest
vm-selftest: deps ## test the VM runner itself
	$(Q)selftests/run-tests vm-selftest

.PHONY: test-compile
test-compile: deps ## compile without a warning (W=1) against 6.1, 6.12 and the newest kernel
	$(Q)selftests/run-tests test-compile

.PHONY: lint
lint: deps ## checkpatch, sparse, clang-format, shellcheck, codespell
	$(Q)selftests/checks/lint

.PHONY: bucket-fill
bucket-fill: ## print the tables behind the choice of the bucket scheme
	$(Q)$(MAKE) --no-print-directory -C selftests/bench O=$(B)/selftests/bench >&2
	$(Q)$(B)/selftests/bench/bucket_fill sim

.PHONY: bench
bench: deps ## measure kcmap and the kernel's other hash tables (BENCH=lookup_hit: one; BENCH=icount: system calls; FULL=1: all)
	$(Q)selftests/bench/kernel/run $(if $(filter 1,$(FULL)),--full) $(BENCH)

.PHONY: bench-report
bench-report: ## print the medians of the last bench, and the bars they pass or miss
	$(Q)selftests/bench/kernel/report

.PHONY: bench-plot
bench-plot: ## plot what refreshes of snapshots took in the last bench: build/bench/refresh.svg
	$(Q)selftests/bench/kernel/plot

.PHONY: bench-gate
bench-gate: deps ## measure the gate on 1 to 64 virtual CPUs (CPUS="1 8": these)
	$(Q)selftests/bench/kernel/gate $(CPUS)

##@ Install

.PHONY: install
install: install-modules install-headers install-userspace ## install modules, headers, library and tool (KVER=, DESTDIR=, prefix=)

.PHONY: install-modules
install-modules:
	@test -f $(MODDIR)/kcmap.ko || { echo "make: no modules for $(KVER) yet: run 'make KVER=$(KVER) modules' first" >&2; exit 1; }
	install -d $(DESTDIR)$(moddir)/$(krel)/updates $(DESTDIR)$(udevrulesdir)
	install -m 644 $(addprefix $(MODDIR)/,kcmap.ko kcmap_classify.ko kcmap_bench.ko) $(DESTDIR)$(moddir)/$(krel)/updates/
	$(if $(DESTDIR),,depmod $(krel))
	install -m 644 $(wildcard userspace/packaging/*.rules) $(DESTDIR)$(udevrulesdir)/

# For modules that use kcmap_lookup() and its like: the header for -I, and the
# symbol versions for KBUILD_EXTRA_SYMBOLS.
.PHONY: install-headers
install-headers:
	install -d $(DESTDIR)$(prefix)/src/kcmap-$(krel)
	install -m 644 kmod/include/kcmap.h $(MODDIR)/Module.symvers $(DESTDIR)$(prefix)/src/kcmap-$(krel)/

.PHONY: install-userspace
install-userspace: userspace
	$(MAKE) --no-print-directory -C userspace O=$(B)/userspace DESTDIR=$(DESTDIR) prefix=$(prefix) install
	$(if $(DESTDIR),,ldconfig)

.PHONY: uninstall
uninstall: ## remove what install put there
	rm -f $(addprefix $(DESTDIR)$(moddir)/$(krel)/updates/,kcmap.ko kcmap_classify.ko kcmap_bench.ko)
	$(if $(DESTDIR),,depmod $(krel))
	rm -f $(addprefix $(DESTDIR)$(udevrulesdir)/,$(notdir $(wildcard userspace/packaging/*.rules)))
	rm -rf $(DESTDIR)$(prefix)/src/kcmap-$(krel)
	$(MAKE) --no-print-directory -C userspace O=$(B)/userspace DESTDIR=$(DESTDIR) prefix=$(prefix) uninstall

##@ Tidy

.PHONY: clean
clean: ## remove the build directory
	rm -rf $(B)

.PHONY: distclean
distclean: clean ## also remove the cache of kernels, which take long to build
	rm -rf "$${KCMAP_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/kcmap}"

.PHONY: help
help: ## print this list
	@awk 'BEGIN { FS = ":.*?## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z][a-z-]*:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
