"""Articles, prices and customers as files, in and out, with a preview: CSV and XLSX in the columns of the contract."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from import_export import fields, resources, widgets

from kassa_office.catalogue import checks
from kassa_office.catalogue.fields import cents, euros, scaled, unscaled
from kassa_office.catalogue.models import (
    Article,
    Barcode,
    Customer,
    Group,
    Price,
    PriceBatch,
    PriceList,
    VatRate,
)
from kassa_office.catalogue.timeline import Dated, own
from kassa_office.tills.models import Branch
from kassa_tui.storage.articles_import import DEPOSIT_SKU

_YES, _NO = ("1", "ja", "yes", "oui", "true", "j", "y"), ("0", "nee", "no", "non", "false", "n", "")


class Known(widgets.ForeignKeyWidget):  # type: ignore[misc]
    """One of the rows of a table; another is refused in words."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        """The row, or None for an empty cell."""
        text = str(value or "").strip()
        if not text:
            return None
        found = self.model._default_manager.filter(**{self.field: text}).first()
        if found is None:
            raise ValueError(_("%s is er niet.") % text[:60])
        return found


class GroupWidget(Known):
    """A product group by its name; one that is not there is made."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        """The group."""
        return Group.objects.get_or_create(name=str(value or "").strip() or _("Overig"))[0]


class VatWidget(widgets.Widget):  # type: ignore[misc]
    """A VAT code, written as the percentage of today or as the code."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        """The code."""
        text = str(value or "").strip()
        by_rate = {rate: code for code, rate in rates().items()}
        if text in rates() or text == "none":
            return text
        try:
            return by_rate[unscaled(text, 2)]
        except (KeyError, ValidationError) as error:
            known = ", ".join(scaled(rate, 2) for rate in sorted(by_rate))
            raise ValueError(_("%(value)s is geen btw-tarief; wel %(known)s.") % {
                "value": text[:40], "known": known}) from error  # fmt: skip

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """The percentage."""
        rate = rates().get(value)
        return str(value) if rate is None else scaled(rate, 2)


class DayWidget(widgets.Widget):  # type: ignore[misc]
    """A day, written 2026-12-31 or 31-12-2026, or as a spreadsheet has it."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> date | None:
        """The day."""
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date) or not value:
            return value or None
        text = str(value).strip()
        for form in ("%Y-%m-%d", "%d-%m-%Y", "%Y-%m-%d %H:%M:%S"):
            try:
                return datetime.strptime(text, form).date()
            except ValueError:
                continue
        raise ValueError(_("%s is geen datum zoals 31-12-2026.") % text[:40])

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """As ISO has it, which spreadsheets of every country read."""
        return value.isoformat() if value else ""


class CentsWidget(widgets.Widget):  # type: ignore[misc]
    """Euros in the file, cents in the table."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int | None:
        """Cents."""
        return _cents(value)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """Euros."""
        return euros(value)


class YesWidget(widgets.Widget):  # type: ignore[misc]
    """Yes or no in Dutch, French or English."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool:
        """Whether."""
        text = str("" if value is None else value).strip().casefold()
        if text not in (*_YES, *_NO):
            raise ValueError(_("%s is geen ja of nee.") % text[:40])
        return text in _YES

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """In Dutch, as the file is."""
        return "ja" if value else "nee"


class Resource(resources.ModelResource):  # type: ignore[misc]
    """What all files have in common: rows that do not change are passed by, rows are checked as in a form."""

    class Meta:
        skip_unchanged = True
        report_skipped = False
        clean_model_instances = True
        use_transactions = True


