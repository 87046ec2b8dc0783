"""How many pictures a second a server answers, and how long the slowest wait, beside `rembg s` in one run.

    python benchmarks/serve.py -o benchmarks/out
    python benchmarks/serve.py -o benchmarks/out --rembg-python /venvs/rembg/bin/python --u2net-home /peers

Both servers run at the same time and are asked in turns: in each round every number of clients calls first the one and
then the other for some seconds, over `POST /api/remove`, which both speak, so that the requests are the same bytes.
rembg uses u2netp, its smallest model. Clients, servers and the network share one machine: compare ratios.
Writes serve.json and serve.md.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from photos import write_photo
from provenance import ROOT, describe, provenance

PATH = "/api/remove"
BOUNDARY = "cutaway-benchmark"
PHOTO = ROOT / "examples" / "photos" / "astronaut.jpg"
START_S = 120.0


@dataclass(frozen=True)
class Contestant:
    """A server that is listening, and the fields that it is sent."""

    name: str
    port: int
    body: bytes


@dataclass
class Load:
    """What some clients saw in one round."""

    seconds: float = 0.0
    waits_s: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def per_second(self) -> float:
        """Pictures a second, all clients together."""
        return len(self.waits_s) / self.seconds

    @property
    def p95_s(self) -> float:
        """The wait that one in twenty exceeds."""
        if len(self.waits_s) < 2:
            return max(self.waits_s, default=float("nan"))
        return quantiles(self.waits_s, n=20, method="inclusive")[-1]


def multipart(photo: bytes, fields: dict[str, str]) -> bytes:
    """A form with the photo as `file`."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'
        for n, v in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n'
    head += "Content-Type: image/jpeg\r\n\r\n"
    return "".join(parts).encode() + head.encode() + photo + f"\r\n--{BOUNDARY}--\r\n".encode()


def ask(connection: http.client.HTTPConnection, body: bytes) -> bool:
    """Send one request and read the whole answer; False if the server was too busy.

    Raises:
        SystemExit: the server answered something else.
    """
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    connection.request("POST", PATH, body, headers)
    answer = connection.getresponse()
    data = answer.read()
    if answer.status == 503:
        return False
    if answer.status != 200:
        raise SystemExit(f"a server answered {answer.status}: {data[:200]!r}")
    return True


