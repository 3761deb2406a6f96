"""Master data in Django's administration: articles with codes, prices and costs, and what else the tills are told."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import CSV, XLSX
from import_export.forms import ExportForm

from kassa_office.catalogue import checks
from kassa_office.catalogue.fields import euros, scaled
from kassa_office.catalogue.models import (
    Article,
    Barcode,
    CostPrice,
    Customer,
    Group,
    Price,
    PriceBatch,
    PriceList,
    Reason,
    ReceiptText,
    Supplier,
    VatRate,
)
from kassa_office.catalogue.resources import ArticleResource, CustomerResource, PriceResource, price_of
from kassa_office.catalogue.rights import ByRole, ManagersToo, OwnerOnly
from kassa_office.staff.access import audit, branches_of


class Files(ImportExportMixin):  # type: ignore[misc]
    """CSV and XLSX, in with a preview and out; the plain form, for the other needs scripts in the page."""

    formats = (CSV, XLSX)
    export_form_class = ExportForm
    show_change_form_export = False


class Fixed(admin.ModelAdmin):  # type: ignore[type-arg]
    """The key of a row that exists is not changed: everything refers to it."""

    fixed: ClassVar[tuple[str, ...]] = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """With the key, once there is one."""
        return (*super().get_readonly_fields(request, obj), *(self.fixed if obj else ()))


class BarcodeForm(forms.ModelForm):  # type: ignore[type-arg]
    """A code as it stands on the packing."""

    class Meta:
        model = Barcode
        fields = ("code", "pieces")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["code"] = checks.shown(self.instance.code)


class BarcodeInline(ByRole, admin.TabularInline):  # type: ignore[type-arg]
    """The codes of an article."""

    model, form, extra = Barcode, BarcodeForm, 1


class PriceInline(ByRole, admin.TabularInline):  # type: ignore[type-arg]
    """The prices of an article, of the branches that the user may see."""

    model, extra = Price, 0
    branch_column = "branch"
    fields = ("price_list", "branch", "valid_from", "valid_to", "amount", "label", "batch")


class CostInline(OwnerOnly, admin.TabularInline):  # type: ignore[type-arg]
    """What an article costs the shop; not for managers."""

    model, extra = CostPrice, 0


@admin.register(Article)
class ArticleAdmin(ByRole, Files, Fixed):
    """Articles."""

    resource_classes = (ArticleResource,)
    fixed = ("sku",)
    list_display = ("sku", "name", "group", "price", "vat", "unit", "active")
    list_filter = ("active", "group", "vat", "kind", "supplier")
    search_fields = ("sku", "name", "barcodes__code", "supplier_sku")
    search_help_text = gettext_lazy("Nummer, naam of streepjescode")
    list_select_related = ("group",)
    show_full_result_count = False
    autocomplete_fields = ("group", "supplier")
    inlines = (BarcodeInline, PriceInline, CostInline)
    fieldsets = (
        (None, {"fields": ("sku", "name", "group", "vat", "unit", "active")}),
        (gettext_lazy("Verkoop"), {"fields": ("kind", "deposit_sku", "min_age", "no_discount", "tare", "rank")}),
        (gettext_lazy("Inkoop"), {"fields": ("supplier", "supplier_sku", "pack")}),
    )

    @admin.display(description=gettext_lazy("prijs"))
    def price(self, article: Article) -> str:
        """For all, today."""
        return euros(price_of(article))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """A code is found however it is written."""
        found, many = super().get_search_results(request, queryset, search_term)
        digits = search_term.strip()
        if digits.isascii() and digits.isdigit() and len(digits) >= 8:
            found = found | queryset.filter(barcodes__code=digits.zfill(14))
            many = True
        return found, many


@admin.register(Group)
class GroupAdmin(ByRole, Fixed):
    """Product groups."""

    list_display = ("id", "name", "vat", "active")
    list_filter = ("active", "vat")
    search_fields = ("name",)


@admin.register(VatRate)
class VatRateAdmin(OwnerOnly, Fixed):
    """VAT rates: a change is a further row from its day on."""

    list_display = ("country", "code", "percent", "valid_from")
    list_filter = ("country", "code")
    fixed = ("country", "code", "valid_from")

    @admin.display(description="%")
    def percent(self, rate: VatRate) -> str:
        """Per cents."""
        return scaled(rate.rate, 2)


@admin.register(Supplier)
class SupplierAdmin(ByRole, Fixed):
    """Suppliers."""

    list_display = ("code", "name", "email", "lead_days", "review_days")
    search_fields = ("code", "name")
    fixed = ("code",)


@admin.register(PriceList)
class PriceListAdmin(ByRole, Fixed):
    """Price lists; which branch has which is said at the branch."""

    list_display = ("code", "name")
    fixed = ("code",)


@admin.register(Price)
class PriceAdmin(ManagersToo, Files, admin.ModelAdmin):  # type: ignore[type-arg]
    """Dated prices; a manager's own branches only."""

    resource_classes = (PriceResource,)
    branch_column = "branch"
    list_display = ("article", "branch", "price_list", "valid_from", "valid_to", "euros", "label", "batch")
    list_filter = ("branch", "price_list", "batch", "valid_from")
    search_fields = ("article__sku", "article__name")
    autocomplete_fields = ("article",)
    list_select_related = ("article", "branch", "price_list", "batch")
    show_full_result_count = False

    @admin.display(description=gettext_lazy("prijs"), ordering="amount")
    def euros(self, price: Price) -> str:
        """Euros."""
        return euros(price.amount)

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        """A manager has nothing to do with lists and rounds."""
        return () if branches_of(request.user) is None else ("price_list", "batch")


