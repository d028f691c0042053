import asyncio
import json
import socket

import pytest

from instruments.array import ArrayConfig
from instruments.errors import ArrayConfigError
from instruments.simulation.addresses import Address, FrontKind, parse_resource
from instruments.simulation.serving import serve_array


async def ask(port, message):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(message + b"\n")
        reply = await asyncio.wait_for(reader.readline(), 60)
    finally:
        writer.close()
    return reply.strip().decode()


def socket_port(resources):
    (port,) = {
        address.port
        for address in (parse_resource("x", resource) for resource in resources)
        if address.kind is FrontKind.SOCKET
    }
    return port


def test_every_instrument_answers_where_the_resolved_file_says(array_config):
    async def run():
        async with serve_array(array_config, speed=20.0) as served:
            identities = {
                name: await ask(socket_port(resources), b"*IDN?")
                for name, resources in served.resources.items()
            }
            return served, identities

    served, identities = asyncio.run(run())
    assert set(identities) == {
        "vna-1",
        "vna-2",
        "thermometer",
        "gaussmeter-1",
        "gaussmeter-2",
    }
    assert identities["vna-1"].startswith("Keysight Technologies,")
    assert identities["vna-1"] != identities["vna-2"]
    for name, vna in served.config.instruments.vna.items():
        assert vna.resource == served.resources[name][0]
        assert parse_resource(name, vna.resource).kind is FrontKind.HISLIP
        assert vna.time_scale == 20.0
    kinds = [parse_resource("x", one).kind for one in served.resources["vna-1"]]
    assert kinds == [FrontKind.HISLIP, FrontKind.VXI11, FrontKind.SOCKET]


def test_fault_at_the_control_port_reaches_wire_and_sensor(array_config):
    async def run():
        async with serve_array(array_config, speed=1000.0) as served:
            for request in (
                {"fault": "vna_silent", "cavity": "cavity-1"},
                {"fault": "circulator_stray_field", "cavity": "cavity-2"},
            ):
                line = await ask(served.control_port, json.dumps(request).encode())
                assert json.loads(line)["ok"]
            silent = socket_port(served.resources["vna-1"])
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(ask(silent, b"*IDN?"), 0.3)
            field = await ask(
                socket_port(served.resources["gaussmeter-2"]), b"RDGFIELD?"
            )
            assert float(field) == pytest.approx(0.05, abs=2e-4)
            assert await ask(socket_port(served.resources["vna-2"]), b"*OPC?")
            await ask(served.control_port, b'{"clear": "vna_silent"}')
            return await ask(silent, b"*IDN?")

    assert asyncio.run(run()).startswith("Keysight")


def test_taken_port_is_one_sentence(make_array_mapping):
    with socket.create_server(("127.0.0.1", 0)) as blocker:
        port = blocker.getsockname()[1]
        mapping = make_array_mapping(1)
        mapping["instruments"]["vna"]["vna-1"]["resource"] = (
            f"TCPIP::127.0.0.1::hislip0,{port}::INSTR"
        )
        config = ArrayConfig.model_validate(mapping)

        async def run():
            async with serve_array(config):
                raise AssertionError("served on a taken port")

        with pytest.raises(ArrayConfigError, match=f"vna-1: port {port}"):
            asyncio.run(run())


def test_instruments_of_several_hosts_may_share_a_port(make_array_mapping):
    with socket.create_server(("127.0.0.1", 0)) as blocker:
        port = blocker.getsockname()[1]
        mapping = make_array_mapping(2)
        instruments = mapping["instruments"]
        for number, section in enumerate(
            [*instruments["vna"].values(), *instruments["sensor"].values()], start=1
        ):
            section["resource"] = f"TCPIP::10.0.0.{number}::{port}::SOCKET"
        instruments["switch"] = {
            "matrix": {
                "driver": "mini_circuits_http",
                "resource": f"http://10.0.0.9:{port}",
                "elements": {"A": 2},
            }
        }
        config = ArrayConfig.model_validate(mapping)

        async def run():
            async with serve_array(config) as served:
                names = [*instruments["vna"], *instruments["sensor"]]
                return served.resources, [
                    await ask(parse_resource(n, served.resources[n][0]).port, b"*IDN?")
                    for n in names
                ]

        resources, identities = asyncio.run(run())
    assert all(identities)
    first = [names[0] for names in resources.values()]
    assert len(set(first)) == len(first)
    assert not any(str(port) in resource for resource in first)


