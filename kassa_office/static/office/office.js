// The little that the pages do by themselves: the menu on a telephone, the charts, and asking again for what moves.
"use strict";

document.addEventListener("click", (event) => {
  if (event.target.closest(".print")) { window.print(); return; }
  const burger = event.target.closest(".burger");
  if (!burger) return;
  const open = burger.closest(".bar").classList.toggle("open");
  burger.setAttribute("aria-expanded", String(open));
});

// Figures as they are written in the Low Countries, whatever the browser speaks.
const number = new Intl.NumberFormat("nl-NL", { maximumFractionDigits: 0 });
const euros = (cents) => cents === null || cents === undefined ? "" : "€ " + number.format(cents / 100);
const twice = (value) => String(value).padStart(2, "0");
const dayOf = (seconds) => { const day = new Date(seconds * 1000); return twice(day.getUTCDate()) + "-" + twice(day.getUTCMonth() + 1); };

function draw(box) {
  if (!window.uPlot || box.firstChild) return;
  const data = JSON.parse(box.dataset.chart);
  const css = getComputedStyle(document.documentElement);
  const colour = { now: css.getPropertyValue("--brand").trim(), before: css.getPropertyValue("--before").trim() };
  const ink = css.getPropertyValue("--soft").trim(), line = css.getPropertyValue("--line").trim();
  const hours = data.kind === "hour";
  const x = hours ? data.x : data.x.map((day) => Date.parse(day + "T00:00:00Z") / 1000);
  const bars = (part, align) => uPlot.paths.bars({ size: [part, 60], align: align });
  const few = x.length <= 31;
  const series = data.series.map((one) => ({
    label: one.label, stroke: colour[one.role], width: few ? 0 : 2, points: { show: false },
    fill: few ? colour[one.role] : undefined,
    paths: few ? (one.role === "before" ? bars(0.85, 0) : bars(0.45, 0)) : undefined,
    value: (_plot, value) => euros(value),
  }));
  const apart = hours ? 1 : 86400;
  const options = {
    width: box.clientWidth, height: 240, legend: { show: false }, cursor: { drag: { x: false, y: false } },
    scales: { x: { time: false, range: () => [x[0] - apart / 2, x[x.length - 1] + apart / 2] }, y: { range: (_u, low, high) => [Math.min(0, low || 0), (high || 10000) * 1.08] } },
    axes: [
      { stroke: ink, grid: { show: false }, ticks: { stroke: line }, incrs: hours ? [1, 2, 3, 4, 6] : [1, 2, 7, 14, 28, 91].map((days) => days * 86400), space: hours ? 28 : 56,
        values: (_plot, marks) => marks.map((mark) => hours ? (Number.isInteger(mark) && mark >= 0 && mark < 24 ? twice(mark) : "") : dayOf(mark)) },
      { stroke: ink, size: 74, grid: { stroke: line, width: 1 }, ticks: { show: false }, values: (_plot, marks) => marks.map(euros) },
    ],
    series: [{ label: hours ? "uur" : "dag" }, ...series],
  };
  const plot = new uPlot(options, [x, ...data.series.map((one) => one.values)], box);
  new ResizeObserver(() => { if (box.isConnected && box.clientWidth) plot.setSize({ width: box.clientWidth, height: 240 }); }).observe(box);
}

function ready(root) {
  root.querySelectorAll("[data-chart]").forEach(draw);
}

// "van … t/m" shows its two days only where it is chosen.
function ownDays(select) {
  select.closest("form").classList.toggle("plain-period", select.value !== select.dataset.own);
}

document.addEventListener("DOMContentLoaded", () => {
  ready(document);
  document.querySelectorAll("select[data-own]").forEach(ownDays);
});
document.addEventListener("change", (event) => { if (event.target.matches("select[data-own]")) ownDays(event.target); });

// Polling: not while nobody looks, with the version that is shown, and never the log-in page in place of figures.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.id === "live") event.preventDefault();
});
document.addEventListener("htmx:configRequest", (event) => {
  const etag = event.target.dataset.etag;
  if (etag) event.detail.headers["If-None-Match"] = etag;
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const answered = event.detail.xhr.responseURL;
  if (answered && new URL(answered).pathname !== window.location.pathname) {
    event.detail.shouldSwap = false;
    window.location.reload();
  }
});
document.addEventListener("htmx:afterSwap", () => ready(document));
const offline = (gone) => { const note = document.getElementById("offline"); if (note) note.hidden = !gone; };
document.addEventListener("htmx:sendError", () => offline(true));
document.addEventListener("htmx:responseError", () => offline(true));
document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful || event.detail.xhr.status === 304) offline(false); });
