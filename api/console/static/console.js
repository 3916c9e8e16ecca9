// The little that a page of the console does by itself: the theme, plots, what is live, and keys. No page needs it to be read.
"use strict";

(() => {
  const root = document.documentElement;
  const kept = (() => { try { return localStorage.getItem("theme"); } catch { return null; } })();
  if (kept) root.dataset.theme = kept;

  const token = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const plots = new Map();

  // Hours of a day, or days, as ISO 8601 has them: no order of day and month to be guessed.
  const two = (number) => String(number).padStart(2, "0");
  const moment = (seconds, step) => {
    const at = new Date(seconds * 1000);
    const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    return step >= 86400 ? day : at.getHours() === 0 && at.getMinutes() === 0 ? day.slice(5) : `${two(at.getHours())}:${two(at.getMinutes())}`;
  };
  const full = (seconds) => (seconds === null ? "–" : `${moment(seconds, 86400)} ${moment(seconds + 0.001, 0)}`);

  // <div data-plot='{"x": [...], "series": [{"label": "...", "values": [...]}], "time": true, "bars": false, "stacked": false, "unit": ""}'>
  // `stacked`: bars one upon the other, drawn from the highest sum to the lowest; the legend says what each has alone.
  function plot(place) {
    if (typeof uPlot === "undefined") return;
    const told = JSON.parse(place.dataset.plot);
    const colours = ["--one", "--two", "--three", "--four"].map(token);
    const sums = told.stacked ? told.series.map((_, at) => told.x.map((_, n) => told.series.slice(0, at + 1).reduce((sum, each) => sum + (each.values[n] ?? 0), 0))) : null;
    const shown = told.stacked ? told.series.map((each, at) => ({ ...each, values: sums[at], own: each.values })).reverse() : told.series;
    const bars = Boolean(told.bars || told.stacked), colour = (each) => (each.colour ? token(each.colour) : colours[told.series.findIndex((own) => own.label === each.label) % colours.length]);
    const axis = { stroke: token("--soft"), grid: { stroke: token("--line"), width: 1 }, ticks: { stroke: token("--line") } };
    const made = new uPlot({
      width: place.clientWidth || 600,
      height: place.clientHeight || 256,
      scales: { x: { time: Boolean(told.time) } },
      axes: [{ ...axis, label: told.xlabel, ...(told.time ? { values: (_, splits, at, space, step) => splits.map((each) => moment(each, step)) } : {}) }, { ...axis, label: told.unit, size: 64 }],
      series: [{ label: told.xlabel || (told.time ? "time" : ""), ...(told.time ? { value: (_, at) => full(at) } : {}) }, ...shown.map((each) => ({
        label: each.label, stroke: colour(each), width: told.stacked ? 0 : 2, dash: each.dash,
        points: { show: !bars && told.x.length < 60 }, paths: bars ? uPlot.paths.bars({ size: [0.8, 40] }) : undefined,
        fill: bars ? colour(each) : undefined, ...(each.own ? { value: (_, value, n, at) => (at === null ? "–" : each.own[at]) } : {}),
      }))],
    }, [told.x, ...shown.map((each) => each.values)], place);
    plots.get(place)?.destroy();
    plots.set(place, made);
  }

  // Draws what is new on the page, and forgets what is no longer there.
  function draw() {
    for (const [place, made] of plots) if (!place.isConnected) { made.destroy(); plots.delete(place); }
    for (const place of document.querySelectorAll("[data-plot]")) if (!plots.has(place)) plot(place);
  }

  // On a phone the rows of such a table are blocks (console.css): each cell then says the heading of its column.
  function label() {
    for (const table of document.querySelectorAll("table.rows")) {
      const heads = [...(table.tHead?.rows[0]?.cells ?? [])].map((each) => each.textContent.trim());
      for (const row of table.tBodies[0]?.rows ?? []) [...row.cells].forEach((cell, at) => { if (heads[at] && row.cells.length === heads.length) cell.dataset.label = heads[at]; });
    }
  }

  // <ul data-live="/v1/events/stream?..." data-live-type="..."> gets an item for each event, newest first.
  function listen(place) {
    const source = new EventSource(place.dataset.live);
    const put = (event) => {
      const said = JSON.parse(event.data);
      place.dispatchEvent(new CustomEvent("told", { detail: said, bubbles: true }));
    };
    source.onmessage = put;
    for (const type of (place.dataset.liveType || "").split(",").filter(Boolean)) source.addEventListener(type, put);
    addEventListener("pagehide", () => source.close());
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelector("[data-theme-switch]")?.addEventListener("click", () => {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      try { localStorage.setItem("theme", root.dataset.theme); } catch { /* it holds for this page */ }
      for (const place of [...plots.keys()]) plot(place);
    });
    draw();
    label();
    for (const place of document.querySelectorAll("[data-live]")) listen(place);
  });
  document.addEventListener("htmx:after:swap", () => { draw(); label(); }); // htmx 4 tells it of the element that asked, not of the one that changed
  let waits;
  addEventListener("resize", () => {
    clearTimeout(waits);
    waits = setTimeout(() => { for (const [place, made] of plots) made.setSize({ width: place.clientWidth, height: place.clientHeight || 256 }); }, 100);
  });
  // `/` goes to the first field that searches, as in many consoles.
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input, textarea, select, [contenteditable]")) {
      const field = document.querySelector("input[type=search]");
      if (field) { event.preventDefault(); field.focus(); }
    }
  });
})();
