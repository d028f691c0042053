"""Nothing starts while another instrument answers than the array file names."""

import pytest
from click.testing import CliRunner

from instruments.array import dump_array, load_array_file
from instruments.clock import SystemClock
from instruments.errors import ArrayConfigError
from instruments.polling.preflight import check_identities
from service.cli.poll import command


@pytest.fixture
def file_of(switched, tmp_path):
    def write(driver, *replacements):
        served, _ = switched(driver)
        path = tmp_path / "array.yaml"
        dump_array(served.config, path)
        text = path.read_text()
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new, 1)
        path.write_text(text)
        return path, served

    return write


def line_with(path, words):
    lines = path.read_text().splitlines()
    return next(number for number, one in enumerate(lines, 1) if words in one)


def test_right_instruments_pass(file_of):
    path, _ = file_of("mini_circuits_http")
    assert check_identities(load_array_file(path), SystemClock()) == []


def test_another_serial_number_stops_the_start_with_its_line(file_of):
    path, served = file_of(
        "dow_key", ("    vna-1:\n", "    vna-1:\n      expected_serial: MY1\n")
    )
    with pytest.raises(ArrayConfigError) as caught:
        check_identities(load_array_file(path), SystemClock())
    line = line_with(path, "expected_serial")
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}, line {line}: instruments.vna.vna-1.expected")
    assert served.served.vnas["vna-1"].serial in sentence


def test_poll_refuses_before_anything_sweeps(file_of, tmp_path):
    path, _ = file_of(
        "keysight_l44xx", ("    matrix:\n", "    matrix:\n      expected_serial: '7'\n")
    )
    spool = tmp_path / "spool"
    arguments = [str(path), "--url", "http://127.0.0.1:9", f"--spool={spool}"]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert f"line {line_with(path, 'expected_serial')}: " in result.output
    assert not spool.exists()


def test_another_model_stops_the_start_at_its_driver(file_of):
    path, _ = file_of(
        "keysight_l44xx", ("driver: keysight_l44xx", "driver: keysight_34980a")
    )
    with pytest.raises(ArrayConfigError, match="L4445A answers") as caught:
        check_identities(load_array_file(path), SystemClock())
    assert f"line {line_with(path, 'driver')}: " in str(caught.value)


def test_silent_instrument_is_no_mistake(file_of, free_port):
    path, served = file_of("dow_key")
    resource = served.config.instruments.switch["matrix"].resource
    text = path.read_text()
    path.write_text(text.replace(resource, f"TCPIP::127.0.0.1::{free_port}::SOCKET"))
    assert check_identities(load_array_file(path), SystemClock()) == ["matrix"]
