// Searches by a name, kept in this browser alone: the addresses that they have. Dropping one can be taken back.
"use strict";

(() => {
  const KEY = "saved-searches", MOST = 50;
  const place = document.querySelector("[data-saved-searches]");
  if (!place) return;
  const base = place.dataset.savedSearches, list = place.querySelector("ul"), form = place.querySelector("form"), said = place.querySelector("[data-said]");

  // Each a name and what follows `?`; whatever else lies there is passed over.
  function kept() {
    try {
      const all = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      return Array.isArray(all) ? all.filter((each) => typeof each?.name === "string" && typeof each?.query === "string") : [];
    } catch { return []; }
  }
  function keep(all) {
    try { localStorage.setItem(KEY, JSON.stringify(all.slice(0, MOST))); } catch { /* this browser keeps nothing */ }
    show();
  }

  function asked() {
    const query = new URLSearchParams(location.search);
    for (const name of ["after", "done", "as"]) query.delete(name);
    for (const [name, value] of [...query]) if (!value) query.delete(name, value);
    return query.toString();
  }

  function tell(text, undo) {
    said.textContent = text;
    if (!undo) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = said.dataset.back;
    button.addEventListener("click", () => { undo(); said.textContent = ""; });
    said.append(" ", button);
  }

  function show() {
    const all = kept();
    place.querySelector("[data-none]").hidden = all.length > 0;
    list.replaceChildren(...all.map((each) => {
      const item = document.createElement("li"), link = document.createElement("a"), drop = document.createElement("button");
      link.href = each.query ? `${base}?${each.query}` : base;
      link.textContent = each.name;
      if (each.query === asked()) link.setAttribute("aria-current", "page");
      drop.type = "button";
      drop.textContent = "×";
      drop.setAttribute("aria-label", place.dataset.drop.replace("{}", () => each.name));
      drop.addEventListener("click", () => {
        keep(kept().filter((other) => other.name !== each.name));
        tell(said.dataset.dropped, () => keep(all));
        said.querySelector("button").focus();
      });
      item.append(link, " ", drop);
      return item;
    }));
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = form.elements.name.value.trim();
    if (!name) return;
    keep([{ name, query: asked() }, ...kept().filter((each) => each.name !== name)]);
    form.reset();
    tell(said.dataset.said);
  });
  place.hidden = false;
  show();
})();
