"""Matrix products of one seed, block by block; the terms of every sum come in order, whatever the sizes.

Addresses and distances are int64, in bytes. Matrices lie row by row; where nothing else is said, without gaps.
"""

from typing import Any

from numba import njit

from meta_rl.kernels.vectors import ROWS, block, turn

LOWEST = float("-inf")  # as the floor of a product: none
LINE = 64  # bytes of 16 numbers
_WIDE = 128  # columns up to which rows may lie as they are: longer ones share few places of a cache
_FEW = 12  # rows of a product up to which panels do not pay


def _columns(block1: Any, block2: Any, block3: Any, block4: Any, block5: Any, block6: Any) -> Any:
    """As many columns of the product as these blocks have, which are of 1 to 6 rows."""

    @njit(error_model="numpy")
    def columns(
        m: int, k: int, a: int, a_row: int, a_next: int, b: int, b_next: int, start: int, floor: float, c: int,
        c_row: int,
    ) -> Any:  # fmt: skip
        whole = m - m % ROWS
        for i in range(0, whole, ROWS):
            block6(k, a + i * a_row, a_row, a_next, b, b_next, start, c + i * c_row, c_row, floor)
        a, c, rest = a + whole * a_row, c + whole * c_row, m - whole
        if rest == 1:
            block1(k, a, a_row, a_next, b, b_next, start, c, c_row, floor)
        elif rest == 2:
            block2(k, a, a_row, a_next, b, b_next, start, c, c_row, floor)
        elif rest == 3:
            block3(k, a, a_row, a_next, b, b_next, start, c, c_row, floor)
        elif rest == 4:
            block4(k, a, a_row, a_next, b, b_next, start, c, c_row, floor)
        elif rest == 5:
            block5(k, a, a_row, a_next, b, b_next, start, c, c_row, floor)

    return columns


_blocks, _halves = ([block(rows, columns) for rows in range(1, ROWS + 1)] for columns in (16, 8))
_wide, _narrow = _columns(*_blocks), _columns(*_halves)  # 16 columns, and the last 8
_block1, _half1 = _blocks[0], _halves[0]


@njit(error_model="numpy")
def product(
    m: int, n: int, k: int, a: int, a_row: int, a_next: int, b: int, start: int, floor: float, c: int, panels: int
) -> Any:  # fmt: skip
    """C = max(floor, start + A B) with A [m, k], B [k, n], C [m, n] and start [n]; n is a multiple of 8.

    The numbers of A are `a_row` and `a_next` apart. There is room for B at `panels`.
    """
    panel, following = LINE, 4 * n
    if n > _WIDE and m > _FEW:
        _panels(n, k, b, panels)
        b, panel, following = panels, LINE * k, LINE
    of_panels(m, n, k, a, a_row, a_next, b, panel, following, start, floor, c)


@njit(error_model="numpy")
def of_panels(
    m: int, n: int, k: int, a: int, a_row: int, a_next: int, b: int, panel: int, following: int, start: int,
    floor: float, c: int,
) -> Any:  # fmt: skip
    """The same, of a B in panels of 16 columns: `panel` from one to the next, `following` from row to row."""
    row = 4 * n
    for j in range(0, n - 8, 16):
        at, shift = b + (j // 16) * panel, 4 * j
        _wide(m, k, a, a_row, a_next, at, following, start + shift, floor, c + shift, row)
    if n % 16:
        at, shift = b + (n // 16) * panel, 4 * (n - 8)
        _narrow(m, k, a, a_row, a_next, at, following, start + shift, floor, c + shift, row)


@njit(error_model="numpy")
def _panels(n: int, k: int, source: int, target: int) -> Any:
    """The panels of a matrix [k, n]: a sum without terms is a copy of its start."""
    for j in range(0, n - 8, 16):
        for p in range(k):
            at = source + 4 * (p * n + j)
            _block1(0, at, 0, 0, at, 0, at, target + LINE * (j // 16 * k + p), 0, LOWEST)
    if n % 16:
        for p in range(k):
            at = source + 4 * (p * n + n - 8)
            _half1(0, at, 0, 0, at, 0, at, target + LINE * (n // 16 * k + p), 0, LOWEST)


@njit(error_model="numpy")
def panels_of_turned(rows: int, columns: int, source: int, target: int) -> Any:
    """The panels of the transpose of a matrix [rows, columns], both multiples of 8."""
    for i in range(0, rows, 8):
        panel = target + (i // 16) * LINE * columns + 4 * (i % 16)
        for j in range(0, columns, 8):
            turn(source + 4 * (i * columns + j), 4 * columns, panel + j * LINE, LINE)
