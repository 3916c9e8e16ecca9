// The field leads straight to the page of the person; without this the page in between has the link.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form[data-leads-to]");
  form?.addEventListener("submit", (event) => {
    const subject = form.elements.subject.value.trim();
    if (!subject || /^~|(^|\/)\.{0,2}(\/|$)/.test(subject)) return; // a browser would make another address of it
    event.preventDefault();
    location.assign(form.dataset.leadsTo + subject.split("/").map(encodeURIComponent).join("/"));
  });
});