class ArticleResource(Resource):
    """The contract's ``articles.csv``, and supplier and use behind it."""

    sku = fields.Field("sku", "sku")
    name = fields.Field("name", "name")
    group = fields.Field("group", "group", widget=GroupWidget(Group, "name"))
    vat = fields.Field("vat", "vat", widget=VatWidget())
    unit = fields.Field("unit", "unit", default="each")
    min_age = fields.Field("min_age", "min_age", widget=widgets.IntegerWidget(), default=0)
    gtin = fields.Field(None, "gtin")
    price = fields.Field(None, "price")
    deposit = fields.Field(None, "deposit")
    supplier_sku = fields.Field("supplier_sku", "supplier_sku", default="")
    active = fields.Field("active", "active", widget=YesWidget(), default=True)

    class Meta(Resource.Meta):
        model = Article
        import_id_fields = ("sku",)
        fields = (
            "sku",
            "gtin",
            "name",
            "group",
            "price",
            "vat",
            "unit",
            "deposit",
            "min_age",
            "supplier_sku",
            "active",
        )
        export_order = fields

    def import_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        """Codes, price and deposit beside the columns of the article itself."""
        wrong: dict[str, Any] = {}
        try:
            super().import_instance(instance, row, **kwargs)
        except ValidationError as error:
            wrong = error.update_error_dict({})
        for column, read in (("gtin", _codes), ("price", _cents), ("deposit", _deposit)):
            try:
                setattr(instance, f"_{column}", read(row[column]) if column in row else None)
            except (ValidationError, ValueError) as error:
                wrong[column] = [ValidationError(getattr(error, "messages", [str(error)])[0])]
        for code in getattr(instance, "_gtin", None) or ():
            other = Barcode.objects.filter(code=code).exclude(article=instance.pk).select_related("article").first()
            if other:
                said = _("Code %(code)s hoort al bij artikel %(article)s.")
                wrong["gtin"] = [ValidationError(said % {"code": checks.shown(code), "article": other.article})]
        deposit = getattr(instance, "_deposit", None)
        if deposit is not None:
            instance.deposit_sku = deposit
        if wrong:
            raise ValidationError(wrong)

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        """A row whose code or price alone is new is no row to pass by."""
        if import_validation_errors or original._state.adding:
            return False
        given = (getattr(instance, "_gtin", None), getattr(instance, "_price", None))
        had = (codes_of(original), price_of(original))
        same = all(new is None or new == old for new, old in zip(given, had, strict=True))
        columns = ("name", "group_id", "vat", "unit", "min_age", "deposit_sku", "supplier_sku", "active")
        return same and all(getattr(instance, column) == getattr(original, column) for column in columns)

    def after_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        """Codes become those of the row; another price holds from today."""
        codes, price = getattr(instance, "_gtin", None), getattr(instance, "_price", None)
        if codes is not None and codes != codes_of(instance):
            instance.barcodes.exclude(code__in=codes).delete()
            for code, pieces in codes.items():
                Barcode.objects.update_or_create(code=code, defaults={"article": instance, "pieces": pieces})
        if price is not None and price != price_of(instance):
            today = {"article": instance, "price_list": None, "branch": None, "valid_from": timezone.localdate()}
            Price.objects.update_or_create(**today, defaults={"amount": price, "valid_to": None, "label": ""})

    def dehydrate_gtin(self, article: Any) -> str:
        """Codes as on the packing, divided by a bar."""
        return "|".join(f"{checks.shown(code)}{f'*{n}' if n > 1 else ''}" for code, n in codes_of(article).items())

    def dehydrate_price(self, article: Any) -> str:
        """What it costs for all, in euros."""
        return euros(price_of(article))

    def dehydrate_deposit(self, article: Any) -> str:
        """Euros."""
        deposit = Article.objects.filter(sku=article.deposit_sku).first() if article.deposit_sku else None
        return euros(price_of(deposit)) if deposit else ""


class PriceResource(Resource):
    """Dated prices: for all, for a list or for a branch."""

    article = fields.Field("article", "sku", widget=Known(Article, "sku"))
    price_list = fields.Field("price_list", "price_list", widget=Known(PriceList, "code"), default=None)
    branch = fields.Field("branch", "branch", widget=Known(Branch, "code"), default=None)
    valid_from = fields.Field("valid_from", "valid_from", widget=DayWidget())
    valid_to = fields.Field("valid_to", "valid_to", widget=DayWidget(), default=None)
    amount = fields.Field("amount", "price", widget=CentsWidget())
    label = fields.Field("label", "label", default="")
    batch = fields.Field("batch", "batch", widget=Known(PriceBatch, "name"), default=None)

    class Meta(Resource.Meta):
        model = Price
        import_id_fields = ("article", "price_list", "branch", "valid_from")
        fields = ("article", "price_list", "branch", "valid_from", "valid_to", "amount", "label", "batch")

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """List, branch, end and label may be missing as columns."""
        for column in ("price_list", "branch"):
            if column not in (dataset.headers or ()):
                dataset.append_col([""] * len(dataset), header=column)


class CustomerResource(Resource):
    """Customers by their code."""

    account_allowed = fields.Field("account_allowed", "account", widget=YesWidget(), default=False)
    business = fields.Field("business", "business", widget=YesWidget(), default=False)

    class Meta(Resource.Meta):
        model = Customer
        import_id_fields = ("code",)
        fields = ("code", "name", "vat_id", "email", "account_allowed", "business")


def rates() -> dict[str, int]:
    """Code → rate of today in the office's own country."""
    today = VatRate.objects.filter(country=settings.OFFICE.country, valid_from__lte=timezone.localdate())
    return dict(today.order_by("valid_from").values_list("code", "rate"))


def codes_of(article: Article) -> dict[str, int]:
    """Code → pieces."""
    return dict(Barcode.objects.filter(article=article.pk).values_list("code", "pieces"))


def price_of(article: Article) -> int | None:
    """Cents that the article itself costs today, for all."""
    rows: Iterable[Price] = Price.objects.released().filter(article=article.pk, place="all")
    found = own([Dated(row.valid_from, row.valid_to, row.amount, row.label) for row in rows], timezone.localdate())
    return found.amount if found else None


def _codes(value: Any) -> dict[str, int]:
    codes: dict[str, int] = {}
    for part in str(value or "").split("|"):
        text, _star, pieces = part.strip().partition("*")
        if text.strip():
            codes[checks.barcode(text)] = int(pieces) if pieces.strip().isdigit() else 1
    return codes


def _cents(value: Any) -> int | None:
    if value is None or value == "":
        return None
    # A spreadsheet's cell is a number with two decimals, whatever it looks like.
    return cents(f"{value:.2f}" if isinstance(value, float) else str(value).strip())


def _deposit(value: Any) -> str:
    amount = _cents(value)
    if not amount:
        return ""
    sku = DEPOSIT_SKU.format(amount)
    if not Article.objects.filter(sku=sku, kind="deposit").exists():
        raise ValidationError(_("Er is geen statiegeldartikel van € %s.") % euros(amount))
    return sku
