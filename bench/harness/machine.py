"""What the figures were taken on."""

import json
import os
import platform
import re
import subprocess
import time


def _read(path, default=None):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return default


def _output(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
        return done.stdout.strip().splitlines()[0]
    except (OSError, subprocess.SubprocessError, IndexError):
        return None


def _cpu_model():
    match = re.search(r"^model name\s*:\s*(.*)$", _read("/proc/cpuinfo", ""), re.M)
    return match.group(1) if match else platform.machine()


def _virtual():
    return "hypervisor" in _read("/proc/cpuinfo", "").split()


def _filesystem(path):
    """The type of the file system that holds `path`."""
    best = ("", None)
    for line in _read("/proc/self/mounts", "").splitlines():
        _, mount, kind = line.split()[:3]
        below = os.path.join(mount, "")
        if (os.path.realpath(path) + "/").startswith(below) and len(mount) >= len(best[0]):
            best = (mount, kind)
    return best[1]


def _tokio_version(build):
    lock = _read(f"{build}/tokio/source/Cargo.lock", "")
    match = re.search(r'name = "tokio"\nversion = "([^"]+)"', lock)
    return match.group(1) if match else None


def load():
    """Runnable threads in the mean of 1, 5 and 15 minutes: other people's too."""
    return " ".join(_read("/proc/loadavg", "").split()[:3])


def describe(build, data, scheduling):
    """Facts for the report; None where one cannot be read."""
    try:
        with open(f"{build}/build_info.json", encoding="utf-8") as file:
            built = json.load(file)
    except OSError:
        built = {}
    facts = {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "cpu": _cpu_model(),
        "cpus": os.cpu_count(),
        "virtual_machine": _virtual(),
        "kernel": platform.release(),
        "system": _os_name(),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "clocksource": _read("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "scheduling": scheduling,
        "load_before": load(),
        "data_filesystem": _filesystem(data),
        **built,
        "tokio": _tokio_version(build),
        "commit": _output("git", "describe", "--always", "--dirty"),
    }
    return {key: value for key, value in facts.items() if value not in ("", None)}


def _os_name():
    match = re.search(r'^PRETTY_NAME="?([^"\n]*)', _read("/etc/os-release", ""), re.M)
    return match.group(1) if match else platform.system()
