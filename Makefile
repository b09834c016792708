# SPDX-License-Identifier: BSD-2-Clause
# A thin front: what is done stands in tools/ and in the meson.build files.

.PHONY: help setup build run test unit system bench soak lint fuzz clean

help:
	@echo "make run            install what is missing, build, start Debian on Caisson in QEMU,"
	@echo "                    and two user VMs beside it"
	@echo "make test           install what is missing, build, pass every test"
	@echo
	@echo "make setup          install what is missing (Debian 12; root or sudo)"
	@echo "make build          all builds: release, debug, clang, host"
	@echo "make unit           tests of the pure code, with sanitizers, on this machine"
	@echo "make fuzz [T=NAME] [SECONDS=N]"
	@echo "                    fuzz the pure code, all fuzzers or one, N seconds each (60)"
	@echo "make system [T=SUITE]"
	@echo "                    tests of whole systems in QEMU, all suites or one (guest: payloads)"
	@echo "make soak           the tests that take hours; results go into docs/soak.md"
	@echo "                    (CAISSON_SOAK_SECONDS=60: what goes by time takes a tenth)"
	@echo "make bench          compare with bare metal, KVM and Xen; writes docs/benchmarks.md"
	@echo "make lint           format, static analysis, sizes, headers, rooms"
	@echo "make clean          remove build/ (downloads are kept)"

setup:
	@tools/setup

build: setup
	@tools/build

# Status 4: somebody left QEMU.
run: setup
	@tools/build target
	@tools/servicevm
	@tools/servicevm --with passt --output build/servicevm-guests \
		--add build/target/vmm/caisson:bin/caisson \
		--add build/target/vmm/caissond:bin/caissond \
		--add tools/uservm.conf:etc/caisson/vm1.conf \
		--add tools/uservm.conf:etc/caisson/vm2.conf \
		--add build/servicevm/vmlinuz:guests/vmlinuz --add build/servicevm/initrd:guests/initrd
	@tools/host --kernel build/servicevm-guests/vmlinuz \
		--initrd build/servicevm-guests/initrd \
		--cpus 4 --memory 2G --net user || [ $$? -eq 4 ]

test: setup
	@tools/test

unit: setup
	@tools/test unit

system: setup
	@tools/test $(if $(filter guest,$(T)),guest,$(if $(T),--suite $(T) system,guest system))

soak: setup
	@tools/test --record docs/soak.md soak-system soak-guest soak-fuzz

fuzz: setup
	@tools/build fuzz
	@tests/fuzz/run build/fuzz $(or $(SECONDS),60) $(T)

bench: setup
	@tools/build target host
	@tests/bench/run

lint: setup
	@tools/build target debug clang host fuzz
	@tools/lint

clean:
	rm -rf build
