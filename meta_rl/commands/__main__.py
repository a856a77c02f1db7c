"""The command `meta_rl`, in any folder: results are written into `results/` there.

A STUDY is a YAML file, or the name of a published one such as `quick`. Options that are not ours are Snakemake's.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

import meta_rl
from meta_rl import extras
from meta_rl.errors import UserError

Handler = Callable[[argparse.Namespace, list[str]], int]


def run(given: argparse.Namespace, options: list[str]) -> int:
    """run a study, or go on with it: on all cores, or with --profile slurm on a cluster"""
    from meta_rl.commands import workflow

    return workflow.run(given.study, options)


def resume(given: argparse.Namespace, options: list[str]) -> int:
    """the same after Snakemake itself was killed"""
    from meta_rl.commands import workflow

    return workflow.again(given.study, options)


def tune(given: argparse.Namespace, options: list[str]) -> int:
    """search the agents' settings of a study that has the key `tune`"""
    from meta_rl.commands import workflow

    return workflow.tune(given.study, options)


def status(given: argparse.Namespace, _: list[str]) -> int:
    """how far a study is, also while it runs"""
    from meta_rl.commands import places
    from meta_rl.study import status

    path = places.study(given.study).absolute()
    os.chdir(given.directory)
    status.main(path)
    return 0


def check(given: argparse.Namespace, _: list[str]) -> int:
    """check a study, and run nothing"""
    from meta_rl.commands import places
    from meta_rl.study import config

    config.main(places.study(given.study))
    return 0


def adopt(given: argparse.Namespace, _: list[str]) -> int:
    """copy tuned settings into the file of the study"""
    from meta_rl.study import adopt

    path = Path(given.study).absolute()
    os.chdir(given.directory)
    print(adopt.adopt(path))
    return 0


def gate(given: argparse.Namespace, _: list[str]) -> int:
    """does every context feature of these environments (all, unless named) act, alone, and as it should?"""
    from meta_rl import plugins
    from meta_rl.checks import gate

    plugins.add(given.plugin)
    return gate.main(given.environment)


def evaluate(given: argparse.Namespace, _: list[str]) -> int:
    """play and score a policy as studies do: a policy.pt of ours, or a zip of Stable-Baselines3 for each run"""
    told = {"observe": given.observe, "vec_normalize": given.vec_normalize, "trusted": given.trusted}
    policies = given.policy[0] if len(given.policy) == 1 else given.policy
    print(
        meta_rl.evaluate(policies, given.benchmark, contexts=given.contexts, episodes=given.episodes, **told)
    )
    return 0


def new(given: argparse.Namespace, _: list[str]) -> int:
    """write a member of one's own to start from, a study, or a profile for Slurm"""
    from meta_rl.commands import new

    print(new.main(given.kind, given.name))
    return 0


_HANDLERS: tuple[Handler, ...] = (run, status, resume, check, gate, evaluate, new, tune, adopt)
_SNAKEMAKES = ("run", "resume", "tune")  # which take its options


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="meta_rl", description=__doc__, allow_abbrev=False)
    whole.add_argument("--version", action="version", version=f"meta_rl {meta_rl.__version__}")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    for handler in _HANDLERS:
        name = handler.__name__
        one = commands.add_parser(name, help=handler.__doc__, description=handler.__doc__, allow_abbrev=False)
        one.set_defaults(handler=handler, name_of_command=name)
        if name == "new":
            one.add_argument("kind", help="method, environment, body, agent, estimator, study or profile")
            one.add_argument("name", help="its name; it is written to a file or a folder of that name")
        elif name == "evaluate":
            one.add_argument("benchmark", metavar="BENCHMARK")
            one.add_argument("policy", metavar="POLICY", nargs="+", help="one for all, or one for each run")
            one.add_argument("--contexts", type=int, default=100, help="of each split (100)")
            one.add_argument("--episodes", type=int, default=20, help="in each context (20)")
            one.add_argument("--observe", default="plain", help="what it sees, as in the Gymnasium ids")
            one.add_argument(
                "--vec-normalize", metavar="FILE", help="the statistics that a model was trained with"
            )
            one.add_argument("--trusted", action="store_true", help="a zip is unpickled, which can run code")
        elif name == "gate":
            one.add_argument("environment", nargs="*")
            one.add_argument(
                "--plugin", action="append", default=[], metavar="FILE", help="a file with members"
            )
        else:
            one.add_argument("study", metavar="STUDY")
        if name in ("status", "adopt"):
            one.add_argument("--directory", default=".", help="where the folder `results` lies")
    return whole


def main(arguments: list[str] | None = None) -> int:
    """The exit status. What a user can mend is one line on stderr."""
    whole = parser()
    given, options = whole.parse_known_args(arguments)
    if options and given.name_of_command not in _SNAKEMAKES:
        whole.error(f"unrecognized arguments: {' '.join(options)}")
    try:
        with extras.named():
            return given.handler(given, options)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
