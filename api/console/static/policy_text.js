// A draft's text as it is typed: what is found underlined where it stands, and nothing lost that was not saved.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const text = document.getElementById("text"), mirror = document.getElementById("mirror");
  if (!text) return;
  const key = `ordain:text:${text.dataset.kept}`, saved = text.value;
  const told = document.querySelector("[data-text-kept]"), discard = document.querySelector("[data-text-discard]");
  const follow = () => { mirror.scrollTop = text.scrollTop; mirror.scrollLeft = text.scrollLeft; };
  text.addEventListener("scroll", follow);
  try {
    if (new URLSearchParams(location.search).get("done") === "policy_text_save") localStorage.removeItem(key);
    const before = localStorage.getItem(key);
    if (before !== null && before !== saved) { text.value = before; told.hidden = discard.hidden = false; }
  } catch { /* nothing is kept */ }
  text.addEventListener("input", () => {
    mirror.replaceChildren(); // what was found is of another text now
    try { if (text.value === saved) localStorage.removeItem(key); else localStorage.setItem(key, text.value); } catch { /* it stays on the page */ }
  });
  discard.addEventListener("click", () => { text.value = saved; text.dispatchEvent(new Event("input", { bubbles: true })); told.hidden = discard.hidden = true; });
  document.addEventListener("htmx:after:swap", () => {
    const found = document.querySelector("[data-mirror]");
    if (!found) return;
    mirror.replaceChildren(...found.childNodes);
    found.remove();
    follow();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-line]");
    if (link && document.getElementById("found").contains(link)) {
      event.preventDefault();
      const lines = text.value.split("\n"), line = Number(link.dataset.line);
      const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
      text.focus();
      text.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
      text.scrollTop = Math.max(0, (text.scrollHeight / lines.length) * (line - 6));
    }
    // The text that is there is taken as the one that was read, and this one put in its place.
    const take = event.target.closest("[data-text-take]");
    if (take) { const form = text.closest("form"); form.elements.digest.value = take.dataset.textTake; form.requestSubmit(); }
    if (event.target.closest("[data-text-theirs]")) { try { localStorage.removeItem(key); } catch { /* none */ } location.reload(); }
  });
});
