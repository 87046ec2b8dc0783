"""rembg, loaded once, for _worker_loop.py: _rembg_worker.py MODEL THREADS PHOTO...

MODEL+a is the model with alpha matting, as `rembg i -a`.
"""

import sys
from importlib.metadata import version

from _worker_loop import serve
from rembg import new_session, remove

if __name__ == "__main__":
    name, _, *photos = sys.argv[1:]  # rembg takes its number of threads from OMP_NUM_THREADS
    model, _, matting = name.partition("+")
    session = new_session(model)
    serve(
        lambda data: remove(data, session=session, alpha_matting=matting == "a"),
        photos,
        about=f"rembg {version('rembg')} {name}",
    )
