"""A port chosen for a kernel is nobody else's: neither another kernel's nor that of a program that asks the system for any."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import zmq

from toolkit import kernel_ports
from toolkit.kernel_ports import choose_ports

HOST = "127.0.0.1"


def manager(**ports: int) -> Any:
    return SimpleNamespace(ip=HOST, cache_ports=True, **(dict.fromkeys(kernel_ports._NAMES, 0) | ports))


def ports_of(chosen: Any) -> list[int]:
    return [getattr(chosen, name) for name in kernel_ports._NAMES]


def test_kernels_that_start_together_have_ports_of_their_own() -> None:
    managers = [manager() for _ in range(20)]
    for one in managers:
        choose_ports(one)
    ports = [port for one in managers for port in ports_of(one)]
    assert len(set(ports)) == 100
    assert not any(one.cache_ports for one in managers)  # Jupyter would choose anew


@pytest.mark.skipif(sys.platform != "linux", reason="ports are held on Linux only")
def test_a_port_is_the_kernels_alone_until_the_kernel_opens_it() -> None:
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split())
    one = manager()
    choose_ports(one)
    for port in ports_of(one):
        assert not low <= port <= high, "the system might hand it out by itself"
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((HOST, port))
    context = zmq.Context()
    kernel, client = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
    kernel.bind(f"tcp://{HOST}:{one.shell_port}")
    client.connect(f"tcp://{HOST}:{one.shell_port}")
    client.send(b"hello")
    assert kernel.poll(10_000)
    assert kernel.recv_multipart()[-1] == b"hello"
    context.destroy(linger=0)


def test_a_kernel_that_starts_again_keeps_its_ports() -> None:
    one = manager(shell_port=5)
    choose_ports(one)
    assert ports_of(one) == [5, 0, 0, 0, 0]


def test_no_port_left_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        port = taken.getsockname()[1]
        monkeypatch.setattr(kernel_ports, "_RANGE", range(port, port + 1))
        with pytest.raises(OSError, match=f"No port from {port} to {port}"):
            choose_ports(manager())
