from django.db import migrations, models

from kassa_office.facts import CreateFact


class Migration(migrations.Migration):
    dependencies = [("stock", "0001_initial")]

    operations = [
        CreateFact(
            name="StockReceipt",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "branch", "till", "seq", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("branch", models.CharField(max_length=16)),
                ("till", models.CharField(max_length=16)),
                ("seq", models.BigIntegerField()),
                ("day", models.DateField()),
                ("at", models.BigIntegerField()),
                ("order", models.CharField(blank=True, max_length=60)),
                ("supplier", models.CharField(blank=True, max_length=60)),
                ("finished", models.BooleanField(default=False)),
                ("lines", models.IntegerField()),
                ("unknown", models.TextField(default="[]")),
                ("who", models.CharField(blank=True, max_length=40)),
            ],
            options={"db_table": "stock_receipt"},
        ),
        migrations.AddField(model_name="purchaseorder", name="heard", field=models.IntegerField(default=0)),
    ]
