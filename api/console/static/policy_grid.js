// Tables of rules edited in place: keys, rows from a spreadsheet, and each change checked where it was made.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const grids = [...document.querySelectorAll("[data-grid]")];
  if (!grids.length) return;
  const one = (name) => document.querySelector(`[data-grid-${name}]`);
  const [field, saves, undoes, status, bar, elsewhere] = ["edits", "saves", "undo", "status", "bar", "elsewhere"].map(one);
  const { check, digest, token } = grids[0].dataset;
  const kept = `ordain:${check}`;
  const was = new WeakMap(); // the text of a cell before its first change
  const dropped = new Map(); // table and rule -> nothing more to know of it
  const order = new Map(); // grid -> its rules as they stand in the text
  const undo = [];
  let at = null; // the cell that keys are for
  let asked = 0, waits = null, checks = false;

  const rowsOf = (grid) => [...grid.querySelectorAll(":scope > .r")];
  const headsOf = (grid) => [...grid.querySelectorAll(":scope > .heads > [data-heading]")].map((each) => each.dataset.heading);
  const gridOf = (cell) => cell.closest("[data-grid]");
  const textOf = (cell) => (was.get(cell)?.shown ?? cell.textContent);
  const cellAt = (row, column) => row?.children[column];
  const columnOf = (cell) => [...cell.parentElement.children].indexOf(cell);
  const beside = (row, by) => { let next = row; for (let n = Math.abs(by); n && next; n--) next = by < 0 ? next.previousElementSibling : next.nextElementSibling; return next?.classList.contains("r") ? next : null; };

  for (const grid of grids) order.set(grid, rowsOf(grid).map((row) => row.dataset.rule));

  // --- what was changed ---------------------------------------------------------------------------------------
  // Rules that stand elsewhere than in the text, in the order in which they are put there. Only as many as it takes are
  // moved: those that are in order with each other, as many as there can be, stay.
  function movedIn(grid) {
    const now = rowsOf(grid).filter((row) => row.dataset.rule), were = new Map(order.get(grid).map((rule, n) => [rule, n]));
    const places = now.map((row) => were.get(row.dataset.rule)), tails = [], before = [];
    for (const [n, place] of places.entries()) {
      let low = 0, high = tails.length;
      while (low < high) { const mid = (low + high) >> 1; if (places[tails[mid]] < place) low = mid + 1; else high = mid; }
      before[n] = low ? tails[low - 1] : -1;
      tails[low] = n;
    }
    const stays = new Set();
    for (let n = tails.at(-1) ?? -1; n >= 0; n = before[n]) stays.add(n);
    return new Map(now.map((row, n) => [row, now[n - 1]?.dataset.rule ?? ""]).filter((_, n) => !stays.has(n)));
  }
  function editOf(row, heads, moved) {
    const grid = gridOf(row), cells = {};
    for (const [n, cell] of [...row.children].entries()) {
      const text = cell.textContent;
      if (row.dataset.rule ? was.has(cell) && was.get(cell).text !== text : text) cells[heads[n]] = text;
    }
    if (row.dataset.rule) {
      const move = moved?.has(row) ? { move: true, after: moved.get(row) } : {};
      return moved?.has(row) || Object.keys(cells).length ? { table: grid.dataset.grid, rule: row.dataset.rule, cells, ...move } : null;
    }
    let above = row.previousElementSibling;
    while (above?.classList.contains("r") && !above.dataset.rule) above = above.previousElementSibling;
    return Object.keys(cells).length ? { table: grid.dataset.grid, after: above?.dataset.rule ?? "", cells } : null;
  }
  const changedRows = new Set();
  const shifted = new Set(); // grids of which a rule was moved
  function edits(rows = changedRows) {
    const told = [];
    for (const grid of grids) {
      const heads = headsOf(grid), moved = rows === changedRows && shifted.has(grid) ? movedIn(grid) : null;
      const own = rowsOf(grid).filter((row) => rows.has(row) || moved?.has(row));
      for (const row of own) { const edit = editOf(row, heads, moved); if (edit) told.push(edit); }
    }
    if (rows === changedRows) for (const [table, rule] of dropped.values()) told.push({ table, rule, drop: true });
    return told;
  }
  function keep() {
    const told = edits();
    field.value = JSON.stringify(told);
    saves.disabled = !told.length;
    undoes.disabled = !undo.length;
    try { if (told.length) localStorage.setItem(kept, field.value); else localStorage.removeItem(kept); } catch { /* it stays on the page */ }
    return told;
  }

  // --- checked ------------------------------------------------------------------------------------------------
  async function ask(what, sent) {
    const answer = await fetch(check, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRF-Token": token }, body: JSON.stringify({ edits: sent, digest, check: what }) });
    const told = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(told.error?.message ?? answer.statusText), { status: answer.status });
    return told;
  }
  function clear(row) {
    for (const cell of row.children) { cell.classList.remove("is-error", "is-warning", "is-note"); cell.removeAttribute("aria-invalid"); delete cell.dataset.finding; }
  }
  function mark(cell, found) {
    cell.classList.add(`is-${found.level}`);
    if (found.level === "error") cell.setAttribute("aria-invalid", "true");
    cell.dataset.finding = [cell.dataset.finding, `${found.message}${found.hint ? `; ${found.hint}` : ""}`].filter(Boolean).join("\n");
  }
  function place(found, rows) {
    const grid = grids.find((each) => each.dataset.grid === found.table);
    if (!grid) return false;
    const heads = headsOf(grid), column = Math.max(heads.indexOf(found.heading), 0);
    const row = found.number ? rowsOf(grid)[found.number - 1] : rows.find((each) => gridOf(each) === grid && each.children[0].textContent.trim() === found.rule) ?? rows.find((each) => gridOf(each) === grid);
    if (!row) return false;
    mark(cellAt(row, column), found);
    return true;
  }
  async function checkRows(rows) {
    const begun = performance.now(), sent = edits(new Set(rows)), mine = ++asked;
    clearTimeout(waits);
    for (const row of rows) clear(row);
    if (sent.length) {
      status.textContent = status.dataset.checking;
      try {
        const told = await ask("rows", sent);
        for (const row of rows) clear(row);
        for (const found of told.findings) place(found, rows);
        status.textContent = told.findings.length ? say(told.findings) : status.dataset.rowFine;
        status.dataset.took = Math.round(performance.now() - begun);
      } catch (error) { status.textContent = error.message; if (error.status === 412) document.dispatchEvent(new Event("draft:others")); }
    }
    show();
    document.dispatchEvent(new Event("grid:checked"));
    if (mine === asked) waits = setTimeout(checkAll, 900, mine);
  }
  async function checkAll(mine) {
    const sent = keep();
    if (!sent.length) { for (const grid of grids) rowsOf(grid).forEach(clear); status.textContent = status.dataset.saved; elsewhere.hidden = true; return; }
    if (checks) { waits = setTimeout(checkAll, 500, mine); return; } // one at a time: each is a process of its own
    checks = true;
    try {
      const told = await ask("all", sent);
      if (mine !== asked) return;
      for (const grid of grids) rowsOf(grid).forEach(clear);
      const rest = told.findings.filter((found) => !place(found, [...changedRows]));
      elsewhere.replaceChildren(...rest.map((found) => Object.assign(document.createElement("li"), { textContent: `${found.level}: ${found.message}${found.hint ? `; ${found.hint}` : ""}` })));
      elsewhere.hidden = !rest.length;
      status.textContent = told.findings.length ? say(told.findings) : status.dataset.fine;
      status.dataset.whole = "yes";
    } catch (error) {
      if (mine !== asked) return;
      if (error.status === 412) document.dispatchEvent(new Event("draft:others"));
      if (error.status === 503) waits = setTimeout(checkAll, 3000, mine);
      else status.textContent = error.message;
    } finally { checks = false; }
    show();
    document.dispatchEvent(new Event("grid:checked"));
  }
  function say(findings) {
    const counts = {};
    for (const each of findings) counts[each.level] = (counts[each.level] ?? 0) + 1;
    return `${status.dataset.found} ${Object.entries(counts).map(([level, n]) => `${n} ${level}`).join(", ")}`;
  }

  // --- changes ------------------------------------------------------------------------------------------------
  function write(cell, text) {
    if (!was.has(cell)) was.set(cell, { text: cell.textContent });
    cell.textContent = text;
    cell.classList.toggle("is-changed", was.get(cell).text !== text);
    changedRows.add(cell.parentElement);
  }
  // `changes` are cells with texts; all of them are undone at once.
  function change(changes) {
    const before = changes.map(([cell]) => [cell, cell.textContent]);
    for (const [cell, text] of changes) write(cell, text);
    undo.push(() => { for (const [cell, text] of before) write(cell, text); return new Set(before.map(([cell]) => cell.parentElement)); });
    keep();
    checkRows([...new Set(changes.map(([cell]) => cell.parentElement))]);
  }
  function made(grid) {
    const row = document.createElement("div");
    row.className = "r is-new"; row.setAttribute("role", "row"); row.dataset.rule = "";
    for (const _ of headsOf(grid)) { const cell = document.createElement("div"); cell.setAttribute("role", "gridcell"); was.set(cell, { text: "" }); row.append(cell); }
    changedRows.add(row);
    return row;
  }
  function add(below) {
    const grid = below.closest("[data-grid]"), row = made(grid);
    below.after(row);
    undo.push(() => { row.remove(); changedRows.delete(row); return new Set(); });
    keep();
    go(cellAt(row, 0));
    return row;
  }
  function drop(row) {
    const near = beside(row, 1) ?? beside(row, -1), above = row.previousElementSibling, grid = gridOf(row), key = `${grid.dataset.grid}\n${row.dataset.rule}`;
    const column = at && row.contains(at) ? columnOf(at) : 0;
    row.remove();
    changedRows.delete(row);
    if (row.dataset.rule) dropped.set(key, [grid.dataset.grid, row.dataset.rule]);
    undo.push(() => { above.after(row); dropped.delete(key); changedRows.add(row); return new Set([row]); });
    keep();
    if (near) go(cellAt(near, column)); else at = null;
    checkRows([]);
  }
  const dialogIsOpen = () => document.querySelector("dialog[open]") !== null;
  function shift(row, by) {
    const other = beside(row, by), grid = gridOf(row), column = at && row.contains(at) ? columnOf(at) : 0;
    if (!other) return;
    const swap = () => { const next = beside(row, by); if (next) (by < 0 ? next.before(row) : next.after(row)); by = -by; shifted.add(grid); };
    swap();
    undo.push(() => { swap(); if (!dialogIsOpen()) go(cellAt(row, column)); return new Set(); }); // what is moved loses the focus
    keep();
    if (!dialogIsOpen()) go(cellAt(row, column));
    checkRows([]);
    const own = rowsOf(grid);
    status.textContent = status.dataset.moved.replace("{rule}", row.children[0].textContent).replace("{number}", own.indexOf(row) + 1).replace("{all}", own.length);
  }
  function back() {
    const rows = undo.pop()?.();
    if (!rows) return;
    keep();
    if (at && !at.isConnected) at = null;
    checkRows([...rows]);
  }

  // --- where keys are, and editing ------------------------------------------------------------------------------
  function show() {
    if (!at) return;
    const heads = headsOf(gridOf(at)), place = document.createElement("b"), text = document.createElement("span");
    place.textContent = `${at.parentElement.children[0].textContent} · ${heads[columnOf(at)]} `;
    text.textContent = at.querySelector("input, textarea")?.value ?? at.textContent;
    text.className = "fixed";
    const parts = [place, text];
    if (at.dataset.finding) { const found = document.createElement("div"); found.className = `pol-finding ${at.classList.contains("is-error") ? "error" : "warning"}`; found.textContent = at.dataset.finding; parts.push(found); }
    bar.replaceChildren(...parts);
  }
  function go(cell) {
    if (!cell) return;
    if (at) at.tabIndex = -1;
    at = cell; at.tabIndex = 0;
    at.focus();
    at.scrollIntoView({ block: "nearest", inline: "nearest" });
    show();
  }
  function move(down, right) {
    const row = down ? beside(at.parentElement, down) ?? (Math.abs(down) > 1 ? (down < 0 ? rowsOf(gridOf(at))[0] : rowsOf(gridOf(at)).at(-1)) : null) : at.parentElement;
    go(cellAt(row, Math.min(Math.max(columnOf(at) + right, 0), at.parentElement.children.length - 1)));
  }
  function begin(cell, typed) {
    const grid = gridOf(cell), head = grid.querySelectorAll(":scope > .heads > [data-heading]")[columnOf(cell)], before = cell.textContent;
    const long = before.includes("\n") || ["because", "comment"].includes(head.dataset.heading);
    const box = document.createElement(long ? "textarea" : "input");
    if (long) box.rows = 2;
    box.value = typed ?? before;
    box.setAttribute("aria-label", `${cell.parentElement.children[0].textContent} ${head.dataset.heading}`);
    if (head.dataset.values && !long) {
      const list = document.createElement("datalist");
      list.id = "cell-values";
      list.append(...JSON.parse(head.dataset.values).map((value) => Object.assign(document.createElement("option"), { value })));
      box.setAttribute("list", list.id);
      cell.replaceChildren(box, list);
    } else cell.replaceChildren(box);
    let done = false;
    const end = (text) => {
      if (done) return;
      done = true;
      cell.textContent = before;
      if (text !== null && text !== before) change([[cell, text]]);
    };
    box.addEventListener("blur", () => end(box.value));
    box.addEventListener("input", show);
    box.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") { end(null); go(cell); }
      else if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); end(box.value); go(cell); move(1, 0); }
      else if (event.key === "Tab") { event.preventDefault(); end(box.value); go(cell); move(0, event.shiftKey ? -1 : 1); }
    });
    box.focus();
    if (typed === undefined) box.select();
    show();
  }

  // --- rows from a spreadsheet ----------------------------------------------------------------------------------
  function rowsIn(text) {
    const rows = [[]];
    let cell = "", quoted = false;
    for (let n = 0; n < text.length; n++) {
      const sign = text[n];
      if (quoted) { if (sign !== '"') cell += sign; else if (text[n + 1] === '"') { cell += sign; n++; } else quoted = false; }
      else if (sign === '"' && !cell) quoted = true;
      else if (sign === "\t") { rows.at(-1).push(cell); cell = ""; }
      else if (sign === "\n") { rows.at(-1).push(cell); cell = ""; rows.push([]); }
      else if (sign !== "\r") cell += sign;
    }
    rows.at(-1).push(cell);
    return rows.filter((row, n) => n < rows.length - 1 || row.length > 1 || row[0]);
  }
  function paste(text) {
    const rows = rowsIn(text), left = columnOf(at), grid = gridOf(at), changes = [], news = [];
    let row = at.parentElement;
    for (const [n, cells] of rows.entries()) {
      if (n) { let next = beside(row, 1); if (!next) { next = made(grid); row.after(next); news.push(next); } row = next; }
      for (const [m, value] of cells.entries()) { const cell = cellAt(row, left + m); if (cell) changes.push([cell, value]); }
    }
    change(changes);
    const cells = undo.pop();
    undo.push(() => { const rest = cells(); for (const each of news) { each.remove(); changedRows.delete(each); rest.delete(each); } return rest; });
    keep();
  }
  function addColumn(grid, heading) {
    if (!heading || headsOf(grid).includes(heading)) return;
    const head = document.createElement("div");
    head.setAttribute("role", "columnheader"); head.dataset.heading = head.textContent = heading;
    grid.querySelector(".heads").lastElementChild.before(head);
    for (const row of rowsOf(grid)) { const cell = document.createElement("div"); cell.setAttribute("role", "gridcell"); row.lastElementChild.before(cell); }
    grid.className = grid.className.replace(/\bn\d+\b/, `n${headsOf(grid).length}`);
  }

  // --- what is done with a grid ---------------------------------------------------------------------------------
  const KEYS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-15, 0], PageDown: [15, 0], Home: [0, -1000], End: [0, 1000] };
  for (const grid of grids) {
    const first = rowsOf(grid)[0]?.children[0];
    if (first) first.tabIndex = 0;
    grid.addEventListener("focusin", (event) => { const cell = event.target.closest("[role=gridcell]"); if (cell && cell !== at) { if (at) at.tabIndex = -1; at = cell; at.tabIndex = 0; show(); } });
    grid.addEventListener("mousedown", (event) => { const cell = event.target.closest("[role=gridcell]"); if (cell && cell !== at) { cell.tabIndex = 0; } });
    grid.addEventListener("click", (event) => { const cell = event.target.closest("[role=gridcell]"); if (cell && !event.target.matches("input, textarea")) go(cell); });
    grid.addEventListener("dblclick", (event) => { const cell = event.target.closest("[role=gridcell]"); if (cell && !event.target.matches("input, textarea")) begin(cell); });
    grid.addEventListener("keydown", (event) => {
      if (!at || event.target !== at) return;
      const control = event.ctrlKey || event.metaKey;
      if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) shift(at.parentElement, event.key === "ArrowUp" ? -1 : 1);
      else if (event.altKey && event.key === "Enter") document.dispatchEvent(new Event("grid:form"));
      else if (control && event.key === "Enter") add(at.parentElement);
      else if (control && event.key === "Delete") drop(at.parentElement);
      else if (control && event.key.toLowerCase() === "z") back();
      else if (control && (event.key === "Home" || event.key === "End")) go(cellAt(event.key === "Home" ? rowsOf(grid)[0] : rowsOf(grid).at(-1), columnOf(at)));
      else if (KEYS[event.key]) move(...KEYS[event.key]);
      else if (event.key === "Enter" || event.key === "F2") begin(at);
      else if (event.key === "Delete" || event.key === "Backspace") change([[at, ""]]);
      else if (event.key.length === 1 && !control && !event.altKey) begin(at, event.key);
      else return;
      event.preventDefault();
    });
  }
  document.addEventListener("copy", (event) => { if (at && document.activeElement === at && !String(getSelection())) { event.clipboardData.setData("text/plain", at.textContent); event.preventDefault(); } });
  document.addEventListener("paste", (event) => {
    if (!at || !at.contains(document.activeElement)) return;
    const text = event.clipboardData.getData("text/plain"), box = at.querySelector("input, textarea");
    if (box && !text.includes("\t")) return;
    event.preventDefault();
    if (box) { box.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" })); }
    paste(text);
  });
  one("add").addEventListener("click", () => { const row = at?.parentElement ?? rowsOf(grids[0]).at(-1); add(row ?? grids[0].querySelector(".heads")); });
  one("drop").addEventListener("click", () => { if (at) drop(at.parentElement); });
  undoes.addEventListener("click", back);
  one("up").addEventListener("click", () => { if (at) shift(at.parentElement, -1); });
  one("down").addEventListener("click", () => { if (at) shift(at.parentElement, 1); });
  for (const button of document.querySelectorAll("[data-grid-adds-column]")) {
    button.addEventListener("click", () => { const panel = button.closest("section"), box = panel.querySelector("[data-grid-column]"); addColumn(panel.querySelector("[data-grid]"), box.value.trim()); box.value = ""; });
  }

  // For the form of one rule. `row` is the one that keys are for, or the first.
  window.ordainGrid = {
    row: () => at?.parentElement ?? rowsOf(grids[0])[0] ?? add(grids[0].querySelector(".heads")),
    heads: (row) => [...gridOf(row).querySelectorAll(":scope > .heads > [data-heading]")],
    change, shift, drop, back, undone: () => !undo.length, add, place: (row) => [rowsOf(gridOf(row)).indexOf(row) + 1, rowsOf(gridOf(row)).length], go: (row) => go(cellAt(row, 0)),
  };

  // What was changed here before and not saved; once it is saved, nothing is kept.
  function restore(told) {
    for (const edit of told) {
      const grid = grids.find((each) => each.dataset.grid === edit.table);
      if (!grid) continue;
      for (const heading of Object.keys(edit.cells ?? {})) if (!headsOf(grid).includes(heading)) addColumn(grid, heading);
      const heads = headsOf(grid), rows = rowsOf(grid);
      const put = (row) => { const above = rows.find((each) => edit.after && each.dataset.rule === edit.after) ?? grid.querySelector(".heads"); above.after(row); shifted.add(grid); };
      let row = rows.find((each) => edit.rule && each.dataset.rule === edit.rule);
      if (edit.drop) { if (row) { row.remove(); dropped.set(`${edit.table}\n${edit.rule}`, [edit.table, edit.rule]); } continue; }
      if (!edit.rule) {
        row = made(grid);
        let above = rows.find((each) => edit.after && each.dataset.rule === edit.after) ?? grid.querySelector(".heads");
        while (above.nextElementSibling?.dataset.rule === "") above = above.nextElementSibling;
        above.after(row);
      }
      if (row && edit.move) put(row);
      if (row) for (const [heading, text] of Object.entries(edit.cells)) write(cellAt(row, heads.indexOf(heading)), text);
    }
  }
  try {
    const before = localStorage.getItem(kept);
    if (before && new URLSearchParams(location.search).get("done") === "policy_table_save") localStorage.removeItem(kept);
    else if (before) { restore(JSON.parse(before)); keep(); checkRows([...changedRows]); status.textContent = status.dataset.kept; }
  } catch { /* nothing is kept */ }
});
