from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sales", "0001_initial")]

    operations = [migrations.AddField(model_name="voucher", name="issued_on", field=models.IntegerField(default=0))]
