// Numbers every element that the tab key should stop at, and answers how many there are.
() => {
  const isSeen = (e) => e.checkVisibility({ visibilityProperty: true });
  const isStop = (e) => isSeen(e) && !e.disabled && e.tabIndex >= 0 && !(e.type === "radio" && !e.checked);
  const stops = [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")].filter(isStop);
  stops.forEach((e, number) => { e.dataset.number = number; });
  return stops.length;
}
