"""The JSON schema of a study."""

from typing import Any

from meta_rl import registry, settings
from meta_rl.contexts import DEVELOPMENT, EXTRAPOLATION, RESULTS, TRAIN, TRAIN_SETS
from meta_rl.study import external, shapes
from meta_rl.tables.columns import BUDGETS

_LONGEST = 1000  # list of values, intervals or boxes, of which each is compared with each
# Names become folders. (`$` alone would let a final newline pass.)
_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$(?!\n)"
# What a benchmark may set for itself.
OVERRIDES = frozenset({"train", "evaluate", "references", "agents", "method_settings"})
# Seeds of a job, unless said: per seed and step, a stack of 5 takes a third of the time of one seed alone, and two of
# them, on two cores, are sooner done than one of 10 (docs/speed).
PER_JOB = 5
# Whether what a method spends on pretraining is part of its runs' env_steps; the first unless said.
PRETRAINING = ("included", "additional")
# Policies that a run leaves, unless said: what the last one does depends on where the training happens to stop.
SNAPSHOTS = 5
# Episodes for each snapshot, unless said.
EPISODES = 4
# Steps of an episode that estimators of doubt are shown, and episodes that are scored, unless said.
BUDGETS_OF_DOUBT, SCORED = (0, 50, "episode"), 10
# Where specialists stand, unless said: at so many points.
SPECIALISTS = 5
# Seeds of a tuning, unless said: beside those that most studies test.
TUNING = {"first": 100_000, "count": 5}
# Optimisers of a tuning; the first unless said.
OPTIMISERS = ("dehb", "random")
# How specialists are placed: points per factor of a grid, or a number of points of a sample.
PLACES = ("grid", "points")
BOXED = (TRAIN, EXTRAPOLATION)  # what a union of boxes can be
LEAST = 1e-6  # multiplier in a range, which specialists divide into equal ratios
_MOST = 10**9  # of anything that is counted: ids and steps are 64 bit, and their products must be, too


