"""``kassa-office distribute``: how the tables go over the machines of a Citus cluster, written from the models.

Facts and the sums made of them have the branch first in their key: they are spread by it, all alike, so that what
belongs together lies together. Master data is small and read everywhere: each machine has all of it. What is left
(users, sessions, cursors, inbox, vouchers) stays on the coordinator.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from django.db import models

BY = "branch"
FIRST = "journal_entry"
"""The table that the others lie beside."""
SHARDS = 64
"""Branches are spread over so many; a machine that is added takes some of them over."""
REFERENCE = {
    "tills": ("Branch", "Till"),
    "catalogue": (
        "VatRate", "Group", "Supplier", "Article", "Barcode", "PriceList", "PriceBatch", "Price", "CostPrice", "Reason",
    ),
    "staff": ("Employee",),
}  # fmt: skip
"""App → models that are on every machine."""


def distribute_arguments(parser: argparse.ArgumentParser) -> None:
    """``--shards N``."""
    parser.add_argument("--shards", type=int, default=SHARDS, metavar="N")
    parser.epilog = "Voorbeeld: kassa-office distribute | psql kassa"


def distribute(options: argparse.Namespace) -> int:
    """Print the statements; ``docs/scale.md`` says when and how to run them."""
    print("\n".join(statements(options.shards)))
    return 0


def statements(shards: int = SHARDS) -> list[str]:
    """In the order in which they can be run: what is referred to first."""
    found = ["CREATE EXTENSION IF NOT EXISTS citus;"]
    found += [f"SELECT create_reference_table('{model._meta.db_table}');" for model in reference()]
    for table in sorted((model._meta.db_table for model in distributed()), key=lambda name: (name != FIRST, name)):
        how = f"shard_count => {shards}" if table == FIRST else f"colocate_with => '{FIRST}'"
        found.append(f"SELECT create_distributed_table('{table}', '{BY}', {how});")
    return found


def distributed() -> Iterator[type[models.Model]]:
    """Models whose primary key begins with the branch."""
    from django.apps import apps

    for model in apps.get_models():
        if key_of(model)[0] == BY:
            yield model


def key_of(model: type[models.Model]) -> tuple[str, ...]:
    """Names of the fields of the primary key, in order."""
    primary = model._meta.pk
    if isinstance(primary, models.CompositePrimaryKey):
        return tuple(primary.field_names)
    return (primary.name if primary is not None else "",)


def reference() -> list[type[models.Model]]:
    """Master data, each after what it refers to."""
    from django.apps import apps

    waiting = [apps.get_model(app, name) for app, names in REFERENCE.items() for name in names]
    done: list[type[models.Model]] = []
    while waiting:
        ready = [model for model in waiting if not _refers(model) & (set(waiting) - {model})]
        if not ready:
            raise ValueError(f"refer to each other in a circle: {waiting}")
        done += ready
        waiting = [model for model in waiting if model not in ready]
    return done


def _refers(model: type[models.Model]) -> set[type[models.Model]]:
    return {
        field.related_model
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey) and isinstance(field.related_model, type)
    }
