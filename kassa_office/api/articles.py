"""REST: articles with their barcodes, groups, and prices by day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Field, Path, Query, Router, Schema, Status

from kassa_office.api.common import (
    Day,
    Exact,
    Given,
    InPath,
    Name,
    Paging,
    Price,
    Short,
    Thousandths,
    answers,
    caller,
    check_match,
    own_branch,
    tag_of,
    tagged,
    whole_company,
)
from kassa_office.api.paging import page
from kassa_office.api.problems import Refused
from kassa_office.api.tokens import Scope
from kassa_office.catalogue import checks
from kassa_office.catalogue.models import LAST_RANK, Article, Barcode, Group, PriceList, Supplier
from kassa_office.catalogue.models import Price as PriceRow
from kassa_office.staff.access import audit
from kassa_office.tills.models import Branch

router = Router(tags=["articles"])
READ, WRITE = Scope("articles:read", "articles:write"), Scope("articles:write")

Place = Annotated[
    str,
    Field(pattern=r"^(all|list:[A-Za-z0-9_.-]{1,16}|branch:[A-Za-z0-9_.-]{1,16})$",
          description="`all`, `list:CODE` or `branch:CODE`."),
]  # fmt: skip


class BarcodeRow(Given):
    """A code that is scanned."""

    code: Annotated[str, Field(min_length=1, max_length=48, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
    pieces: Annotated[int, Field(ge=1, le=100_000, description="How many a scan of it counts."), Exact] = 1


class ArticlePatch(Given):
    """What of an article is to change; what is left out stays."""

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")] = ""
    group: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")] = Field(
        "", description="Name of a group that there is."
    )
    vat: Annotated[str, Field(min_length=1, max_length=12, pattern=r"^[a-z0-9_]+$")] = Field(
        "", description="VAT code, `low`, `high`, `none` …"
    )
    unit: Literal["each", "kg"] = "each"
    kind: Literal["goods", "deposit", "voucher"] = "goods"
    deposit_sku: Short = ""
    min_age: Annotated[int, Field(ge=0, le=99), Exact] = 0
    no_discount: bool = False
    rank: Annotated[int, Field(ge=0, le=LAST_RANK), Exact] = LAST_RANK
    tare: Annotated[int, Field(ge=0, le=9999, description="Grams of the packing in which it is weighed."), Exact] = 0
    supplier: Annotated[str, Field(max_length=20, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")] = Field(
        "", description="Code of a supplier that there is; empty for none."
    )
    supplier_sku: Short = ""
    pack: Thousandths = 1000
    active: bool = True
    barcodes: list[BarcodeRow] = Field(default=[], max_length=100, description="All of them; others are taken away.")


class ArticleWhole(ArticlePatch):
    """An article whole; what is left out becomes what is usual."""

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
    group: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
    vat: Annotated[str, Field(min_length=1, max_length=12, pattern=r"^[a-z0-9_]+$")]


class BarcodeOut(Schema):
    """A code that is scanned."""

    code: str = Field(description="A GTIN as it stands on the packing.")
    pieces: int


class ArticleOut(Schema):
    """An article."""

    sku: str
    name: str
    group: str
    vat: str
    unit: str
    kind: str
    deposit_sku: str
    min_age: int
    no_discount: bool
    rank: int
    tare: int
    supplier: str
    supplier_sku: str
    pack: Thousandths
    active: bool
    barcodes: list[BarcodeOut]
    changed_at: datetime


class Articles(Schema):
    """A page of articles, by number."""

    items: list[ArticleOut]
    next: str | None


class ArticleFilter(Paging):
    """Which articles."""

    sku: Short | None = None
    barcode: Annotated[str, Field(max_length=48, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")] | None = Field(
        None, description="In any way it may be written."
    )
    group: Annotated[str, Field(max_length=80, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")] | None = None
    text: Name | None = Field(None, description="In the name.")
    active: bool | None = None
    changed_since: datetime | None = None


class GroupRow(Given):
    """A product group."""

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
    vat: Annotated[str, Field(min_length=1, max_length=12, pattern=r"^[a-z0-9_]+$")]
    active: bool = True


class GroupOut(Schema):
    """A product group."""

    id: int
    name: str
    vat: str
    active: bool


class PriceGiven(Given):
    """A price from a day on."""

    valid_to: Day | None = Field(None, description="Last day; null has no end.")
    amount: Price
    label: Short = Field("", description="Stands on the receipt.")


class PriceOut(Schema):
    """A price from a day on, in a place."""

    place: str
    valid_from: date
    valid_to: date | None
    amount: Price
    label: str
    released: bool = Field(description="Whether tills know it: prices of a batch do once that is released.")


@router.get("/articles", response=answers(Articles), auth=READ)
def articles(request: HttpRequest, asked: Query[ArticleFilter]) -> dict[str, Any]:
    """Articles by number. Scope `articles:read`."""
    rows = _whole(Article.objects.all())
    if asked.sku is not None:
        rows = rows.filter(sku=asked.sku)
    if asked.barcode is not None:
        rows = rows.filter(barcodes__code__in=_forms(asked.barcode))
    if asked.group is not None:
        rows = rows.filter(group__name=asked.group)
    if asked.text:
        rows = rows.filter(name__icontains=asked.text)
    if asked.active is not None:
        rows = rows.filter(active=asked.active)
    if asked.changed_since is not None:
        rows = rows.filter(changed_at__gte=asked.changed_since)
    return page(rows, ["sku"], asked.cursor, asked.limit, shown)


@router.get("/articles/{sku}", response=answers(ArticleOut), auth=READ)
def article(request: HttpRequest, response: HttpResponse, sku: InPath) -> dict[str, Any]:
    """One article, with its ETag. Scope `articles:read`."""
    return tagged(response, shown(_article(sku)))


@router.put("/articles/{sku}", response=answers({200: ArticleOut, 201: ArticleOut}), auth=WRITE)
def put_article(
    request: HttpRequest, response: HttpResponse, sku: InPath, given: ArticleWhole
) -> Any:  # fmt: skip
    """Make an article, or say anew what it is. Scope `articles:write`, of a token for all branches."""
    whole_company(request)
    with transaction.atomic():
        row = _whole(Article.objects.filter(sku=sku)).first()
        check_match(request, shown(row) if row else None)
        made = row is None
        row = row or Article(sku=sku)
        _write(row, given.dict())
        audit(caller(request).name, "article.made" if made else "article.changed", sku=sku)
    data = shown(_article(sku))
    response["ETag"] = tag_of(data)
    return Status(201 if made else 200, data)


@router.patch("/articles/{sku}", response=answers(ArticleOut), auth=WRITE)
def patch_article(request: HttpRequest, response: HttpResponse, sku: InPath, given: ArticlePatch) -> dict[str, Any]:
    """Change some of an article. Scope `articles:write`, of a token for all branches."""
    whole_company(request)
    with transaction.atomic():
        row = _article(sku)
        check_match(request, shown(row))
        _write(row, given.dict(exclude_unset=True))
        audit(caller(request).name, "article.changed", sku=sku, fields=sorted(given.model_fields_set))
    return tagged(response, shown(_article(sku)))


@router.get("/articles/{sku}/prices", response=answers(list[PriceOut]), auth=READ)
def prices(request: HttpRequest, sku: InPath) -> list[dict[str, Any]]:
    """The prices of an article that these branches can have, by place and day. Scope `articles:read`."""
    rows = PriceRow.objects.filter(article=_article(sku)).select_related("batch").order_by("place", "valid_from")
    allowed = caller(request).branches
    if allowed is not None:
        lists = Branch.objects.filter(code__in=allowed, price_list__isnull=False).values("price_list")
        rows = rows.filter(Q(place="all") | Q(branch__in=allowed) | Q(price_list__in=lists))
    return [_price(row) for row in rows]


@router.put(
    "/articles/{sku}/prices/{place}/{valid_from}",
    response=answers({200: PriceOut, 201: PriceOut}),
    auth=WRITE,
)
def put_price(request: HttpRequest, sku: InPath, place: Path[Place], valid_from: Path[Day], given: PriceGiven) -> Any:
    """Set the price from a day on. Scope `articles:write`; a token of some branches sets theirs only."""
    with transaction.atomic():
        columns = _place(request, place)
        row = PriceRow.objects.filter(article=_article(sku), place=place, valid_from=valid_from).first()
        made = row is None
        row = row or PriceRow(article_id=sku, valid_from=valid_from, **columns)
        row.valid_to, row.amount, row.label = given.valid_to, given.amount, given.label
        row.full_clean()
        row.save()
        audit(caller(request).name, "price.set", sku=sku, place=place, day=str(valid_from), amount=given.amount)
    return Status(201 if made else 200, _price(row))


@router.delete("/articles/{sku}/prices/{place}/{valid_from}", response=answers({204: None}), auth=WRITE)
def delete_price(request: HttpRequest, sku: InPath, place: Path[Place], valid_from: Path[Day]) -> Any:
    """Take a price away. Scope `articles:write`; a token of some branches theirs only."""
    with transaction.atomic():
        _place(request, place)
        row = PriceRow.objects.filter(article=_article(sku), place=place, valid_from=valid_from).first()
        if row is None:
            raise Refused(404, "unknown")
        row.delete()
        audit(caller(request).name, "price.gone", sku=sku, place=place, day=str(valid_from))
    return Status(204, None)


@router.get("/groups", response=answers(list[GroupOut]), auth=READ)
def groups(request: HttpRequest) -> Any:
    """All product groups, by name. Scope `articles:read`."""
    return Group.objects.order_by("name")


@router.post("/groups", response=answers({201: GroupOut}), auth=WRITE)
def make_group(request: HttpRequest, given: GroupRow) -> Any:
    """Make a product group. Scope `articles:write`, of a token for all branches."""
    whole_company(request)
    with transaction.atomic():
        row = Group(**given.dict())
        row.full_clean()
        row.save()
        audit(caller(request).name, "group.made", name=row.name)
    return Status(201, row)


@router.put("/groups/{group_id}", response=answers(GroupOut), auth=WRITE)
def put_group(request: HttpRequest, group_id: Path[Annotated[int, Field(ge=1, le=2**62)]], given: GroupRow) -> Any:
    """Change a product group. Scope `articles:write`, of a token for all branches."""
    whole_company(request)
    with transaction.atomic():
        row = Group.objects.filter(pk=group_id).first()
        if row is None:
            raise Refused(404, "unknown")
        row.name, row.vat, row.active = given.name, given.vat, given.active
        row.full_clean()
        row.save()
        audit(caller(request).name, "group.changed", name=row.name)
    return row


def shown(row: Article) -> dict[str, Any]:
    """An article as it is answered."""
    codes = sorted((checks.shown(one.code), one.pieces) for one in row.barcodes.all())
    return {
        "sku": row.sku, "name": row.name, "group": row.group.name, "vat": row.vat, "unit": row.unit, "kind": row.kind,
        "deposit_sku": row.deposit_sku, "min_age": row.min_age, "no_discount": row.no_discount, "rank": row.rank,
        "tare": row.tare, "supplier": row.supplier_id or "", "supplier_sku": row.supplier_sku, "pack": row.pack,
        "active": row.active, "barcodes": [{"code": code, "pieces": pieces} for code, pieces in codes],
        "changed_at": row.changed_at,
    }  # fmt: skip


def _whole(rows: QuerySet[Article]) -> QuerySet[Article]:
    return rows.select_related("group").prefetch_related("barcodes")


def _article(sku: str) -> Article:
    found = _whole(Article.objects.filter(sku=sku)).first()
    if found is None:
        raise Refused(404, "unknown", {"sku": sku})
    return found


def _forms(code: str) -> list[str]:
    try:
        return [checks.barcode(code)]
    except Exception:  # noqa: BLE001 - a code that cannot be is of no article
        return []


def _write(row: Article, given: dict[str, Any]) -> None:
    codes = given.pop("barcodes", None)
    if "group" in given:
        row.group = _known(Group, "group", name=given.pop("group"))
    if "supplier" in given:
        code = given.pop("supplier")
        row.supplier = _known(Supplier, "supplier", code=code) if code else None
    for name, value in given.items():
        setattr(row, name, value)
    adding = row._state.adding
    row.full_clean(validate_unique=adding)
    row.save(force_insert=adding)
    if codes is not None:
        _write_codes(row, codes)


def _write_codes(row: Article, given: list[dict[str, Any]]) -> None:
    wanted = {checks.barcode(one["code"]): one["pieces"] for one in given}
    for old in Barcode.objects.filter(article=row).exclude(code__in=wanted):
        old.delete()
    have = {one.code: one for one in Barcode.objects.filter(article=row)}
    for code, pieces in wanted.items():
        one = have.get(code) or Barcode(article=row, code=code)
        if one._state.adding or one.pieces != pieces:
            one.pieces = pieces
            one.full_clean()
            one.save()


def _known(model: Any, field: str, **key: str) -> Any:
    found = model.objects.filter(**key).first()
    if found is None:
        raise Refused(409, "unknown_value", {"field": field})
    return found


def _place(request: HttpRequest, place: str) -> dict[str, str]:
    """Columns of a place; whose branches it concerns is looked at first."""
    kind, _, code = place.partition(":")
    if kind == "branch":
        return {"branch_id": own_branch(request, code).code}
    whole_company(request)
    if kind == "list":
        return {"price_list_id": _known(PriceList, "place", code=code).code}
    return {}


def _price(row: PriceRow) -> dict[str, Any]:
    return {
        "place": row.place, "valid_from": row.valid_from, "valid_to": row.valid_to, "amount": row.amount,
        "label": row.label, "released": row.batch is None or row.batch.released_at is not None,
    }  # fmt: skip
