"""Parameters counted by hand, from the papers' tables: the numbers that test_architectures.py expects."""

from __future__ import annotations

from test_architectures import PARAMETERS


def conv_bn(inputs: int, outputs: int, taps: int = 1) -> int:
    """A convolution without bias and its batch normalisation."""
    return inputs * outputs * taps + 2 * outputs


def test_lite0() -> None:
    """EfficientNet-Lite0 (4 652 008 parameters are published) without its head, and our decoder."""
    head = 320 * 1280 + 2 * 1280 + 1280 * 1000 + 1000
    encoder = 4_652_008 - head
    around = 3 * conv_bn(1, 128, 9)
    gate = 2 * (128 * 128 + 128)
    context = conv_bn(320, 128) + around + gate + conv_bn(4 * 128, 128)

    def step(inputs: int, skip: int, outputs: int) -> int:
        join = conv_bn(skip, outputs // 2) + conv_bn(inputs + outputs // 2, outputs)
        return join + conv_bn(1, outputs, 25) + conv_bn(outputs, outputs) + outputs + 1

    decoder = step(128, 112, 96) + step(96, 40, 64) + step(64, 24, 48) + step(48, 16, 32)
    assert (encoder + context + decoder, encoder) == PARAMETERS["lite0"]


def test_lite0_short() -> None:
    """What it has less: four blocks, and a context that reads 192 channels instead of 320."""

    def block(outputs: int, taps: int) -> int:
        wide = 6 * 192
        return conv_bn(192, wide) + conv_bn(1, wide, taps) + conv_bn(wide, outputs)

    cut = 3 * block(192, 25) + block(320, 9)
    whole, encoder = PARAMETERS["lite0"]
    assert (whole - cut - (320 - 192) * 128, encoder - cut) == PARAMETERS["lite0-short"]


def test_unet() -> None:
    def twice(inputs: int, outputs: int) -> int:
        return conv_bn(inputs, outputs, 9) + conv_bn(outputs, outputs, 9)

    down = twice(3, 16) + twice(16, 32) + twice(32, 64) + twice(64, 128) + twice(128, 256)
    enlarge = sum(inputs * inputs // 2 * 4 + inputs // 2 for inputs in (256, 128, 64, 32))
    up = twice(256, 128) + twice(128, 64) + twice(64, 32) + twice(32, 16)
    assert (down + enlarge + up + 16 + 1, 0) == PARAMETERS["unet"]


PUBLISHED = {"resnet18": 11_689_512, "resnet34": 21_797_672, "resnet50": 25_557_032}
"""Whole networks, as torchvision's documentation gives them."""


def basic_layer4(repeats: int) -> int:
    first = conv_bn(256, 512, 9) + conv_bn(512, 512, 9) + conv_bn(256, 512)
    return first + (repeats - 1) * 2 * conv_bn(512, 512, 9)


def bottleneck_layer4() -> int:
    first = conv_bn(1024, 512) + conv_bn(512, 512, 9) + conv_bn(512, 2048) + conv_bn(1024, 2048)
    return first + 2 * (conv_bn(2048, 512) + conv_bn(512, 512, 9) + conv_bn(512, 2048))


def test_resnet_encoders() -> None:
    """The published networks without the last stage and the classifier."""
    assert PUBLISHED["resnet50"] - bottleneck_layer4() - (2048 * 1000 + 1000) == 8_543_296
    assert PARAMETERS["resnet50-dilated"][1] == 8_543_296
    small = 512 * 1000 + 1000
    assert PUBLISHED["resnet18"] - basic_layer4(2) - small == PARAMETERS["resnet18-dilated"][1]
    assert PUBLISHED["resnet34"] - basic_layer4(3) - small == PARAMETERS["resnet34-dilated"][1]


def test_dilated_bridge_and_residual_decoder() -> None:
    def bridge(top: int, width: int) -> int:
        return 3 * conv_bn(top, width // 4, 9) + conv_bn(3 * width // 4, width)

    def step(inputs: int, skip: int, outputs: int) -> int:
        joined = inputs + skip
        block = conv_bn(joined, outputs, 9) + conv_bn(outputs, outputs, 9) + conv_bn(joined, outputs)
        return block + outputs + 1

    large = step(1024, 512, 512) + step(512, 256, 256) + step(256, 64, 128) + step(128, 3, 64)
    whole, encoder = PARAMETERS["resnet50-dilated"]
    assert whole == encoder + bridge(1024, 1024) + large
    small = step(512, 128, 256) + step(256, 64, 128) + step(128, 64, 64) + step(64, 3, 32)
    for arch in ("resnet18-dilated", "resnet34-dilated"):
        whole, encoder = PARAMETERS[arch]
        assert whole == encoder + bridge(256, 512) + small
