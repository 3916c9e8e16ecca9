// The field leads straight to the page of the person; without this the page in between has the link.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form[data-leads-to]");
  form?.addEventListener("submit", (event) => {
    const subject = form.elements.subject.value.trim();
    if (!subject) return;
    event.preventDefault();
    location.assign(form.dataset.leadsTo + subject.split("/").map(encodeURIComponent).join("/"));
  });
});
