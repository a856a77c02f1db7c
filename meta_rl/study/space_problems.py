"""What is wrong with what a benchmark varies, with the sets that it asks for, and with where its specialists stand."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from meta_rl import registry
from meta_rl.contexts import (
    AXES,
    BOX,
    EXTRAPOLATION,
    GRIDDED,
    INTERPOLATION,
    NEEDS,
    RESULTS,
    TRAIN,
    ContextSpace,
    Feature,
)
from meta_rl.errors import unknown
from meta_rl.study.schema import LEAST

Piece = tuple[float, float]  # an interval, or a value twice


def problems(name: str, benchmark: dict[str, Any], references: dict[str, Any]) -> Iterator[str]:
    """Of a benchmark that is complete with its defaults; `references` are the study's, which it may override."""
    where, environment = f"benchmarks.{name}", registry.load("environment", benchmark["environment"])
    found = list(feature_problems(where, benchmark["environment"], benchmark["features"]))
    found = found or list(_box_problems(where, benchmark, environment.features))
    found = found or list(_train_set_problems(where, benchmark))
    yield from found
    if not found:
        described = (benchmark[key] for key in ("features", "train_set", "boxes"))
        space = ContextSpace.of(environment.features, *described)
        yield from _split_problems(where, benchmark["contexts"], space)
        own = benchmark["settings"]["references"]
        at = f"{where}.override." * (own != references) + "references"
        yield from _place_problems(at, name, own, space)


