"""Which branches and which till a page is asked for, and whether the user may see them."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest

from kassa_office.dashboard.figures import visible
from kassa_office.staff.access import branches_of, check_branch
from kassa_office.tills.models import Branch, Till


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, and what there is to choose from."""

    branches: list[str]
    """Codes of those to ask for."""
    company: bool
    """Whether the user sees every branch, and so what belongs to none."""
    names: dict[str, str]
    """Code → name of every branch the user may see."""
    picked: frozenset[str]
    till: str = ""

    @property
    def words(self) -> str:
        """The chosen ones, by name; empty for all."""
        return ", ".join(self.names[code] for code in self.branches) if self.picked else ""


def read(request: HttpRequest) -> Choice:
    """What the address chooses; PermissionDenied (and a line in the record) for another's branch or till."""
    allowed = branches_of(request.user)
    picked = frozenset(code for code in request.GET.getlist("filiaal") if code)
    for code in sorted(picked):
        check_branch(request, code)
    till = request.GET.get("kassa", "")
    if till:
        found = till_of(request, till)
        picked = picked or frozenset([found.branch_id])
    codes = visible(allowed)
    names = dict(Branch.objects.filter(code__in=codes).values_list("code", "name"))
    if picked - set(names):
        raise Http404
    return Choice([code for code in codes if not picked or code in picked], allowed is None, names, picked, till)


def everything(request: HttpRequest) -> Choice:
    """All that the user may see."""
    allowed = branches_of(request.user)
    codes = visible(allowed)
    names = dict(Branch.objects.filter(code__in=codes).values_list("code", "name"))
    return Choice(codes, allowed is None, names, frozenset())


def till_of(request: HttpRequest, code: str) -> Till:
    """A till of one of the user's branches; PermissionDenied for another's, Http404 for none."""
    found = Till.objects.select_related("branch").filter(code=code).first()
    if found is None:
        check_branch(request, "")  # who may not see every branch does not learn which tills there are
        raise Http404
    check_branch(request, found.branch_id)
    return found
