// The little that the pages do by themselves: the menu on a telephone, and the charts.
"use strict";

document.addEventListener("click", (event) => {
  const burger = event.target.closest(".burger");
  if (!burger) return;
  const open = burger.closest(".bar").classList.toggle("open");
  burger.setAttribute("aria-expanded", String(open));
});
