"""Does removing the background help a classifier? Leaves of three colours on loud grounds, told apart by mean colour.

    python classify.py MODEL.onnx

The classifier is as plain as can be (nearest class mean), so what differs is what it was shown: the whole photo, or
only the subject.
"""

import sys

import numpy as np
from draw_pairs import SIZE, draw_pair
from PIL import Image

import cutaway

COLOURS = {"red": (205, 70, 60), "green": (80, 165, 75), "blue": (75, 95, 200)}
EACH = 16


def draw_leaf(colour: tuple[int, int, int], rng: np.random.Generator) -> np.ndarray:
    """A leaf of about this colour on a ground of any colour."""
    _, mask = draw_pair(rng)
    ground = rng.integers(0, 255, (3, 3, 3), dtype=np.uint8)
    photo = Image.fromarray(ground).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    shade = np.clip(np.array(colour) + rng.normal(0, 22, 3), 0, 255).astype(int)
    photo.paste(tuple(int(c) for c in shade), mask=mask)
    return np.asarray(photo)


def accuracy(features: np.ndarray, labels: np.ndarray) -> float:
    """Share of the second half whose nearest class mean, learnt from the first half, is the right one."""
    first = np.arange(len(labels)) % 2 == 0
    means = np.stack([features[first & (labels == k)].mean(axis=0) for k in range(len(COLOURS))])
    distance = np.linalg.norm(features[~first][:, None] - means, axis=2)
    return float((distance.argmin(axis=1) == labels[~first]).mean())


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(len(COLOURS)), EACH)
    photos = [draw_leaf(list(COLOURS.values())[k], rng) for k in labels]
    with cutaway.Remover(sys.argv[1]) as remover:
        mattes = [remover.matte(photo).alpha for photo in photos]
    whole = np.stack([photo.mean(axis=(0, 1)) for photo in photos])
    subject = np.stack(
        [
            np.average(p.reshape(-1, 3), axis=0, weights=m.ravel() + 1e-6)
            for p, m in zip(photos, mattes, strict=True)
        ]
    )
    print(
        f"right with the background {accuracy(whole, labels):.0%}, without it {accuracy(subject, labels):.0%}"
    )
