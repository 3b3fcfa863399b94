"""Behind a proxy that inspects TLS: uv and pip fetch by the certificates that the machine, or the person, trusts.

The proxy is on the loopback and answers by itself, with certificates of an authority of its own; nothing is fetched
from anywhere else. Names under .example belong to nobody (RFC 2606).
"""

from __future__ import annotations

import http.server
import io
import os
import shutil
import ssl
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow

INDEX = "https://packages.example/simple/"
WHEEL = "tiny-1.0-py3-none-any.whl"
PROGRAMS = ("uv", "pip")
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
TOLD = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "UV_SYSTEM_CERTS",
        "UV_NATIVE_TLS", "NO_PROXY", "no_proxy", "MAKEFLAGS")  # fmt: skip


def wheel() -> bytes:
    """A package that holds nothing."""
    files = {
        "tiny/__init__.py": "",
        "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files["tiny-1.0.dist-info/RECORD"] = "".join(f"{n},,\n" for n in (*files, "tiny-1.0.dist-info/RECORD"))
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return whole.getvalue()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority (ca.pem) and a certificate of it for the index (host.pem, host.key)."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make certificates")
    folder = tmp_path_factory.mktemp("authority")
    (folder / "ext").write_text("subjectAltName=DNS:packages.example\nbasicConstraints=CA:FALSE\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for order in (
        ["req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Inspection",
         "-addext", "keyUsage=critical,keyCertSign"],
        ["req", *key, "-keyout", "host.key", "-out", "host.csr", "-subj", "/CN=packages.example"],
        ["x509", "-req", "-in", "host.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
         "-out", "host.pem", "-extfile", "ext"],
    ):  # fmt: skip
        subprocess.run([openssl, *order], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def proxy(authority: Path) -> Iterator[str]:
    """The address of a proxy that takes TLS apart, and of which every name is the index with one package."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "host.pem", authority / "host.key")
    package = wheel()

    class Proxy(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            try:
                self.connection = context.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
                self.close_connection = False
                while not self.close_connection:
                    self.handle_one_request()
            except OSError:  # the other side trusts no such certificate, or has gone
                self.close_connection = True

        def do_GET(self) -> None:
            page = f'<html><body><a href="/{WHEEL}">{WHEEL}</a></body></html>'.encode()
            body = package if self.path.endswith(".whl") else page
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if body is page else "application/zip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def python() -> str:
    """The Python with which a person sets the project up, which has pip; the project's environment has none."""
    for program in (getattr(sys, "_base_executable", None), shutil.which("python3")):
        if program and subprocess.run([program, "-m", "pip", "--version"], capture_output=True).returncode == 0:
            return str(program)
    pytest.skip("needs a Python with pip")


@pytest.fixture
def fetch(project: Path, proxy: str, python: str, tmp_path: Path):
    """Fetch the package through the proxy, with uv or with pip, as the Makefile has them do: whether it came."""
    uv = shutil.which("uv") or str(project / ".uv/bin/uv")
    if not Path(uv).exists() or shutil.which("make") is None:
        pytest.skip("needs uv and make")
    orders = {
        "uv": '"$$FETCH_UV" pip install --no-cache --quiet --python "$$FETCH_PYTHON"',
        "pip": '"$$FETCH_PYTHON" -m pip install --no-cache-dir --quiet --disable-pip-version-check --retries 0',
    }
    folder = tmp_path / "project"  # as it is before the first command: without an environment
    folder.mkdir()
    for part in ("Makefile", "pyproject.toml"):
        shutil.copy(project / part, folder / part)

    def run(program: str, *before: str, **environment: str) -> bool:
        kept = {k: v for k, v in os.environ.items() if k not in TOLD and not k.startswith("UV_")}
        own = {**kept, "HTTPS_PROXY": proxy, "https_proxy": proxy, "PIP_CONFIG_FILE": os.devnull}
        there = tmp_path / program
        own |= {"FETCH_UV": uv, "FETCH_PYTHON": python, "FETCH_TO": str(there), **environment}
        rule = f'fetch: ; @{orders[program]} --index-url {INDEX} --target "$$FETCH_TO" --no-deps tiny'
        (folder / "fetch.mk").write_text(f"{rule}\n")
        files = ("--file", "Makefile", "--file", "fetch.mk")
        command = [*before, "make", "--silent", *files, "fetch", f"PYTHON={python}"]
        done = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) == (there / "tiny").is_dir(), done.stderr
        return done.returncode == 0

    return run


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE"])
def test_a_bundle_that_a_person_names_is_trusted(fetch, authority, name):
    for program in PROGRAMS:
        assert fetch(program, **{name: str(authority / "ca.pem")}), program


def test_a_bundle_that_the_settings_of_pip_name_is_trusted(fetch, authority, tmp_path):
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[global]\ncert = {authority / 'ca.pem'}\n")
    for program in PROGRAMS:
        assert fetch(program, PIP_CONFIG_FILE=str(settings)), program


def test_a_certificate_that_nobody_trusts_is_refused(fetch):
    for program in PROGRAMS:
        assert not fetch(program), program


def test_what_the_machine_trusts_is_trusted_without_a_word(fetch, authority, tmp_path):
    """With the authority among the machine's own certificates, in a view of the disk that ends with the command."""
    unshare = shutil.which("unshare")
    if unshare is None or os.geteuid() != 0 or not BUNDLE.is_file():
        pytest.skip("needs root, unshare and the certificates of a Debian machine")
    shown = tmp_path / "certs"
    shown.mkdir()
    (shown / BUNDLE.name).write_bytes(BUNDLE.read_bytes() + (authority / "ca.pem").read_bytes())
    view = [unshare, "--mount", "sh", "-c", f'mount --bind "{shown}" "{BUNDLE.parent}" && exec "$@"', "sh"]
    if subprocess.run([*view, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("may not show a command another folder of certificates")
    for program in PROGRAMS:
        assert fetch(program, *view), program
