"""Cutaway, loaded once, for _worker_loop.py: _cutaway_worker.py MODEL THREADS PHOTO..."""

import sys

from _worker_loop import serve

from cutaway import Options, Remover, __version__

if __name__ == "__main__":
    model, threads, *photos = sys.argv[1:]
    remover = Remover(model, Options(model=model, threads=int(threads)))
    serve(lambda data: remover.remove(data).to_bytes(), photos, about=f"cutaway {__version__} {model}")
