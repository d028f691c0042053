"""Serving leaves nothing behind: no thread, no socket, no file."""

import asyncio
import threading

import psutil
import pytest

from instruments.array import ArrayConfig
from instruments.simulation.addresses import FrontKind, parse_resource
from instruments.simulation.serving import serve_array
from instruments.simulation.vna.models import MODELS


def held():
    process = psutil.Process()
    sockets = [one for one in process.net_connections("tcp") if one.status != "NONE"]
    return process.num_fds(), len(sockets), threading.active_count()


@pytest.fixture
def every_model(make_array_mapping):
    mapping = make_array_mapping(len(MODELS))
    mapping["simulation"]["models"] = {
        f"vna-{number}": name for number, name in enumerate(MODELS, 1)
    }
    return ArrayConfig.model_validate(mapping)


async def use(resources):
    """Ask at every door of a VNA and leave without a word."""
    writers = []
    for resource in resources:
        address = parse_resource("x", resource)
        reader, writer = await asyncio.open_connection("127.0.0.1", address.port)
        writers.append(writer)
        if address.kind is FrontKind.SOCKET:
            writer.write(b"*IDN?\n")
            assert await asyncio.wait_for(reader.readline(), 60)
            writer.write(b"SENS1:BWID 1;:SENS1:SWE:MODE SING;*OPC?\n")
    return writers


def test_all_models_and_doors_are_closed_behind_us(every_model):
    async def serve_once():
        async with serve_array(every_model) as served:
            used = [await use(served.resources[vna]) for vna in served.vnas]
        for writers in used:
            for writer in writers:
                writer.close()

    asyncio.run(serve_once())
    before = held()
    for _ in range(3):
        asyncio.run(serve_once())
    assert held() == before
