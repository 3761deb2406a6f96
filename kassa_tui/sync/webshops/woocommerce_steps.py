"""Bringing a WooCommerce order to a step: a status where the shop has one, else a note and a mark of ours."""

from __future__ import annotations

from kassa_tui.sync.webshops.access import Options
from kassa_tui.sync.webshops.base import Permanent, Stage, Step
from kassa_tui.sync.webshops.woocommerce_orders import STEP_META, stage
from kassa_tui.sync.webshops.woocommerce_web import MAX_PAGE, Api, Row, is_gone, one, rows, text

STATUSES: dict[Step, str] = {
    "prepare": "processing",
    "shipped": "completed",
    "done": "completed",
    "cancelled": "cancelled",
}
"""The shop's own; it has none for ready to be picked up."""
_RANK: dict[Stage, int] = {"unpaid": 0, "unknown": 0, "prepare": 1, "ready": 2, "done": 3}
_STEPS: dict[Step, int] = {"prepare": 1, "ready": 2, "shipped": 3, "done": 3}


def bring(api: Api, order_id: str, step: Step, note: str, options: Options) -> Row:
    """The order at this step, or further on its way.

    Raises:
        Permanent: ``unknown_order``; ``refused`` for an order that was called off or refunded.
    """
    path = f"/orders/{order_id}"
    try:
        order = one(api.get(path, [("dp", 6)]))
        if _is_there(order, step, options):
            return order
        if note:
            _tell(api, path, note, options)
        return one(api.send("PUT", path, [("dp", 6)], _change(step, options), repeat=True))
    except Permanent as error:
        if is_gone(error):
            raise Permanent("unknown_order", {"order": order_id}) from error
        raise


def _is_there(order: Row, step: Step, options: Options) -> bool:
    now = stage(order, options)
    wanted = _own(step, options)
    if wanted and text(order, "status") == wanted:
        return True
    if step == "cancelled":
        return now in ("cancelled", "refunded")
    if now in ("cancelled", "refunded"):
        # To hand over what the shop has called off is for a person to settle.
        raise Permanent("refused", {"says": text(order, "status")})
    return _RANK[now] >= _STEPS[step]


def _own(step: Step, options: Options) -> str:
    """The owner's status for a step, as the shop's API calls it."""
    return options.steps.get(step, "").removeprefix("wc-")


def _change(step: Step, options: Options) -> Row:
    """Absolute, so that it may be sent twice."""
    status = _own(step, options) or STATUSES.get(step)
    if status:
        return {"status": status}
    return {"meta_data": [{"key": STEP_META, "value": step}]}


def _tell(api: Api, path: str, note: str, options: Options) -> None:
    """A note on the order, which is mailed to the customer where the owner wants that; not twice the same."""
    known = [text(row, "note").strip() for row in rows(api.get(f"{path}/notes", [("per_page", MAX_PAGE)]))]
    if note.strip() not in known:
        api.send("POST", f"{path}/notes", json={"note": note, "customer_note": options.notes_to_customer})