def schema() -> dict[str, Any]:
    """The JSON schema of a study, from the registry and the settings of its members."""
    name = {"type": "string", "pattern": _NAME, "title": "folder"}
    count = {"type": "integer", "minimum": 1, "maximum": _MOST}
    interval = {
        "type": "array",
        "items": {"type": "number", "minimum": LEAST, "maximum": 1e6},
        "minItems": 2,
        "maxItems": 2,
        "description": "lowest and highest multiplier of the feature's default",
    }
    number = {"type": "number", "minimum": -1e6, "maximum": 1e6}
    values = {"type": "array", "items": number, "uniqueItems": True, "maxItems": _LONGEST}
    factor: dict[str, Any] = {
        "features": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "uniqueItems": True,
            "description": "features that are tied: one multiplier for all; the one of the key's name unless given",
        },
        "train": interval,
        "values": values | {"minItems": 2, "description": "multipliers that are trained on"},
        "interpolation": values | {"description": "held-out multipliers between the values"},
        "extrapolation": {
            "type": "array",
            "maxItems": _LONGEST,
            "description": "intervals, or of a list values, outside what is trained",
        },
    }
    intervals = {"extrapolation": {"items": interval}}
    factor = shapes.record(factor, optional=set(factor)) | shapes.one_of("train", "values")
    factor |= {
        "if": {"required": ["values"]},
        "then": {"properties": {"extrapolation": values}},
        "else": {"properties": intervals},
    }
    piece = interval | {
        "type": ["number", "array"],
        "minimum": -1e6,
        "maximum": 1e6,
        "description": "a value, or the ends of an interval",
    }
    box = {"type": "object", "additionalProperties": piece, "minProperties": 1}
    union = {"type": "array", "items": box, "minItems": 1, "maxItems": _LONGEST}
    observed = {
        "type": "array",
        "items": {"enum": list(BUDGETS), "title": "budget"},
        "uniqueItems": True,
        "default": [],
        "description": "numbers of transitions that methods which infer the context are shown before an episode",
    }
    pretraining = {
        "enum": list(PRETRAINING),
        "title": "place of pretraining",
        "default": PRETRAINING[0],
        "description": "in env_steps, so that methods are compared at equal steps in all; or on top of them",
    }
    snapshots = count | {
        "maximum": 25,
        "default": SNAPSHOTS,
        "description": "policies of a run that are evaluated: at its end, and at every 2 % of its steps before",
    }
    episodes = count | {
        "description": f"a multiple of train.snapshots, {EPISODES} times as many unless given"
    }
    specialists = {
        **dict.fromkeys(PLACES, count),
        "seeds": count | {"default": 1},
        "env_steps": count | {"description": "those of train, unless given"},
    }
    per_job = count | {"description": f"{PER_JOB} unless given, or all if they are fewer"}
    seeds = shapes.record({"first": count | {"minimum": 0}, "count": count})
    sizes = {
        "train": shapes.record(
            {"env_steps": count, "pretraining": pretraining, "snapshots": snapshots},
            optional={"pretraining", "snapshots"},
        ),
        "evaluate": shapes.record(
            {"episodes": episodes, "observed": observed}, optional={"episodes", "observed"}
        ),
        "references": shapes.record(specialists, optional=set(specialists)) | shapes.one_of(*PLACES),
    }
    settings_of = {"agents": _settings("agent"), "method_settings": _settings("method")}
    lengths = {"min": count, "max": count, "total": count}
    tune = {
        "env_steps": shapes.record(lengths)
        | {"description": "of the shortest and the longest candidate, and of all candidates of a tuning"},
        "search": _search() | {"description": "what is narrower than SEARCH in the agent's module"},
    }
    own_tune = tune | {"env_steps": shapes.record(lengths, optional=set(lengths))}
    tuning = tune | {
        "optimiser": {"enum": list(OPTIMISERS), "title": "optimiser", "default": OPTIMISERS[0]},
        "repetitions": count | {"default": 1, "description": "tunings with seeds of their own"},
    }
    partial = {
        key: shapes.record(one["properties"], optional=set(one["properties"])) for key, one in sizes.items()
    }
    counts = {"type": ["integer", "array"], "minimum": 1, "maximum": _MOST, "items": count, "minItems": 1}
    counts |= {"maxItems": _LONGEST, "uniqueItems": True}
    splits = {"train": counts | {"description": "a list makes a benchmark of each"}}
    splits |= dict.fromkeys((*DEVELOPMENT, *RESULTS), count)
    benchmark = shapes.record(
        {
            "environment": shapes.member("environment"),
            "features": {
                "type": "object",
                "propertyNames": name | {"title": "factor"},
                "additionalProperties": factor,
                "minProperties": 1,
                "description": "what varies: context features by their names in the environment, or tied ones",
            },
            "train_set": {
                "enum": list(TRAIN_SETS),
                "title": "train set",
                "description": "how several features are combined in training: box, L-shape or axes",
            },
            "boxes": shapes.record(dict.fromkeys(BOXED, union), optional=set(BOXED))
            | {"description": "regions as unions of boxes, each a piece of the factors that it names"},
            "contexts": shapes.record(splits, optional=set(splits) - {"train"}),
            "agents": shapes.members("agent"),
            "smoke": {
                "type": "boolean",
                "default": False,
                "description": "the size is that of a trial run: the report says that its numbers mean nothing",
            },
            "override": shapes.record(
                partial | settings_of | {"tune": shapes.record(own_tune, optional=set(own_tune))},
                optional=OVERRIDES | {"tune"},
            )
            | {"description": "what this benchmark takes instead of the study's settings"},
        },
        optional={"environment", "features", "train_set", "boxes", "smoke", "override"},
    )
    uncertainty = {
        "estimators": shapes.members("estimator"),
        "budgets": {
            "type": "array",
            "items": {
                "anyOf": [
                    {"type": "integer", "minimum": 0, "maximum": _MOST},
                    {"const": BUDGETS_OF_DOUBT[-1]},
                ],
                "title": "budget",
            },
            "minItems": 1,
            "uniqueItems": True,
            "default": list(BUDGETS_OF_DOUBT),
            "description": "steps of one unscored episode that estimators are shown; 0: its first state alone",
        },
        "episodes": count
        | {
            "minimum": SCORED,
            "default": SCORED,
            "description": "of each run's last policy in each context: one half ranks contexts, the other half scores",
        },
        "settings": _settings("estimator"),
    }
    study = {
        "study": name | {"description": "results are written to results/{study}/"},
        "plugins": {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
        | {"description": "Python files with members of the study's own, relative to this file"},
        "benchmarks": {
            "type": "object",
            "propertyNames": name,
            "additionalProperties": benchmark,
            "minProperties": 1,
        },
        "methods": shapes.members("method")
        | {
            "items": _method(settings_of["method_settings"]["properties"], name),
            "description": "registered ones, and variants of them: {NAME: {method: REGISTERED, SETTING: VALUE}}",
        },
        "seeds": shapes.record(
            {"test": seeds, "tuning": seeds | {"default": TUNING}, "per_job": per_job},
            optional={"tuning", "per_job"},
        ),
        **sizes,
        **settings_of,
        "external": external.schema(name, count),
        "figures": shapes.members("figure")
        | {
            "default": sorted(registry.figures(doubts=False)),
            "description": "with `uncertainty`, those of doubt as well unless given",
        },
        "uncertainty": shapes.record(uncertainty, optional=set(uncertainty) - {"estimators"})
        | {"description": "how much the last policy of each run is doubted in each context"},
        "tune": shapes.record(tuning, optional=set(tuning) - {"env_steps"}),
        "tuned": {
            "type": "object",
            "propertyNames": name,
            "additionalProperties": {
                "type": "object",
                "propertyNames": name,
                "additionalProperties": settings_of["agents"],
            },
            "description": "agent settings by benchmark and method, as `meta_rl adopt` writes them",
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A study of meta_rl",
        **shapes.record(study, optional=study.keys() - {"study", "benchmarks", "methods", "seeds", "train"}),
    }


def _method(members: dict[str, Any], name: dict[str, Any]) -> dict[str, Any]:
    """An entry of `methods`: a name, or a variant with settings of its own, which are those of its member."""
    each = [
        {
            "if": {
                "type": "object",
                "properties": {"method": {"const": member}},
                "required": ["method"],
            },
            "then": shapes.record({"method": {}} | known["properties"], optional=set(known["properties"])),
        }
        for member, known in members.items()
    ]
    variant = {
        "type": "object",
        "properties": {"method": shapes.member("method")},
        "required": ["method"],
        "allOf": each,
    }
    named = {
        "propertyNames": name,
        "additionalProperties": variant,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"if": {"type": "object"}, "then": named, "else": shapes.member("method")}


def _settings(kind: str) -> dict[str, Any]:
    """Per member, those of its settings that differ from the defaults."""
    each = {}
    for name, entry in registry.KINDS[kind].items():
        properties = {key: settings.json_schema(one) for key, one in settings.read(entry.module).items()}
        each[name] = shapes.record(properties, optional=set(properties))
    return shapes.record(each, optional=set(each))


def _search() -> dict[str, Any]:
    """Per agent, a narrower range or fewer choices of what may be tuned."""
    each = {}
    for name, entry in registry.AGENTS.items():
        known = settings.read(entry.module)
        dimensions = settings.search(entry.module)
        properties = {key: settings.search_schema(known[key], one) for key, one in dimensions.items()}
        each[name] = shapes.record(properties, optional=set(properties))
    return shapes.record(each, optional=set(each))
