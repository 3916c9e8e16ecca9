// Whoever edits a draft is told, without saving, that somebody else has saved it meanwhile.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const told = document.querySelector("[data-draft-watch]");
  if (!told) return;
  const { draftWatch: at, digest, every } = told.dataset;
  async function look() {
    if (document.hidden || !told.hidden) return;
    try {
      const answer = await fetch(at, { headers: { "If-None-Match": `"${digest}"` }, cache: "no-store" });
      if (answer.ok && answer.headers.get("ETag") !== `"${digest}"`) told.hidden = false;
    } catch { /* the next look tells */ }
  }
  document.addEventListener("draft:others", () => { told.hidden = false; }); // a check has said so
  const looks = setInterval(look, Number(every) * 1000);
  addEventListener("focus", look); // who comes back to the page is told at once
  addEventListener("pagehide", () => clearInterval(looks));
  told.querySelector("button")?.addEventListener("click", () => location.assign(location.pathname + location.search.replace(/&?done=[^&]*/, "")));
});
