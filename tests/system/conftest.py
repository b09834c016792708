# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the system tests: the service VM's files, and machines whose consoles are kept in
build/logs and shown when a test fails."""

import os
import re

import pytest

from machine import BUILD, Machine, assemble_service_vm
from terminal import Terminal

LOGS = os.path.join(BUILD, "logs")


def pytest_configure(config):
    config.addinivalue_line("markers", "soak: takes long; not part of make test")


def _built(name, remedy):
    path = os.path.join(BUILD, name)
    if not os.path.exists(path):
        pytest.fail(f"{path} is missing: {remedy}", pytrace=False)
    return path


@pytest.fixture(scope="session")
def image():
    """Caisson's release build."""
    return _built("caisson.img", "tools/build target")


@pytest.fixture(scope="session")
def debug_image():
    """Caisson with its checks at run time."""
    return _built("caisson-debug.img", "tools/build debug")


@pytest.fixture(scope="session")
def service_vm():
    """Folder with vmlinuz and initrd of the small service VM."""
    return assemble_service_vm([])


@pytest.fixture(scope="session")
def stress_vm():
    """The same with stress-ng in it."""
    return assemble_service_vm(["stress-ng"])


def plain(hyp_append):
    """Caisson's command line with view=plain, unless it names a view: most tests read the service
    VM's console as it is printed, not as a screen."""
    return hyp_append if "view=" in hyp_append else f"{hyp_append} view=plain".strip()


def log_path(request, number=0):
    """Of the test's machine with this number: its suite is in the name, since tests of two suites
    may have the same name, and run side by side."""
    name = re.sub(r"[^\w.-]+", "_", request.node.name).strip("_").removeprefix("test_")
    suite = request.module.__name__.removeprefix("test_")
    return os.path.join(LOGS, f"{suite}-{name}{f'.{number}' if number else ''}.log")


@pytest.fixture
def start(request, image):
    """A function that starts a machine: start(cpus=4, kernel=…, timeout=…, …), options as those
    of tools/host with _ for -, and view=plain if hyp_append names no view. It is stopped at the
    end of the test."""
    machines = []

    def start_one(*arguments, **options):
        options.setdefault("timeout", 240)
        if not options.get("bare"):
            options.setdefault("image", image)
            if "dtb" not in options and "esp" not in options:
                options["hyp_append"] = plain(options.get("hyp_append", ""))
        machines.append(Machine(log_path(request, len(machines)), *arguments, **options))
        return machines[-1]

    request.node.machines = machines
    yield start_one
    for machine in machines:
        machine.stop()


@pytest.fixture
def boot(start, service_vm):
    """A function that starts Debian on Caisson and gives the machine before its first output."""

    def boot_one(*arguments, append="quiet", **options):
        return start(*arguments, kernel=f"{service_vm}/vmlinuz", initrd=f"{service_vm}/initrd",
                     append=append, **options)

    return boot_one


@pytest.fixture
def sit_down(request, image, service_vm):
    """A function that starts Debian on Caisson with a person at its line, the log first if nothing
    else is said. None takes an option away."""
    request.node.machines = []

    def start(**options):
        options = {"image": image, "kernel": f"{service_vm}/vmlinuz",
                   "initrd": f"{service_vm}/initrd", "append": "quiet", "timeout": 200,
                   "hyp_append": "", **options}
        options = {name: value for name, value in options.items() if value is not None}
        if "view=" not in options.get("hyp_append", "view="):
            options["hyp_append"] = f"{options['hyp_append']} view=log".strip()
        request.node.machines.append(Terminal(log_path(request), **options))
        return request.node.machines[-1]

    yield start
    for terminal in request.node.machines:
        terminal.stop()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for machine in getattr(item, "machines", []):
            report.sections.append((f"console of {machine}", machine.tail()))
