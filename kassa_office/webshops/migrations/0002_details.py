"""VAT and barcodes go between articles and products as prices do."""

from typing import ClassVar

from django.db import migrations, models

WAYS = [("no", "niet"), ("push", "van ons naar de webshop"), ("pull", "van de webshop naar ons")]


class Migration(migrations.Migration):
    """Three more settings."""

    dependencies: ClassVar = [("webshops", "0001_initial")]

    operations: ClassVar = [
        migrations.AlterField(
            "webshop", "prices", models.CharField("prijzen", max_length=4, choices=WAYS, default="no")
        ),
        migrations.AddField(
            "webshop", "vat", models.CharField("btw-tarieven", max_length=4, choices=WAYS, default="no")
        ),
        migrations.AddField(
            "webshop", "eans", models.CharField("streepjescodes", max_length=4, choices=WAYS, default="no")
        ),
        migrations.AddField(
            "webshop", "vat_classes", models.JSONField("btw-tarieven van de webshop", default=dict, blank=True)
        ),
    ]
