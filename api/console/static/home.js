// The first page's table of the newest decisions, as they come.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const rows = document.getElementById("newest");
  const count = document.getElementById("count");
  if (!rows || !count) return;
  const kinds = { permit: "good", deny: "bad", review: "warn" };
  rows.addEventListener("told", ({ detail }) => {
    const said = detail.data;
    if (!said.decision_id) return;
    const row = document.createElement("tr");
    const at = document.createElement("time");
    at.dateTime = detail.time;
    const told = new Date(detail.time), two = (number) => String(number).padStart(2, "0");
    at.textContent = `${told.getFullYear()}-${two(told.getMonth() + 1)}-${two(told.getDate())} ${[told.getHours(), told.getMinutes(), told.getSeconds()].map(two).join(":")}`;
    const verdict = document.createElement("span");
    verdict.className = `badge ${kinds[said.verdict] ?? ""}`;
    verdict.textContent = said.verdict ?? "decided";
    const link = document.createElement("a");
    link.href = rows.dataset.decision.replace("ID", encodeURIComponent(said.decision_id));
    link.append(at);
    for (const content of [link, said.service, verdict, said.reason_codes.join(", ")]) {
      const cell = document.createElement("td");
      cell.append(content);
      row.append(cell);
    }
    rows.prepend(row);
    while (rows.children.length > 8) rows.lastElementChild.remove();
    count.dataset.count = String(Number(count.dataset.count) + 1);
    count.textContent = Number(count.dataset.count).toLocaleString("en-US");
  });
});
