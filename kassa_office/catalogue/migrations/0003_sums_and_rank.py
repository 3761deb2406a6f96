"""The sums of the feed are over what tills keep of a row; those of before are made anew. Articles in order of rank."""

import msgspec
from django.db import migrations, models

from kassa_tui.storage.feed_sums import MODULUS, row_hash


def recount(apps, schema_editor):
    """From the live rows."""
    found = {}
    rows = apps.get_model("catalogue", "FeedRow").objects.filter(op="put")
    for scope, table, key, data in rows.values_list("scope", "table", "key", "data").iterator():
        counted = found.setdefault((scope, table), [0, 0])
        hashed = row_hash(table, key, msgspec.json.decode(data))
        if hashed is not None:
            counted[0] += 1
            counted[1] += hashed
    model = apps.get_model("catalogue", "FeedSum")
    model.objects.all().delete()
    model.objects.bulk_create(
        model(scope=scope, table=table, rows=count, total=f"{total % MODULUS:016x}")
        for (scope, table), (count, total) in found.items()
    )


class Migration(migrations.Migration):
    """Data, and an index."""

    dependencies = [("catalogue", "0002_initial")]

    operations = [
        migrations.RunPython(recount, migrations.RunPython.noop),
        migrations.AddIndex("article", models.Index(fields=["rank", "sku"], name="article_rank")),
    ]
