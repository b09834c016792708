# SPDX-License-Identifier: BSD-2-Clause
"""What bash offers behind `caisson`: commands, and the options that `caisson run --help` shows."""

import os
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
HELP = "  --kernel FILE    text\\n  --console KIND  text\\n  --cpus N  text\\n"


def offered(*words):
    """What is offered for the last of the words, in a shell where `caisson` prints HELP."""
    line = " ".join(f"'{word}'" for word in ("caisson", *words))
    script = (f"caisson() {{ printf '{HELP}'; }}; . {ROOT}/tools/completion.bash; "
              f"COMP_WORDS=({line}); COMP_CWORD={len(words)}; _caisson; "
              "printf '%s\\n' \"${COMPREPLY[@]}\"")
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert result.stderr == ""
    return result.stdout.split()


@pytest.mark.parametrize("words, expected", [
    (["st"], ["stats", "stop"]),
    (["run", "--c"], ["--console", "--cpus"]),
    (["run", "--net", ""], ["user", "tap"]),
    (["run", "--guest-tools", "v"], ["vmware", "vmware,ro"]),
    (["guest", "vm1", "s"], ["set", "shutdown", "sync-time"]),
    (["guest", "vm1", "shutdown", "--f"], ["--force"]),
    (["run", "--kernel", f"{ROOT}/READ"], [f"{ROOT}/README.md"]),
    (["list", "--j"], ["--json"]),
    (["stop", "--"], ["--force", "--timeout", "--help"]),
    (["nonsense", ""], []),
])
def test_completion(words, expected):
    assert offered(*words) == expected


def test_commands():
    """All commands are offered, each with its help."""
    for command in offered(""):
        if command not in ("run", "help"):
            assert "--help" in offered(command, "--h"), command
