"""Gymnasium's MuJoCo environments in another context, without our adapter: over their XML files, edited.

MuJoCo's compiler, not we, finds out what follows from a value. It takes inertias from geoms and ignores what is said
of a body's mass; a geom's `mass` wins over its density.
"""

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import gymnasium
import mujoco


def edited(gymnasium_id: str, changed: Mapping[str, float], render_mode: str | None = None) -> Any:
    """The environment, without a time limit, whose file has these values of features {name: value}."""
    usual: Any = gymnasium.make(gymnasium_id, render_mode=None if changed else render_mode).unwrapped
    if not changed:
        return usual
    root = ElementTree.parse(usual.fullpath).getroot()
    by_kind: dict[str, dict[str, float]] = {}
    for name, value in changed.items():
        kind, _, element = name.partition("_")
        by_kind.setdefault(kind, {})[element] = float(value)
    for kind, values in by_kind.items():
        _EDITS[kind](root, usual.model, values)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "edited.xml")
        ElementTree.ElementTree(root).write(path)
        return gymnasium.make(gymnasium_id, xml_file=str(path), render_mode=render_mode).unwrapped


def _gravity(root: Element, model: Any, values: Mapping[str, float]) -> None:
    option = root.find("option")
    assert option is not None
    x, y, _ = option.get("gravity", "0 0 -9.81").split()
    option.set("gravity", f"{x} {y} {values['']!r}")


def _mass(root: Element, model: Any, values: Mapping[str, float]) -> None:
    """A file that fixes the sum of all masses would undo the change: then every body's mass is written down."""
    compiler = root.find("compiler")
    assert compiler is not None
    fixed = compiler.attrib.pop("settotalmass", None)
    geoms = _geoms(root)
    for body, element in enumerate(_found(root, "worldbody").iter("body"), start=1):
        own = [geom for geom in range(model.ngeom) if model.geom_bodyid[geom] == body]
        name = str(element.get("name") or geoms[own[0]].get("name"))
        if name in values or fixed:
            volumes = [_volume(model, geom) if len(own) > 1 else 1.0 for geom in own]
            mass = values.get(name, float(model.body_mass[body]))
            for geom, volume in zip(own, volumes, strict=True):
                geoms[geom].set("mass", repr(mass * volume / sum(volumes)))


def _friction(root: Element, model: Any, values: Mapping[str, float]) -> None:
    """Every geom has what counts between it and the ground, which has the smallest of them."""
    ground, *_ = (geom for geom in range(model.ngeom) if model.geom_bodyid[geom] == 0)
    floor = float(model.geom_friction[ground, 0])
    geoms, counts = _geoms(root), []
    for geom, element in enumerate(geoms):
        if geom != ground:
            usual = max(floor, float(model.geom_friction[geom, 0]))
            counts.append(values.get(element.get("name", ""), usual))
            element.set("friction", repr(counts[-1]))
    geoms[ground].set("friction", repr(min(counts)))


def _joints(attribute: str) -> Any:
    def edit(root: Element, model: Any, values: Mapping[str, float]) -> None:
        joints = {one.get("name"): one for one in _found(root, "worldbody").iter("joint")}
        for name, value in values.items():
            joints[name].set(attribute, repr(value))

    return edit


def _strength(root: Element, model: Any, values: Mapping[str, float]) -> None:
    motors = {motor.get("joint"): motor for motor in _found(root, "actuator")}
    for name, value in values.items():
        motors[name].set("gear", repr(value))


_EDITS = {
    "gravity": _gravity,
    "mass": _mass,
    "friction": _friction,
    "damping": _joints("damping"),
    "armature": _joints("armature"),
    "strength": _strength,
}


def _found(root: Element, tag: str) -> Element:
    element = root.find(tag)
    assert element is not None
    return element


def _geoms(root: Element) -> list[Element]:
    """In the order of the compiled model: the world's, then body by body."""
    world = _found(root, "worldbody")
    return [geom for body in (world, *world.iter("body")) for geom in body.findall("geom")]


def _volume(model: Any, geom: int) -> float:
    """Of a capsule or a sphere, the only kinds that share a body with another one; a sphere has a length of 0."""
    assert model.geom_type[geom] in (mujoco.mjtGeom.mjGEOM_CAPSULE, mujoco.mjtGeom.mjGEOM_SPHERE)
    radius, half, _ = model.geom_size[geom].tolist()
    return math.pi * radius**2 * (2 * half + 4 / 3 * radius)
