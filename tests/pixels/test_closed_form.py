"""Closed-form matting: the Laplacian against its definition, the solution against known alphas."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cutaway.evaluation.matting_metrics import mse, sad
from cutaway.pixels.closed_form import FLATNESS, Laplacian, matted, solve, uncertain
from cutaway.pixels.resize import resize


def dense(colours: np.ndarray) -> np.ndarray:
    """The Laplacian as Levin, Lischinski and Weiss write it, entry by entry."""
    height, width = colours.shape[:2]
    flat, made = colours.reshape(-1, 3), np.zeros((height * width,) * 2)
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            window = [(y + i) * width + x + j for i in (-1, 0, 1) for j in (-1, 0, 1)]
            near = flat[window] - flat[window].mean(axis=0)
            inverse = np.linalg.inv(near.T @ near / 9 + FLATNESS / 9 * np.eye(3))
            made[np.ix_(window, window)] += np.eye(9) - (1 + near @ inverse @ near.T) / 9
    return made


@pytest.mark.parametrize("size", [(3, 3), (5, 6)])
def test_the_laplacian_is_the_papers(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    colours, values = rng.uniform(0, 1, (*size, 3)), rng.uniform(0, 1, size)
    wanted, found = dense(colours), Laplacian(colours)
    np.testing.assert_allclose(found.times(values).ravel(), wanted @ values.ravel(), atol=1e-6)
    np.testing.assert_allclose(found.diagonal.ravel(), np.diag(wanted), atol=1e-6)


def test_alpha_that_is_linear_in_colour_costs_nothing() -> None:
    """By hand: alpha = 2 R - B + 0.1 in every window, so that nothing is left over."""
    colours = np.random.default_rng(1).uniform(0, 1, (6, 7, 3))
    alpha = 2 * colours[..., 0] - colours[..., 2] + 0.1
    assert np.abs(Laplacian(colours).times(alpha)).max() < 1e-4
    assert np.abs(Laplacian(colours).times(np.ones((6, 7)))).max() < 1e-9


def test_a_tiny_case_by_hand() -> None:
    """Three columns: subject white, background black, between them a quarter grey: alpha there is a quarter."""
    grey = np.tile(np.array([1.0, 0.25, 0.0]), (3, 1))
    unknown = np.zeros((3, 3), np.bool_)
    unknown[:, 1] = True
    alpha = np.array([[1, 0.5, 0]] * 3, np.float32)
    found = solve(np.repeat(grey[..., None], 3, axis=2), alpha, unknown)
    np.testing.assert_allclose(found, [[1, 0.25, 0]] * 3, atol=2e-3)


def hair(size: tuple[int, int] = (300, 400)) -> np.ndarray:
    """A head with thin strands."""
    plane = np.zeros(size, np.uint8)
    cv2.circle(plane, (200, 190), 70, 255, -1, cv2.LINE_AA)
    rng = np.random.default_rng(3)
    for angle in rng.uniform(-np.pi, 0, 120):
        turned = angle + rng.normal(0, 0.2)
        root, tip = (60 * np.cos(angle), 60 * np.sin(angle)), (115 * np.cos(turned), 115 * np.sin(turned))
        start, end = ((int(3200 + 16 * x), int(3040 + 16 * y)) for x, y in (root, tip))
        cv2.line(plane, start, end, 255, 1, cv2.LINE_AA, 4)
    return plane.astype(np.float32) / 255


def composed(alpha: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(5)
    y, x = np.mgrid[: alpha.shape[0], : alpha.shape[1]]
    ground = np.stack([60 + x / 8, 110 + y / 6, np.full_like(x, 170)], -1)
    mixed = alpha[..., None] * np.array([120, 70, 40]) + (1 - alpha[..., None]) * ground
    return np.rint(np.clip(mixed + rng.normal(0, 1.5, (*alpha.shape, 1)), 0, 255)).astype(np.uint8)


def answered(truth: np.ndarray, small: tuple[int, int]) -> np.ndarray:
    """What a network of that size would answer, enlarged."""
    blurred = cv2.GaussianBlur(resize(truth, small), (0, 0), 0.7)
    return np.clip(resize(np.asarray(blurred, np.float32), truth.shape), 0, 1)


def test_it_beats_the_plain_matte_where_alpha_is_known() -> None:
    truth = hair()
    plain = answered(truth, (75, 100))
    found = matted(composed(truth), plain)
    assert found is not None
    assert sad(found, truth) <= 0.6 * sad(plain, truth)
    assert mse(found, truth) <= 0.5 * mse(plain, truth)
    far = ~uncertain(plain) & (np.abs(plain - 0.5) > 0.499)
    np.testing.assert_array_equal(found[far], plain[far])


def test_large_photos_are_solved_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cutaway.pixels.closed_form.WORKING_PX", 200)
    truth = hair()
    plain = answered(truth, (75, 100))
    found = matted(composed(truth), plain)
    assert found is not None
    assert sad(found, truth) < 0.7 * sad(plain, truth)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_trimap_without_all_three_is_no_trimap(value: float) -> None:
    alpha = np.full((40, 50), value, np.float32)
    assert matted(composed(alpha), alpha) is None


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 2)])
def test_any_size(size: tuple[int, int]) -> None:
    alpha = np.linspace(0, 1, size[0] * size[1], dtype=np.float32).reshape(size)
    found = matted(np.full((*size, 3), 90, np.uint8), alpha)
    assert found is None or found.shape == size
