// Answers the controls and regions that a screen reader would have no name for.
() => {
  const named = (e) =>
    e.getAttribute("aria-label") || document.getElementById(e.getAttribute("aria-labelledby"))?.textContent.trim() ||
    e.labels?.[0]?.textContent.trim() || (e.matches("a, button, summary") && e.textContent.trim()) || e.title;
  const kinds = "a, button, input:not([type=file]), select, summary, dialog, canvas[role], [role=group], [role=radiogroup], section, form[id]";
  return [...document.querySelectorAll(kinds)].filter((e) => !named(e)).map((e) => e.outerHTML.slice(0, 90));
}
