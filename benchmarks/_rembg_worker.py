"""rembg, loaded once, for _worker_loop.py: _rembg_worker.py MODEL THREADS PHOTO..."""

import sys
from importlib.metadata import version

from _worker_loop import serve
from rembg import new_session, remove

if __name__ == "__main__":
    model, _, *photos = sys.argv[1:]  # rembg takes its number of threads from OMP_NUM_THREADS
    session = new_session(model)
    serve(lambda data: remove(data, session=session), photos, about=f"rembg {version('rembg')} {model}")
