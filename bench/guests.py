"""Machines for benchmarks: our images, and a Linux guest of Debian's cloud kernel.

The kernel is unpacked and not installed; its initramfs holds busybox, a script of one line, and images/figures.
"""

import gzip
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
IMAGES = TOP / "build/release/images"
PEER = TOP / "build/release/bench/linux_guest"
SECONDS_MAX = 60
# What the kernel needs for a disk and a network device, in the order in which it is loaded.
MODULES = ["virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_blk",
           "failover", "net_failover", "virtio_net"]
INIT = b"#!/bin/busybox sh\necho hello\n/bin/busybox poweroff -f\n"


def command(machine, image, *options, arguments=()):
    """QEMU's command line for an image."""
    printed = subprocess.run([TOP / "images/boot", "--machine", machine, *options, "--print", image,
                              "--", *arguments],
                             check=True, capture_output=True, text=True).stdout
    return [re.sub("path=/.*", "path=/dev/null", word) for word in shlex.split(printed)]


def linux_command(machine, memory_mib=256, init="/init", arguments=()):
    """QEMU's command line for the Linux guest."""
    unpack_linux()
    words = command(machine, IMAGES / "hello.elf", "--memory", str(memory_mib))
    words[words.index("-kernel") + 1] = str(PEER / "kernel")
    append = f"console=ttyS0 quiet panic=-1 reboot=t rdinit={init} -- " + " ".join(arguments)
    words[words.index("-append") + 1] = append.removesuffix(" -- ")
    return words + ["-initrd", str(PEER / "initramfs")]


def newc(name, data, mode):
    """One file of a cpio archive."""
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 5, 1, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    pad = lambda b: b + b"\0" * (-len(b) % 4)
    return pad(head) + pad(data)


def initramfs(busybox, *more):
    console = newc("dev/console", b"", 0o20600)
    console = console[:78] + b"%08x%08x" % (5, 1) + console[94:]
    archive = (newc("bin", b"", 0o40755) + newc("dev", b"", 0o40755) + console
               + newc("bin/busybox", busybox, 0o100755) + newc("init", INIT, 0o100755)
               + b"".join(more) + newc("TRAILER!!!", b"", 0))
    return gzip.compress(archive, 1)


def unpack_linux():
    figures = newc("figures", (IMAGES / "figures.elf").read_bytes(), 0o100755)
    if not ((PEER / "kernel").is_file() and (PEER / "modules").is_dir()):
        shutil.rmtree(PEER, ignore_errors=True)
        PEER.mkdir(parents=True)
        depends = subprocess.run(["apt-cache", "depends", "linux-image-cloud-amd64"], check=True,
                                 capture_output=True, text=True).stdout
        kernel = re.search(r"Depends: (linux-image-\S+)", depends).group(1)
        subprocess.run(["apt-get", "-q", "download", kernel, "busybox-static"], cwd=PEER, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for package in PEER.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, PEER / "root"], check=True)
            package.unlink()
        shutil.copy(PEER / "root/bin/busybox", PEER / "busybox")
        shutil.copy(next((PEER / "root/boot").glob("vmlinuz-*")), PEER / "kernel")
        (PEER / "modules").mkdir()
        for module in (PEER / "root/lib/modules").rglob("*.ko"):
            if module.stem in MODULES:
                shutil.copy(module, PEER / "modules")
        shutil.rmtree(PEER / "root")
    busybox = (PEER / "busybox").read_bytes()
    (PEER / "initramfs").write_bytes(initramfs(busybox, figures))
    (PEER / "initramfs_tiny").write_bytes(initramfs(busybox))


def run_until(arguments, wanted):
    """Seconds until a line that the pattern matches, and the match."""
    begin = time.monotonic()
    with subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, start_new_session=True) as process:
        signal.signal(signal.SIGALRM, lambda *_: os.killpg(process.pid, signal.SIGKILL))
        signal.alarm(SECONDS_MAX)
        try:
            for line in process.stdout:
                found = re.fullmatch(wanted, line.strip())
                if found:
                    return time.monotonic() - begin, found
            raise RuntimeError("the machine ended without its line")
        finally:
            signal.alarm(0)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