def feature_problems(where: str, environment: str, features: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the factors of a benchmark, {name: {"train": [a, b], ...}}, each by itself."""
    module = registry.load("environment", environment)
    known = {one.name: one for one in module.features}
    taken: dict[str, str] = {}
    for factor, said in features.items():
        at = f"{where}.features.{factor}"
        for feature in said.get("features", [factor]):
            if feature in module.refused:
                yield f"{at}: cannot vary in {environment}: {module.refused[feature]}"
            elif feature not in known:
                yield f"{at}: {unknown('feature', feature, known)}"
            elif feature in taken:
                yield f"{at}: varies {feature}, as {taken[feature]} does; leave it to one of them"
            else:
                taken[feature] = factor
                for key, pieces in _pieces(said).items():
                    for piece in pieces:
                        yield from _bound_problems(f"{at}.{key}", piece, known[feature])
        yield from _piece_problems(at, said)


def _pieces(said: dict[str, Any]) -> dict[str, list[Piece]]:
    """Of a factor, by the keys that they stand under."""
    found = {key: said[key] for key in ("values", INTERPOLATION, EXTRAPOLATION) if key in said}
    found |= {TRAIN: [said[TRAIN]]} if TRAIN in said else {}
    return {key: list(map(_piece, pieces)) for key, pieces in found.items()}


def _piece(said: Any) -> Piece:
    return (said[0], said[1]) if isinstance(said, list) else (said, said)


def _text(piece: Piece) -> str:
    low, high = piece
    return f"{low:g}" if low == high else f"[{low:g}, {high:g}]"


def _overlap(one: Piece, other: Piece) -> bool:
    """Whether a value lies in the other piece, or intervals have more than an end in common."""
    if one[0] == one[1] or other[0] == other[1]:
        return one[0] <= other[1] and other[0] <= one[1]
    return one[0] < other[1] and other[0] < one[1]


def _bound_problems(where: str, piece: Piece, feature: Feature) -> Iterator[str]:
    # With a negative default, the upper multiplier gives the lower value.
    least, most = sorted((feature.low / feature.default, feature.high / feature.default))
    for multiplier in dict.fromkeys(piece):
        if not feature.low <= multiplier * feature.default <= feature.high:
            yield (
                f"{where}: {multiplier:g} times the default is {multiplier * feature.default:g} {feature.unit}, "
                f"outside [{feature.low:g}, {feature.high:g}]; use multipliers from {least:g} to {most:g}"
            )


def _order_problems(where: str, piece: Piece, interval: bool = False) -> Iterator[str]:
    """`interval`: it may not be a value."""
    if piece[0] > piece[1] or (interval and piece[0] == piece[1]):
        yield f"{where}: runs from {piece[0]:g} to {piece[1]:g}; give the lower multiplier first"


def _piece_problems(where: str, said: dict[str, Any]) -> Iterator[str]:
    """What is trained on, between and outside is as it is called, and no point has two chances."""
    found = _pieces(said)
    low, high = (end(said["values"] if "values" in said else said[TRAIN]) for end in (min, max))
    for key, pieces in found.items():
        for piece in pieces:
            yield from _order_problems(f"{where}.{key}", piece, interval="values" not in said)
    if INTERPOLATION in said and "values" not in said:
        yield f"{where}.{INTERPOLATION}: is for values between those of a list; leave it out"
        return
    for value, _ in found.get(INTERPOLATION, []):
        if not low < value < high or value in said["values"]:
            yield f"{where}.{INTERPOLATION}: {value:g} is not between values; choose from [{low:g}, {high:g}]"
    outside = found.get(EXTRAPOLATION, [])
    for piece in outside:
        if _overlap(piece, (low, high)):
            yield f"{where}.{EXTRAPOLATION}: {_text(piece)} overlaps with train; keep out of [{low:g}, {high:g}]"
    for one, other in combinations(sorted(outside), 2):
        if _overlap(one, other):
            yield (
                f"{where}.{EXTRAPOLATION}: intervals overlap between {other[0]:g} and {min(one[1], other[1]):g}; "
                "make them disjoint"
            )


def _box_problems(where: str, benchmark: dict[str, Any], features: tuple[Feature, ...]) -> Iterator[str]:
    """Each box is one by itself, boxes do not overlap, and lie inside or outside of what is trained on."""
    factors, known = benchmark["features"], {one.name: one for one in features}
    train = {name: _pieces(said)["values" if "values" in said else TRAIN] for name, said in factors.items()}
    unions: dict[str, list[dict[str, list[Piece]]]] = {TRAIN: [train]}
    for region, union in benchmark["boxes"].items():
        unions[region] = []
        for number, box in enumerate(union):
            at = f"{where}.boxes.{region}[{number}]"
            for name in box:
                if name not in factors:
                    yield f"{at}: {unknown('factor', name, factors)}"
                    return
                piece = _piece(box[name])
                yield from _order_problems(f"{at}.{name}", piece)
                if piece[0] < LEAST and "values" not in factors[name]:
                    yield f"{at}.{name}: is {piece[0]:g}; must be at least {LEAST:g}, as {name} has a range"
                for feature in factors[name].get("features", [name]):
                    yield from _bound_problems(f"{at}.{name}", piece, known[feature])
                if region == TRAIN and not any(
                    low <= piece[0] and piece[1] <= high for low, high in train[name]
                ):
                    yield f"{at}.{name}: {_text(piece)} is not in what {name} is trained on; widen that"
            unions[region].append(train | {name: [_piece(said)] for name, said in box.items()})
        for (first, box), (second, other) in combinations(enumerate(unions[region]), 2):
            if _meet(box, other):
                yield f"{where}.boxes.{region}[{second}]: overlaps with [{first}]; make them disjoint"
    between = {name: _pieces(said).get(INTERPOLATION, []) for name, said in factors.items()}
    inside = [{name: [*pieces, *between[name]] for name, pieces in box.items()} for box in unions[TRAIN]]
    for number, box in enumerate(unions.get(EXTRAPOLATION, [])):
        if any(_meet(box, other) for other in inside):
            yield (
                f"{where}.boxes.{EXTRAPOLATION}[{number}]: overlaps with what is trained on or lies between; keep one "
                "factor of it outside"
            )
    for name, said in factors.items():
        if EXTRAPOLATION in unions and said[EXTRAPOLATION]:
            yield f"{where}.features.{name}.{EXTRAPOLATION}: has boxes.{EXTRAPOLATION} in its place; leave one out"


def _meet(box: dict[str, list[Piece]], other: dict[str, list[Piece]]) -> bool:
    """Whether some pieces of every factor overlap."""
    return all(any(_overlap(one, two) for one in box[name] for two in other[name]) for name in box)


def _train_set_problems(where: str, benchmark: dict[str, Any]) -> Iterator[str]:
    """An L-shape and axes combine several intervals."""
    train_set, factors = benchmark["train_set"], benchmark["features"]
    if train_set == BOX:
        return
    if len(factors) == 1:
        yield f"{where}.train_set: is {train_set}, which takes several features; leave it out"
    if TRAIN in benchmark["boxes"]:
        yield f"{where}.train_set: is {train_set}, but boxes.{TRAIN} says what is trained on; leave one of them out"
    for name, said in factors.items():
        if "values" in said:
            yield f"{where}.train_set: is {train_set}, which takes intervals, but {name} is a list of values; use A"
        elif train_set == AXES and not said[TRAIN][0] <= 1 <= said[TRAIN][1]:
            yield (
                f"{where}.features.{name}.train: lacks 1, the default that train set C keeps while another "
                "feature varies; widen it, or choose another train set"
            )


def _split_problems(where: str, counts: dict[str, int], space: ContextSpace) -> Iterator[str]:
    """Every part of a region gets the same number of contexts."""
    regions = space.regions
    if not regions:
        yield f"{where}.features: leave nothing to test on; give a list values between or outside"
        return
    for split in RESULTS:
        if split in counts and split not in regions:
            yield (
                f"{where}.contexts.{split}: does not exist, as it takes {NEEDS[split]}; "
                f"the regions are {', '.join(regions)}"
            )
    for split, parts in regions.items():
        if split not in counts:
            yield f"{where}.contexts: lacks '{split}'; add it"
        elif counts[split] % parts:
            yield (
                f"{where}.contexts.{split}: is {counts[split]}, which does not divide over the {parts} parts of "
                "the region; use a multiple"
            )


def _place_problems(where: str, name: str, references: dict[str, Any], space: ContextSpace) -> Iterator[str]:
    """Specialists stand on a grid or on a sample, and not every space has a grid."""
    if {"grid", "points"} <= references.keys():
        yield f"{where}: has 'grid' and 'points'; must have one of them"
    elif "grid" in references and not space.gridded:
        many = len(space.factors) > GRIDDED
        found = f"{len(space.factors)} factors" if many else "lists or boxes"
        yield (
            f"{where}.grid: is for up to {GRIDDED} intervals, but {name} has {found}; "
            "give `points` in its place, the size of a sample"
        )
