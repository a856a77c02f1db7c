"""Multilayer perceptrons of a stack, forward and backward: one seed after the other, so that it stays in the cache.

A plan, int64, says what a network is: its number of layers, whether it has tanh instead of relu between them, the
addresses of zeros and of a one, and the widths of its input and of each layer. Weights of a seed lie one layer after
the other: W [inputs, outputs], then b [outputs], where both are filled up to multiples of 8 with zeros.
"""

from typing import Any

import numpy as np
from numba import carray, njit

from meta_rl.kernels.products import LINE, LOWEST, of_panels, panels_of_turned, product
from meta_rl.kernels.vectors import floats, longs

TANH, ZEROS, ONE, WIDTHS = 1, 2, 3, 4  # places in a plan, in which the number of layers comes first

# tanh(x) = x p(x^2) / q(x^2) for |x| below a bound, where it is 1: the minimax fit of Eigen (generic_fast_tanh_float).
_BOUND = np.float32(7.90531110763549805)
_P = tuple(
    np.float32(one)
    for one in (
        4.89352455891786e-03, 6.37261928875436e-04, 1.48572235717979e-05, 5.12229709037114e-08,
        -8.60467152213735e-11, 2.00018790482477e-13, -2.76076847742355e-16,
    )
)  # fmt: skip
_Q = tuple(
    np.float32(one)
    for one in (4.89352518554385e-03, 2.26843463243900e-03, 1.18534705686654e-04, 1.19825839466702e-06)
)
_P0, _P1, _P2, _P3, _P4, _P5, _P6 = _P
_Q0, _Q1, _Q2, _Q3 = _Q


@njit
def filled(width: int) -> Any:
    """The next multiple of 8."""
    return (width + 7) // 8 * 8


@njit(fastmath={"contract"})
def _tanh(address: int, count: int) -> Any:
    """x <- tanh(x); NaN stays NaN."""
    values = carray(floats(address), count)
    for i in range(count):
        x = values[i]
        x = _BOUND if x > _BOUND else x
        x = -_BOUND if x < -_BOUND else x
        y = x * x
        p = _P0 + y * (_P1 + y * (_P2 + y * (_P3 + y * (_P4 + y * (_P5 + y * _P6)))))
        values[i] = x * p / (_Q0 + y * (_Q1 + y * (_Q2 + y * _Q3)))


@njit(fastmath={"contract"})
def _back_through(tanh: int, count: int, gradient: int, output: int) -> Any:
    """g <- g f'(x), from y = f(x): f' = 1 - y^2 for tanh, and 1 where y > 0 for relu."""
    g, y = carray(floats(gradient), count), carray(floats(output), count)
    one = np.float32(1)
    if tanh:
        for i in range(count):
            g[i] = g[i] * (one - y[i] * y[i])
    else:
        for i in range(count):
            g[i] = g[i] * np.float32(y[i] > 0)


@njit
def _copy(
    rows: int, columns: int, source: int, source_row: int, target: int, target_row: int, fill: int
) -> Any:
    """Columns of each row, numbers from row to row; and up to `fill` zeros after them."""
    from_, to = carray(floats(source), rows * source_row), carray(floats(target), rows * target_row)
    for i in range(rows):
        for j in range(columns):
            to[i * target_row + j] = from_[i * source_row + j]
        for j in range(columns, fill):
            to[i * target_row + j] = np.float32(0)


