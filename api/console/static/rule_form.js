// One rule of a table as a form: what is typed here stands in the table at once, and is checked there.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const dialog = document.getElementById("rule-form"), grid = window.ordainGrid;
  if (!dialog || !grid) return;
  const words = JSON.parse(dialog.dataset.words), one = (name) => dialog.querySelector(`[data-rule-${name}]`);
  const [title, place, fields, status] = ["title", "place", "fields", "status"].map(one);
  const NUMBER = "-?\\d+(?:\\.\\d+)?";
  // How a condition about a number is written, by what somebody means; `plain` is whatever these do not say.
  const SAID = {
    any: [/^$/, () => ""],
    is: [new RegExp(`^(${NUMBER})$`), (low) => low],
    more: [new RegExp(`^>\\s*(${NUMBER})$`), (low) => `> ${low}`],
    least: [new RegExp(`^>=\\s*(${NUMBER})$`), (low) => `>= ${low}`],
    less: [new RegExp(`^<\\s*(${NUMBER})$`), (low) => `< ${low}`],
    most: [new RegExp(`^<=\\s*(${NUMBER})$`), (low) => `<= ${low}`],
    between: [new RegExp(`^\\[\\s*(${NUMBER})\\s*\\.\\.\\s*(${NUMBER})\\s*\\]$`), (low, high) => `[${low}..${high}]`],
    unknown: [/^null$/, () => "null"],
  };
  let row = null, shown = [];

  const made = (tag, more = {}, ...inside) => { const each = Object.assign(document.createElement(tag), more); each.append(...inside); return each; };
  const textOf = (cell) => cell.textContent;
  const told = (name, values) => words[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);

  function conditionOf(text) {
    for (const [name, [pattern]] of Object.entries(SAID)) { const found = pattern.exec(text.trim()); if (found) return { name, low: found[1] ?? "", high: found[2] ?? "" }; }
    return { name: "plain", low: text, high: "" };
  }
  function options(select, pairs, chosen) {
    for (const [value, text] of pairs) select.append(new Option(text, value, false, value === chosen));
  }
  // A field gives its controls, the first of which the label is for, and what they say as the text of a cell.
  function numberField(cell, name) {
    const was = conditionOf(textOf(cell)), how = made("select"), low = made("input", { value: was.low }), high = made("input", { value: was.high });
    options(how, [...Object.keys(SAID), "plain"].map((each) => [each, words[each]]), was.name);
    low.setAttribute("aria-label", told("value_of", { name }));
    high.setAttribute("aria-label", told("high_of", { name }));
    const place = () => { low.hidden = ["any", "unknown"].includes(how.value); high.hidden = how.value !== "between"; low.inputMode = how.value === "plain" ? "text" : "decimal"; };
    how.addEventListener("change", place);
    place();
    const said = () => { // what is not whole yet is not said
      if (how.value === "plain") return low.value;
      if (!low.hidden && !low.value.trim()) return null;
      return !high.hidden && !high.value.trim() ? null : SAID[how.value][1](low.value.trim(), high.value.trim());
    };
    return { controls: [how, low, high], said };
  }
  function choiceField(cell, values, any) {
    const now = textOf(cell), select = made("select"), known = [...(any ? ["", "null"] : [""]), ...values];
    options(select, known.map((each) => [each, each === "" ? words[any ? "any" : "none"] : each === "null" ? words.unknown : each]), now);
    if (!known.includes(now)) select.append(new Option(now, now, true, true));
    return { controls: [select], said: () => select.value };
  }
  function plainField(cell, long) {
    const box = made(long ? "textarea" : "input", { value: textOf(cell) });
    if (long) box.rows = 2;
    return { controls: [box], said: () => box.value };
  }
  function fieldOf(cell, head) {
    const { heading, type = "", part } = head.dataset, values = head.dataset.values ? JSON.parse(head.dataset.values) : [];
    const name = heading.replace(/^(when|then|requires): /, ""), condition = part === "when" || part === "requires";
    if (condition && type === "number") return numberField(cell, name);
    if (condition && type === "flag") return choiceField(cell, ["true", "false"], true);
    if (values.length) return choiceField(cell, values, condition);
    return plainField(cell, ["because", "comment"].includes(heading));
  }
  function hintOf(head, field) {
    const { heading, meaning, range, unit, type, part } = head.dataset;
    const known = [meaning, range ? told("range", { range }) : "", unit ? told("unit", { unit }) : ""].filter(Boolean).join("; ");
    const help = words[`help_${heading}`] ?? (part === "when" && field.controls[0].tagName === "INPUT" ? words.help_when : part === "then" && type === "number" ? words.help_number : "");
    return [known, help].filter(Boolean).join(". ");
  }
  function draw() {
    fields.replaceChildren();
    shown = grid.heads(row).map((head, n) => {
      const cell = row.children[n], field = fieldOf(cell, head), id = `rule-field-${n}`, { heading, part } = head.dataset;
      const lead = { when: words.when, then: words.then }[part], name = heading.replace(/^(when|then): /, "");
      const label = made("label", { htmlFor: id }, lead && heading.includes(": ") ? made("span", { className: "soft", textContent: `${lead} ` }) : "", words[`name_${heading}`] ?? name);
      const hint = made("div", { className: "hint", id: `${id}-hint`, textContent: hintOf(head, field) }), finding = made("div", { id: `${id}-found`, className: "pol-finding", hidden: true });
      field.controls[0].id = id;
      field.controls[0].setAttribute("aria-describedby", `${id}-hint ${id}-found`);
      for (const control of field.controls) control.addEventListener("change", () => put(cell, field));
      fields.append(made("div", { className: ["because", "comment"].includes(heading) ? "field whole" : "field" }, label, made("div", { className: "row rule-controls" }, ...field.controls), hint, finding));
      return { cell, field, finding };
    });
    tell();
  }
  function put(cell, field) {
    const text = field.said();
    if (text !== null && text !== textOf(cell)) grid.change([[cell, text]]);
    tell();
  }
  // What was found in each cell, beside its field; and where the rule stands.
  function tell() {
    if (!row) return;
    const [number, all] = grid.place(row), name = row.children[0].textContent;
    title.textContent = name ? told("title", { name }) : words.title_new;
    place.textContent = `${told("place", { number, all })} ${row.closest("section").querySelector("[data-hit]")?.textContent ?? ""}`;
    for (const { cell, field, finding } of shown) {
      const text = cell.dataset.finding ?? "", bad = cell.getAttribute("aria-invalid") === "true";
      finding.textContent = text;
      finding.hidden = !text;
      finding.className = `pol-finding ${bad ? "error" : "warning"}`;
      field.controls[0].toggleAttribute("aria-invalid", false);
      if (bad) field.controls[0].setAttribute("aria-invalid", "true");
    }
    one("up").disabled = number === 1;
    one("down").disabled = number === all;
    one("undo").disabled = grid.undone();
    status.textContent = document.querySelector("[data-grid-status]").textContent;
  }
  function open(of) {
    row = of;
    draw();
    if (!dialog.open) dialog.showModal();
    fields.querySelector("input, select, textarea")?.focus();
  }
  const opens = document.querySelector("[data-grid-form]");
  opens.addEventListener("click", () => open(grid.row()));
  document.addEventListener("grid:form", () => open(grid.row()));
  document.addEventListener("grid:checked", () => { if (dialog.open) tell(); });
  one("up").addEventListener("click", () => { grid.shift(row, -1); tell(); });
  one("down").addEventListener("click", () => { grid.shift(row, 1); tell(); });
  one("add").addEventListener("click", () => open(grid.add(row)));
  one("drop").addEventListener("click", () => { const gone = row; dialog.close(); grid.drop(gone); });
  one("undo").addEventListener("click", () => { grid.back(); if (row.isConnected) draw(); else dialog.close(); });
  one("save").addEventListener("click", () => { dialog.close(); document.getElementById("grid-save").requestSubmit(); });
  dialog.addEventListener("close", () => { if (row?.isConnected) grid.go(row); row = null; shown = []; });
});