def test_taken_control_port_is_one_sentence(array_config):
    with socket.create_server(("127.0.0.1", 0)) as blocker:
        port = blocker.getsockname()[1]

        async def run():
            async with serve_array(array_config, control_port=port):
                raise AssertionError("served on a taken port")

        with pytest.raises(ArrayConfigError, match=f"control port: port {port}"):
            asyncio.run(run())


@pytest.mark.parametrize(
    ("resource", "address"),
    [
        ("TCPIP::127.0.0.1::hislip0,40001::INSTR", (FrontKind.HISLIP, 40001)),
        ("TCPIP0::lab-vna::hislip0::INSTR", (FrontKind.HISLIP, 0)),
        ("tcpip::10.0.0.1::5025::socket", (FrontKind.SOCKET, 5025)),
        ("TCPIP::10.0.0.1::INSTR", (FrontKind.VXI11, 0)),
        ("TCPIP0::10.0.0.1,40002::inst0::INSTR", (FrontKind.VXI11, 40002)),
    ],
)
def test_resource_names_are_read(resource, address):
    assert parse_resource("vna-1", resource) == Address(*address)


@pytest.mark.parametrize(
    "address",
    [
        Address(FrontKind.HISLIP, 7),
        Address(FrontKind.SOCKET, 9),
        Address(FrontKind.VXI11, 11),
    ],
)
def test_resource_names_are_read_back(address):
    assert parse_resource("vna-1", address.resource) == address


@pytest.mark.parametrize(
    ("resource", "sentence"),
    [
        ("GPIB0::16::INSTR", "cannot be emulated"),
        ("TCPIP::127.0.0.1::70000::SOCKET", "no port 70000"),
    ],
)
def test_other_resources_are_refused(resource, sentence):
    with pytest.raises(ArrayConfigError, match=sentence):
        parse_resource("vna-1", resource)


def test_array_file_chooses_what_each_vna_is(make_array_mapping):
    mapping = make_array_mapping(2)
    mapping["simulation"]["models"] = {"vna-1": "rohde_schwarz_zva"}
    mapping["instruments"]["vna"]["vna-2"]["dialect"] = "siglent_sna"

    async def run():
        async with serve_array(ArrayConfig.model_validate(mapping)) as served:
            return [
                await ask(socket_port(served.resources[name]), b"*IDN?")
                for name in ("vna-1", "vna-2")
            ]

    first, second = asyncio.run(run())
    assert first.startswith("Rohde-Schwarz,ZVA40")
    assert second.startswith("Siglent Technologies,SNA")


def test_model_that_is_not_emulated_is_one_sentence(make_array_mapping):
    mapping = make_array_mapping(1)
    mapping["simulation"]["models"] = {"vna-1": "abacus"}

    async def run():
        async with serve_array(ArrayConfig.model_validate(mapping)):
            raise AssertionError("served an abacus")

    with pytest.raises(ArrayConfigError, match="there is no model abacus"):
        asyncio.run(run())


def test_power_cycle_over_the_control_port_closes_connections(array_config):
    async def run():
        async with serve_array(array_config, speed=1000.0) as served:
            port = socket_port(served.resources["vna-1"])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"SENS1:SWE:POIN 33;POIN?\n")
            before = await asyncio.wait_for(reader.readline(), 60)
            request = {"fault": "power_cycle", "vna": "vna-1"}
            answer = await ask(served.control_port, json.dumps(request).encode())
            end = await asyncio.wait_for(reader.read(), 60)
            writer.close()
            return before, answer, end, await ask(port, b"SENS1:SWE:POIN?")

    before, answer, end, after = asyncio.run(run())
    assert json.loads(answer)["ok"]
    assert (before, end, after) == (b"+33\n", b"", "+201")