def forward(
    seeds: int, rows: int, plan: int, x: int, theta: int, theta_seed: int, kept: int, kept_seed: int, out: int,
    scratch: int,
) -> Any:  # fmt: skip
    """y = f(... f(x W1 + b1) ...) Wn + bn for x [seeds, rows, inputs]; y is dense.

    What f gives goes to `kept`, layer after layer, as [rows, width filled up]. From seed to seed it is `kept_seed`, or
    0 where nobody asks for it afterwards. There is room at `scratch` for y, filled up, and the panels of the widest
    weights.
    """
    about = carray(longs(plan), WIDTHS)
    layers, near = about[0], np.int64(4)
    widths = carray(longs(plan + 8 * WIDTHS), layers + 1)
    last = filled(widths[layers])
    for seed in range(seeds):
        a, a_row = x + 4 * seed * rows * widths[0], 4 * widths[0]
        weight, c = theta + seed * theta_seed, kept + seed * kept_seed
        for layer in range(layers):
            inputs, outputs = widths[layer], filled(widths[layer + 1])
            bias = weight + 4 * filled(inputs) * outputs
            final = layer == layers - 1
            floor = LOWEST if final or about[TANH] else 0.0
            if final:
                c = scratch
            product(rows, outputs, inputs, a, a_row, near, weight, bias, floor, c, scratch + 4 * rows * last)
            if not final and about[TANH]:
                _tanh(c, rows * outputs)
            a, a_row = c, 4 * outputs
            c += rows * a_row
            weight = bias + a_row
        _copy(rows, widths[layers], scratch, last, out + 4 * seed * rows * widths[layers], widths[layers], 0)


def backward(
    seeds: int, rows: int, plan: int, x: int, theta: int, theta_seed: int, kept: int, kept_seed: int,
    gradient: int, of_theta: int, of_x: int, scratch: int,
) -> Any:  # fmt: skip
    """From the gradient [seeds, rows, outputs], those of theta and x, each unless its address is 0.

    With Y the output of a layer and X its input: dW = X^T dY, db = 1^T dY, dX = dY W^T, and dX f' for what came
    before f. There is room at `scratch` for two widest gradients, and the panels of the widest weights or gradient.
    """
    about = carray(longs(plan), WIDTHS)
    layers, near = about[0], np.int64(4)
    widths = carray(longs(plan + 8 * WIDTHS), layers + 1)
    widest = filled(widths.max())
    last = filled(widths[layers])
    panels = scratch + 8 * rows * widest
    for seed in range(seeds):
        g, other = scratch, scratch + 4 * rows * widest
        _copy(
            rows, widths[layers], gradient + 4 * seed * rows * widths[layers], widths[layers], g, last, last
        )
        at = theta_seed  # bytes of the layers up to this one
        y = kept + seed * kept_seed
        for layer in range(layers - 1):
            y += 4 * rows * filled(widths[layer + 1])
        for layer in range(layers - 1, -1, -1):
            inputs, outputs = widths[layer], filled(widths[layer + 1])
            at -= 4 * (filled(inputs) + 1) * outputs
            a, a_row = x + 4 * seed * rows * inputs, 4 * inputs
            if layer:
                y -= 4 * rows * filled(inputs)
                a, a_row = y, 4 * filled(inputs)
            if of_theta:
                _of_weights(
                    about, rows, inputs, outputs, a, a_row, g, of_theta + seed * theta_seed + at, panels
                )
            if layer or of_x:
                panels_of_turned(filled(inputs), outputs, theta + seed * theta_seed + at, panels)
                of_panels(
                    rows, filled(inputs), widths[layer + 1], g, 4 * outputs, near, panels, LINE * outputs, LINE,
                    about[ZEROS], LOWEST, other,
                )  # fmt: skip
                if layer:
                    _back_through(about[TANH], rows * filled(inputs), other, y)
                g, other = other, g
        if of_x:
            _copy(rows, widths[0], g, filled(widths[0]), of_x + 4 * seed * rows * widths[0], widths[0], 0)


@njit(error_model="numpy")
def _of_weights(
    about: Any, rows: int, inputs: int, outputs: int, a: int, a_row: int, g: int, target: int, panels: int
) -> Any:  # fmt: skip
    """dW = X^T dY and db = 1^T dY of a layer, and zeros where W is filled up."""
    one, none, near = np.int64(1), np.int64(0), np.int64(4)
    product(inputs, outputs, rows, a, near, a_row, g, about[ZEROS], LOWEST, target, panels)
    rest = filled(inputs) - inputs
    at = target + 4 * inputs * outputs
    _copy(rest, 0, at, outputs, at, outputs, outputs)
    product(
        one, outputs, rows, about[ONE], none, none, g, about[ZEROS], LOWEST, at + 4 * rest * outputs, panels
    )
