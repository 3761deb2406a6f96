"""Addresses of the stock's pages."""

from __future__ import annotations

from django.urls import path

from kassa_office.stock.views import counts, levels, orders, transfers

urlpatterns = [
    path("", levels.levels, name="stock"),
    path("artikel/<path:sku>/boeken/", levels.move, name="stock_move"),
    path("artikel/<path:sku>/grenzen/", levels.limits, name="stock_limits"),
    path("artikel/<path:sku>/", levels.article, name="stock_article"),
    path("voorstellen/", orders.proposed, name="proposals"),
    path("voorstellen/klaarzetten/", orders.accept, name="accept_proposals"),
    path("bestellingen/", orders.listed, name="orders"),
    path("bestellingen/nieuw/", orders.new, name="new_order"),
    path("bestellingen/<str:number>/", orders.order, name="order"),
    path("bestellingen/<str:number>/wijzig/", orders.change, name="change_order"),
    path("overboekingen/", transfers.listed, name="transfers"),
    path("overboekingen/nieuw/", transfers.new, name="new_transfer"),
    path("overboekingen/<str:number>/", transfers.transfer, name="transfer"),
    path("overboekingen/<str:number>/wijzig/", transfers.change, name="change_transfer"),
    path("tellingen/", counts.listed, name="counts"),
    path("tellingen/verwerken/", counts.take, name="take_counts"),
    path("tellingen/<str:number>/", counts.taken, name="stock_take"),
]
