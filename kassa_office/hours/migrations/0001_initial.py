from django.db import migrations, models

from kassa_office.facts import CreateFact


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        CreateFact(
            name="Clocking",
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
                ("offset", models.IntegerField()),
                ("kind", models.CharField(max_length=12)),
                ("employee", models.CharField(max_length=40)),
                ("replaces", models.CharField(blank=True, max_length=40)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("who", models.CharField(blank=True, max_length=40)),
            ],
            options={
                "db_table": "clocking",
                "indexes": [models.Index(fields=["branch", "employee", "day"], name="clocking_employee")],
            },
        ),
    ]
