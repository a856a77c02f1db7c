"""What a linear probe reads from the encodings of a method that infers the context, against the true one. The
probe is fitted on each run's train contexts and shown on held-out ones; its R² stands beside that of a
control with shuffled train contexts. Marker: mean over runs. Line: 95 % interval over runs, whose number stands
below the panels. Shaded: the train range, or the values of a list. Source: tables ``encodings``, ``contexts`` and
``metrics``.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from meta_rl.figures import bands, feature_axis, regions, style
from meta_rl.metrics.probe import read
from meta_rl.tables import contexts, encodings, metrics

TABLES = (contexts.TABLE, encodings.TABLE, metrics.TABLE)
_POINT: dict[str, Any] = {"marker": "o", "markersize": 3, "markeredgewidth": 0.7, "linestyle": "none"}
_PERFECT: dict[str, Any] = {"color": style.INK, "linewidth": 0.8, "linestyle": (0, (3, 2))}
_PANEL = ["benchmark", "agent", "method", "information"]
_FEATURE = ["feature", "unit"]


def build(tables: dict[str, pd.DataFrame]) -> Figure:
    """One panel per benchmark and method (and agent, feature): a linear probe's reading against the truth.

    The R2 in the titles are the IQM over runs from the metrics table.
    """
    contexts, metrics = tables["contexts"], tables["metrics"]
    encodings = tables["encodings"].dropna(subset="value")
    if encodings.empty:
        return style.empty("No run of this study has an encoding of its context.")
    looks = style.looks(metrics["method"])
    readings = _readings(encodings, contexts)
    data = style.split(readings, "method", "agent", "feature")
    qualities = {
        title: _quality(metrics.merge(one[_PANEL].drop_duplicates(), on=_PANEL))
        for title, one in data.items()
    }
    lines = max(map(len, qualities.values()))
    figure, axes = style.panels(data, height=2.2 + 0.13 * lines)
    for title, ax in axes.items():
        one = data[title]
        ax.set_title(ax.get_title(loc="left"), pad=6 + 9 * len(qualities[title]))
        ax.annotate("\n".join(qualities[title]), (0, 1), xytext=(0, 4), xycoords="axes fraction",
                    textcoords="offset points", fontsize=6.5, color=style.MUTED)  # fmt: skip
        of = contexts.merge(one[["benchmark", "feature"]].drop_duplicates())
        _panel(ax, one, of, looks[one["method"].iloc[0]])
    style.label_left(axes.values(), "read from the encoding")
    style.legend(figure, _handles(readings))
    over = bands.describe_spread(bands.runs_per_method(encodings))
    mean = ", mean over the features" if readings.groupby("benchmark")["feature"].nunique().max() > 1 else ""
    style.footer(
        figure,
        f"Linear probe, fitted on train contexts. Marker: mean over runs. Line: {over}. R²{mean}: in brackets that "
        "of the shuffled control.",
    )
    return figure


def _readings(encodings: pd.DataFrame, contexts: pd.DataFrame) -> pd.DataFrame:
    """One row per run, held-out context and feature: its `value`, and the `reading` of that."""
    frames = {}
    for run, rows in encodings.groupby([*_PANEL, "seed"]):
        z = rows.pivot(index=["split", "context_id"], columns="dimension", values="value").dropna()
        train = z.index.get_level_values("split") == "train"
        for feature, truth in contexts[contexts["benchmark"] == run[0]].groupby(_FEATURE):
            value = truth.set_index(["split", "context_id"])["value"].loc[z.index]
            known = value[train].to_numpy()[:, None]
            reading = read(z[train].to_numpy(), known, z[~train].to_numpy())[:, 0]
            frames[*run, *feature] = pd.DataFrame({"value": value[~train], "reading": reading})
    return pd.concat(frames, names=[*_PANEL, "seed", *_FEATURE]).reset_index()


def _quality(metrics: pd.DataFrame) -> list[str]:
    """A line per region, with the R² of the shuffled control in brackets: `interpolation R² 0.98 (-0.02)`."""
    lines = []
    for split in regions.ordered(metrics["split"].unique()):
        mine = metrics[metrics["split"] == split].set_index("metric")["estimate"].to_dict()
        r2, control = mine["encoding_r2"], mine["encoding_r2_shuffled"]
        numbers = f"R² {r2:.2f} ({control:.2f})".replace("-", style.MINUS).replace("nan", "undefined")
        lines.append(f"{regions.name(split)} {numbers}")
    return lines


def _panel(ax: Axes, rows: pd.DataFrame, contexts: pd.DataFrame, look: style.Look) -> None:
    for split in regions.ordered(rows["split"].unique()):
        place = ["value", "context_id"]  # contexts may share a feature's value
        runs = rows[rows["split"] == split].pivot(index="seed", columns=place, values="reading")
        truth, readings = runs.columns.get_level_values("value"), runs.to_numpy()
        ax.vlines(truth, *bands.spread(readings), color=look.colour, linewidth=0.8, alpha=0.5)
        filled = look.point | regions.marker(split, look.colour)
        ax.plot(truth, readings.mean(axis=0), label=split, **_POINT | filled)
    ends = rows["value"].min(), rows["value"].max()
    ax.plot(ends, ends, zorder=1, **_PERFECT)
    feature_axis.trained(ax, contexts)
    ax.set_xlabel(f"true {style.feature_label(rows)}")


def _handles(rows: pd.DataFrame) -> list[Line2D | Patch]:
    return [
        *regions.handles(rows["split"], **_POINT),
        Line2D([], [], label="perfect", **_PERFECT),
        Patch(color=style.SHADE, label="train range"),
    ]