@admin.register(PriceBatch)
class PriceBatchAdmin(ByRole, admin.ModelAdmin):  # type: ignore[type-arg]
    """Prices that begin together: prepared in quiet, released at once."""

    list_display = ("name", "starts", "prices", "released_at")
    list_filter = ("starts",)
    search_fields = ("name",)
    readonly_fields = ("released_at",)
    actions = ("release", "withdraw")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the number of prices."""
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(count=Count("price"))
        return counted

    @admin.display(description=gettext_lazy("prijzen"))
    def prices(self, batch: Any) -> int:
        """How many there are."""
        return int(batch.count)

    @admin.action(description=gettext_lazy("Vrijgeven voor de kassa's"), permissions=["change"])
    def release(self, request: HttpRequest, batches: QuerySet[PriceBatch]) -> None:
        """Tell the tills."""
        self._set(request, batches, timezone.now(), "prices.released")

    @admin.action(description=gettext_lazy("Intrekken bij de kassa's"), permissions=["change"])
    def withdraw(self, request: HttpRequest, batches: QuerySet[PriceBatch]) -> None:
        """Take them back."""
        self._set(request, batches, None, "prices.withdrawn")

    def _set(self, request: HttpRequest, batches: QuerySet[PriceBatch], at: Any, act: str) -> None:
        for batch in batches:
            batch.released_at = at
            batch.save(update_fields=["released_at"])
            audit(request, act, batch=batch.name, starts=batch.starts.isoformat())
        done = ngettext("%d prijsronde bijgewerkt", "%d prijsrondes bijgewerkt", len(batches)) % len(batches)
        self.message_user(request, done)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Prices of a round begin with it."""
        super().save_related(request, form, formsets, change)
        if "starts" in form.changed_data:
            for price in form.instance.price_set.exclude(valid_from=form.instance.starts):
                same = Price.objects.filter(article=price.article_id, place=price.place)
                if same.filter(valid_from=form.instance.starts).exists():
                    said = _("%s heeft op die dag al een andere prijs; die blijft.") % price.article
                    self.message_user(request, said, "warning")
                    continue
                price.valid_from = form.instance.starts
                price.save()


@admin.register(Reason)
class ReasonAdmin(ByRole, admin.ModelAdmin):  # type: ignore[type-arg]
    """Reasons that tills offer."""

    list_display = ("what", "code", "text", "active")
    list_filter = ("what", "active")
    search_fields = ("code", "text")


@admin.register(ReceiptText)
class ReceiptTextAdmin(ManagersToo, admin.ModelAdmin):  # type: ignore[type-arg]
    """Lines on receipts."""

    branch_column = "branch"
    list_display = ("__str__", "branch", "place", "valid_from", "valid_to")
    list_filter = ("branch", "place")


@admin.register(Customer)
class CustomerAdmin(ByRole, Files, Fixed):
    """Customers."""

    resource_classes = (CustomerResource,)
    list_display = ("code", "name", "vat_id", "business", "account_allowed")
    list_filter = ("business", "account_allowed")
    search_fields = ("code", "name", "vat_id", "email")
    fixed = ("code",)
