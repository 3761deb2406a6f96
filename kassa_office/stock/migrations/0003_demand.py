from django.db import migrations, models

from kassa_office.facts import CreateTotal


class Migration(migrations.Migration):
    dependencies = [("stock", "0002_receipts")]

    operations = [
        CreateTotal(
            name="StockDemand",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "branch", "sku", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("branch", models.CharField(max_length=16)),
                ("sku", models.CharField(max_length=40)),
                ("mean", models.FloatField()),
                ("deviation", models.FloatField()),
                ("days", models.IntegerField()),
            ],
            options={"db_table": "stock_demand"},
        ),
        migrations.CreateModel(
            name="DemandProof",
            fields=[
                ("branch", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("proof", models.CharField(max_length=64)),
            ],
            options={"db_table": "stock_demand_proof"},
        ),
        migrations.AddIndex(
            model_name="stockmove", index=models.Index(fields=["branch", "ref"], name="stock_move_ref")
        ),
    ]