def load(contestant: Contestant, *, clients: int, seconds: float) -> Load:
    """Have so many clients ask one after the other for so long; each finishes what it has begun."""
    found, lock = Load(), threading.Lock()
    end = time.perf_counter() + seconds

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", contestant.port, timeout=120)
        while time.perf_counter() < end:
            start = time.perf_counter()
            answered = ask(connection, contestant.body)
            with lock:
                if answered:
                    found.waits_s.append(time.perf_counter() - start)
                else:
                    found.refused += 1
        connection.close()

    start = time.perf_counter()
    threads = [threading.Thread(target=client, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.seconds = time.perf_counter() - start
    return found


@contextmanager
def server(
    name: str, command: Sequence[str], port: int, body: bytes, env: dict[str, str]
) -> Iterator[Contestant]:
    """Run a server until it has answered once; it is stopped at the end."""
    contestant = Contestant(name, port, body)
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + START_S
        while not _answers(contestant):
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{name} did not start: {' '.join(command)}")
            time.sleep(0.2)
        yield contestant
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def _answers(contestant: Contestant) -> bool:
    try:
        return ask(http.client.HTTPConnection("127.0.0.1", contestant.port, timeout=60), contestant.body)
    except OSError:
        return False


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def contestants(args: argparse.Namespace, photo: bytes, stack: ExitStack) -> list[Contestant]:
    """The servers, ours first."""
    env = {**os.environ, "OMP_NUM_THREADS": str(args.threads)}
    port = free_port()
    own = [
        sys.executable,
        "-m",
        "cutaway",
        "serve",
        "-q",
        "--port",
        str(port),
        "--threads",
        str(args.threads),
    ]
    own += ["--queue", str(2 * max(args.clients)), *args.serve_flags.split()]
    found = [stack.enter_context(server("cutaway serve", own, port, multipart(photo, {}), env))]
    if args.rembg_python is None:
        print("rembg left out: --rembg-python does not name its environment's interpreter", file=sys.stderr)
        return found
    port = free_port()
    if args.u2net_home is not None:
        env["U2NET_HOME"] = str(args.u2net_home)
    command = [str(args.rembg_python), "-c", "from rembg.cli import main; main()", "s", "-h", "127.0.0.1"]
    command += ["-p", str(port), "--no-ui"]
    body = multipart(photo, {"model": args.rembg_model})
    found.append(stack.enter_context(server(f"rembg s {args.rembg_model}", command, port, body, env)))
    return found


def measure(args: argparse.Namespace, found: list[Contestant]) -> dict[str, dict[int, list[Load]]]:
    """All rounds: contestant and number of clients to what was seen."""
    seen: dict[str, dict[int, list[Load]]] = {one.name: {n: [] for n in args.clients} for one in found}
    for one in found:  # a first call loads what is loaded late
        load(one, clients=max(args.clients), seconds=min(1.0, args.seconds))
    for _ in range(args.rounds):
        for clients in args.clients:
            for one in found:
                seen[one.name][clients].append(load(one, clients=clients, seconds=args.seconds))
    return seen


def table(seen: dict[str, dict[int, list[Load]]], clients: int) -> list[list[str]]:
    """Cells for one number of clients."""
    base = [one.per_second for one in next(iter(seen.values()))[clients]]
    rows = [[f"{clients} clients", "pictures a second", "p95, seconds", "ours to theirs"]]
    for name, by_clients in seen.items():
        rounds = by_clients[clients]
        rates = [one.per_second for one in rounds]
        ratio = median(ours / theirs for ours, theirs in zip(base, rates, strict=True))
        spread = f"{median(rates):.2f} ({min(rates):.2f} to {max(rates):.2f})"
        rows.append([name, spread, f"{median(one.p95_s for one in rounds):.3f}", f"{ratio:.2f}"])
    return rows


def values(seen: dict[str, dict[int, list[Load]]]) -> dict[str, Any]:
    """All of it for JSON."""
    return {
        name: {
            str(clients): {
                "per_second": [round(one.per_second, 4) for one in rounds],
                "p95_s": [round(one.p95_s, 4) for one in rounds],
                "refused": [one.refused for one in rounds],
            }
            for clients, rounds in by_clients.items()
        }
        for name, by_clients in seen.items()
    }


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description="Measure the server, side by side with rembg's.")
    made.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "out", metavar="DIR")
    made.add_argument("--clients", nargs="+", type=int, default=[1, 4, 16])
    made.add_argument("--rounds", type=int, default=5)
    made.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    made.add_argument("--megapixels", type=float, default=0.5, help="of the photo")
    made.add_argument("--photo", type=Path, default=PHOTO, help="make the photo from this one")
    made.add_argument("--threads", type=int, default=2, help="processor threads of each network")
    made.add_argument("--serve-flags", default="", help="more flags for cutaway serve, in one string")
    made.add_argument(
        "--rembg-python", type=Path, metavar="PATH", help="interpreter of the environment with rembg"
    )
    made.add_argument("--rembg-model", default="u2netp", metavar="NAME")
    made.add_argument("--u2net-home", type=Path, metavar="DIR", help="folder with rembg's .onnx files")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    from cutaway.evaluation.report import aligned, markdown
    from cutaway.media.files import write_atomic

    args = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that the servers are stopped as well
    with tempfile.TemporaryDirectory(prefix="cutaway-serve-") as folder, ExitStack() as stack:
        base = args.photo if args.photo.is_file() else None
        photo = write_photo(Path(folder) / "photo.jpg", args.megapixels, base=base).read_bytes()
        seen = measure(args, contestants(args, photo, stack))
    made = provenance()
    how = {
        name: getattr(args, name) for name in ("rounds", "seconds", "megapixels", "threads", "serve_flags")
    }
    tables = [table(seen, clients) for clients in args.clients]
    note = (
        f"Medians (smallest to largest) of {args.rounds} interleaved rounds of {args.seconds:g} s, "
        f"{args.megapixels:g} MP, {args.threads} threads for each network."
    )
    page = "# The server, measured\n\n" + "\n".join(map(markdown, tables)) + f"\n{note} {describe(made)}\n"
    text = json.dumps({**made, "how": how, **values(seen)}, indent=1) + "\n"
    write_atomic(args.out / "serve.json", text.encode(), overwrite=True)
    write_atomic(args.out / "serve.md", page.encode(), overwrite=True)
    print("\n".join(map(aligned, tables)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
