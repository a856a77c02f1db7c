"""What a CPU's vector registers do at once, in LLVM's own language: numba's loops would leave sums in memory.

Addresses and distances are int64, in bytes; numbers are float32. LLVM makes of 16 numbers what the CPU has: one
register of AVX-512, two of AVX2, four of NEON.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

ROWS = 6  # of a block: with 16 columns its sums fill 12 of the 16 registers of AVX2
_FLOAT, _LONG, _POINTER = ir.FloatType(), ir.IntType(64), ir.PointerType()


def _load(builder: Any, address: Any, kind: Any) -> Any:
    """Numbers at an address that may lie anywhere."""
    return builder.load(builder.inttoptr(address, _POINTER), typ=kind, align=4)


def _store(builder: Any, value: Any, address: Any) -> None:
    builder.store(value, builder.inttoptr(address, _POINTER), align=4)


def _splat(builder: Any, number: Any, width: int) -> Any:
    """A vector of `width` times the same number."""
    kind = ir.VectorType(_FLOAT, width)
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), number, ir.Constant(ir.IntType(32), 0))
    places = ir.Constant(ir.VectorType(ir.IntType(32), width), [0] * width)
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), places)


def block(rows: int, width: int) -> Callable[..., None]:
    """C[r, :] = max(floor, start[:] + sum_p A[r, p] B[p, :]) for `rows` rows and `width` columns, p in order.

    Arguments are count of p, address of A, from row to row, from p to p; address of B, from p to p; addresses of
    start and C, from row to row of C; floor. Each product is added without rounding (fused). NaN stays NaN.
    """
    vector = ir.VectorType(_FLOAT, width)
    long = types.int64

    @intrinsic
    def run(
        typing: Any, count: Any, a: Any, a_row: Any, a_next: Any, b: Any, b_next: Any, start: Any, c: Any,
        c_row: Any, floor: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            count, a, a_row, a_next, b, b_next, start, c, c_row, floor = arguments
            kind = ir.FunctionType(vector, [vector] * 3)
            fused = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{width}f32")
            begin = _load(builder, start, vector)
            before, loop = builder.block, builder.append_basic_block("sum")
            after = builder.append_basic_block("store")
            zero = ir.Constant(_LONG, 0)
            builder.cbranch(builder.icmp_signed(">", count, zero), loop, after)
            builder.position_at_end(loop)
            p, at_a, at_b = (builder.phi(_LONG) for _ in range(3))
            sums = [builder.phi(vector) for _ in range(rows)]
            line = _load(builder, at_b, vector)
            found = []
            for row in range(rows):
                here = builder.add(at_a, builder.mul(a_row, ir.Constant(_LONG, row)))
                factor = _splat(builder, _load(builder, here, _FLOAT), width)
                found.append(builder.call(fused, [factor, line, sums[row]]))
            following = builder.add(p, ir.Constant(_LONG, 1))
            for phi, first, then in (
                (p, zero, following),
                (at_a, a, builder.add(at_a, a_next)),
                (at_b, b, builder.add(at_b, b_next)),
                *((one, begin, new) for one, new in zip(sums, found, strict=True)),
            ):
                phi.add_incoming(first, before)
                phi.add_incoming(then, loop)
            builder.cbranch(builder.icmp_signed("<", following, count), loop, after)
            builder.position_at_end(after)
            totals = [builder.phi(vector) for _ in range(rows)]
            for total, new in zip(totals, found, strict=True):
                total.add_incoming(begin, before)
                total.add_incoming(new, loop)
            lowest = _splat(builder, floor, width)
            for row, total in enumerate(totals):
                less = builder.fcmp_ordered("<", total, lowest)
                here = builder.add(c, builder.mul(c_row, ir.Constant(_LONG, row)))
                _store(builder, builder.select(less, lowest, total), here)
            return context.get_dummy_value()

        return types.void(*[long] * 9, types.float32), generate

    return run


@intrinsic
def turn(typing: Any, source: Any, source_row: Any, target: Any, target_row: Any) -> Any:
    """target[j, i] = source[i, j] for 8 x 8 numbers: halves of pairs of rows change places three times."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, source_row, target, target_row = arguments
        vector, places = ir.VectorType(_FLOAT, 8), ir.VectorType(ir.IntType(32), 8)
        rows = [
            _load(builder, builder.add(source, builder.mul(source_row, ir.Constant(_LONG, i))), vector)
            for i in range(8)
        ]
        for half in (1, 2, 4):
            low = ir.Constant(places, [8 + i - half if i & half else i for i in range(8)])
            high = ir.Constant(places, [8 + i if i & half else i + half for i in range(8)])
            for i in range(8):
                if not i & half:
                    pair = rows[i], rows[i + half]
                    rows[i] = builder.shuffle_vector(*pair, low)
                    rows[i + half] = builder.shuffle_vector(*pair, high)
        for j, row in enumerate(rows):
            _store(builder, row, builder.add(target, builder.mul(target_row, ir.Constant(_LONG, j))))
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), generate


@intrinsic
def fetch(typing: Any, address: Any) -> Any:
    """Ask for the line of the cache that will be read soon."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [_POINTER, *[ir.IntType(32)] * 3])
        ask = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        to_read, keep, data = (ir.Constant(ir.IntType(32), number) for number in (0, 3, 1))
        builder.call(ask, [builder.inttoptr(arguments[0], _POINTER), to_read, keep, data])
        return context.get_dummy_value()

    return types.void(types.int64), generate


def _pointer(kind: Any) -> Callable[[int], Any]:
    """An address as a pointer to numbers of a kind, as `numba.carray` takes it."""

    @intrinsic
    def run(typing: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return types.CPointer(kind)(types.int64), generate

    return run


floats, longs, flags = _pointer(types.float32), _pointer(types.int64), _pointer(types.uint8)
