// The slider moves one number of the form, which answers anew; a file is read into the field beside it.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const slider = document.getElementById("slider");
  const along = document.getElementById("along");
  const [low, high] = ["low", "high"].map((name) => document.getElementById(name));
  const field = () => document.getElementById(`fact-${along.value}`);

  function place() {
    const [from, to, now] = [low.value, high.value, field()?.value].map(Number);
    if (to > from && Number.isFinite(now)) slider.value = String(((now - from) / (to - from)) * 1000);
    slider.setAttribute("aria-valuetext", field()?.value ?? "");
  }
  along?.addEventListener("change", () => {
    const option = along.selectedOptions[0];
    low.value = option.dataset.low || "0";
    high.value = option.dataset.high || String(Math.max(1, Number(field()?.value || 50)) * 2);
    place();
  });
  slider?.addEventListener("input", () => {
    const [from, to] = [low.value, high.value].map(Number);
    const digits = to - from > 20 ? 0 : 2;
    field().value = (from + ((to - from) * Number(slider.value)) / 1000).toFixed(digits);
    slider.setAttribute("aria-valuetext", field().value);
  });
  slider?.addEventListener("change", () => field().dispatchEvent(new Event("change", { bubbles: true })));
  if (along) place();

  for (const input of document.querySelectorAll("input[type=file][data-reads-into]")) {
    input.addEventListener("change", async () => {
      const text = await input.files[0]?.text();
      if (text !== undefined) document.getElementById(input.dataset.readsInto).value = text;
    });
  }
});
