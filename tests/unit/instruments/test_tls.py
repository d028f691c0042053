"""A server is believed by its certificate: of a public authority, or of one of ours."""

import datetime as dt
import http.server
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from instruments.client.errors import TryAgainError
from instruments.client.http import SweepClient
from instruments.errors import InstrumentError
from instruments.tls import make_tls_context
from instruments.transport import open_http_wire
from service.alerts.destinations import PinnedTransport


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"cavity": "bench"}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing of those that hang up on us."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that vouches for itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lab")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("authority")
    pem = serialization.Encoding.PEM
    (folder / "root.crt").write_bytes(certificate.public_bytes(pem))
    (folder / "key").write_bytes(
        key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder


@pytest.fixture(scope="module")
def url(authority: Path) -> Iterator[str]:
    """Root of a server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "root.crt", authority / "key")
    server = _Server(("127.0.0.1", 0), _Answer)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def trusted(authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the laboratory's authority, as an administrator does."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "root.crt"))


@pytest.fixture
def untrusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)


@pytest.mark.usefixtures("trusted")
def test_clients_believe_the_authority_that_the_machine_trusts(url):
    with SweepClient(url, timeout_s=10) as client:
        assert client.get_cavity("bench") == {"cavity": "bench"}
    wire = open_http_wire(url, open_timeout_s=10, io_timeout_s=10)
    assert "bench" in str(wire.query("state"))
    wire.close()
    transport = PinnedTransport(("127.0.0.0/8",))
    with httpx.Client(transport=transport, timeout=10) as client:
        assert client.get(url).status_code == 200


@pytest.mark.usefixtures("untrusted")
def test_an_authority_that_nobody_trusts_is_told_of_and_not_believed(url):
    with (
        SweepClient(url, timeout_s=10) as client,
        pytest.raises(TryAgainError, match=r"certificate verify failed"),
    ):
        client.get_cavity("bench")
    wire = open_http_wire(url, open_timeout_s=10, io_timeout_s=10)
    with pytest.raises(InstrumentError):
        wire.query("state")
    wire.close()


@pytest.mark.usefixtures("trusted")
def test_the_public_authorities_stay_trusted_beside_it():
    mine = {"commonName": "lab"}
    subjects = [
        dict(part[0] for part in held["subject"])
        for held in make_tls_context().get_ca_certs()
    ]
    assert mine in subjects
    assert len(subjects) > 50
    context = make_tls_context()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
