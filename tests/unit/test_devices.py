import platform
import subprocess
import sys

import pytest
import torch

from ntkcpl import devices

# Prints the device, and whether torch was imported to tell.
CODE = """
import sys
from ntkcpl import devices
devices._DRIVERS = [sys.argv[1]]
print(devices.default_device(), "torch" in sys.modules)
"""


@pytest.mark.parametrize(
    ("driver", "visible"), [("/no/driver", "0"), (sys.executable, "")], ids=["absent", "hidden"]
)
def test_without_a_gpu_torch_is_not_imported(driver, visible):
    found = subprocess.run(
        [sys.executable, "-c", CODE, driver],
        env={"PYTHONPATH": "scripts", "CUDA_VISIBLE_DEVICES": visible},
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.split() == ["cpu", "False"]


@pytest.mark.parametrize(("available", "device"), [(True, "cuda"), (False, "cpu")])
def test_with_a_driver_torch_decides(available, device, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(devices, "_DRIVERS", [sys.executable])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert devices.default_device() == device


FAULTS = """
import resource, sys
from ntkcpl.devices import keep_freed_memory

if sys.argv[1] == "keep":
    keep_freed_memory()
for _ in range(20):
    b"1" * 2**26
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_freed_memory_is_used_again():
    faults = [
        int(subprocess.check_output([sys.executable, "-c", FAULTS, how], cwd="scripts"))
        for how in ("keep", "return")
    ]
    assert faults[0] < faults[1] / 2
