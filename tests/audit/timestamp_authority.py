"""A timestamp authority on this machine: `openssl ts` behind http.server, with a root and certificates of its own."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONFIGURATION = """
[tsa]
default_tsa = here
[here]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = {digests}
accuracy = secs:1
tsa_name = yes
ess_cert_id_alg = sha256
{certs}
"""


class Authority:
    """Makes its keys in `folder`: `root.pem`, `tsa.pem` for timestamps and `web.pem` for something else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "serial").write_text("01\n")
        (folder / "empty.cnf").write_text("[req]\ndistinguished_name = name\n[name]\n")
        self._make("root", "-x509", "-days", "3650", "-addext", "basicConstraints=critical,CA:TRUE")
        self._certify("tsa", "critical,timeStamping")
        self._certify("web", "serverAuth")

    @property
    def root(self) -> bytes:
        return (self.folder / "root.pem").read_bytes()

    def openssl(self, *arguments: str, data: bytes = b"") -> bytes:
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, input=data, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def _make(self, name: str, *more: str) -> None:
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key")
        self.openssl("req", "-config", "empty.cnf", *key, "-subj", f"/O=Test/CN={name}", "-out", f"{name}.pem", *more)

    def _certify(self, name: str, usage: str) -> None:
        self._make(name)
        (self.folder / "usage").write_text(f"extendedKeyUsage = {usage}\n")
        signed = self.openssl(
            *("x509", "-req", "-in", f"{name}.pem", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial"),
            *("-days", "3650", "-extfile", "usage"),
        )
        (self.folder / f"{name}.pem").write_bytes(signed)

    def reply(self, query: bytes, digests: str = "sha256, sha512", with_root: bool = False) -> bytes:
        certs = "certs = root.pem" if with_root else ""
        (self.folder / "tsa.cnf").write_text(CONFIGURATION.format(digests=digests, certs=certs))
        (self.folder / "query").write_bytes(query)
        signer = ("-signer", "tsa.pem", "-inkey", "tsa.key")
        return self.openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", *signer)

    def forged(self, reply: bytes, signer: str) -> bytes:
        """The timestamp of `reply`, signed again with the certificate `signer`."""
        (self.folder / "reply").write_bytes(reply)
        (self.folder / "token").write_bytes(self.openssl("ts", "-reply", "-in", "reply", "-token_out"))
        info = self.openssl("cms", "-verify", "-noverify", "-inform", "DER", "-in", "token", "-binary")
        token = self.openssl(
            *("cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-md", "sha256"),
            *("-econtent_type", "1.2.840.113549.1.9.16.1.4", "-signer", f"{signer}.pem", "-inkey", f"{signer}.key"),
            data=info,
        )
        return granted(token)


def granted(token: bytes) -> bytes:
    """A TimeStampResp with status granted around `token`."""
    content = b"\x30\x03\x02\x01\x00" + token
    return b"\x30\x82" + len(content).to_bytes(2, "big") + content


def with_certificate(reply: bytes, certificate: bytes) -> bytes:
    """The reply with one more certificate in its bag; every length around it is made to fit."""

    def grown(value: bytes, path: list[int]) -> bytes:
        ((_, head, end),) = parts(value, 0, len(value))
        inner = value[head:end]
        if path:
            pieces = [inner[start:stop] for start, _, stop in parts(inner, 0, len(inner))]
            pieces[path[0]] = grown(pieces[path[0]], path[1:])
            inner = b"".join(pieces)
        else:
            inner += certificate
        return value[:1] + b"\x82" + len(inner).to_bytes(2, "big") + inner

    return grown(reply, [1, 1, 0, 3])


def field(reply: bytes, path: list[int]) -> range:
    """Where the content of a field stands: the n-th value within the n-th value within ... the reply."""
    ((_, begin, end),) = parts(reply, 0, len(reply))
    for number in path:
        _, begin, end = parts(reply, begin, end)[number]
    return range(begin, end)


def parts(data: bytes, begin: int, end: int) -> list[tuple[int, int, int]]:
    """The DER values in `data[begin:end]`: where each starts, where its content starts, where it ends."""
    parsed = []
    while begin < end:
        length, content = data[begin + 1], begin + 2
        if length >= 0x80:
            content += length & 0x7F
            length = int.from_bytes(data[begin + 2 : content], "big")
        parsed.append((begin, content, content + length))
        begin = content + length
    return parsed


@contextmanager
def served(answer: Callable[[bytes], bytes], status: int = 200, location: str = "") -> Iterator[str]:
    """The URL of a server that gives `answer(query)` to each POST of a timestamp query."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            reply = answer(query)
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(reply)))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that hangs up on an oversized reply is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
