// Answers the visible texts whose contrast is below that of WCAG 2.2, 1.4.3 (AA): 4.5, and 3 for large text.
() => {
  const read = (text) => {
    const [r, g, b, alpha = 1] = text.match(/[\d.]+/g).map(Number);
    return text.startsWith("color(") ? [255 * r, 255 * g, 255 * b, alpha] : [r, g, b, alpha];
  };
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const over = (above, below) => [0, 1, 2].map((n) => above[n] * above[3] + below[n] * (1 - above[3]));
  const ground = (e) => {
    const layers = [];
    for (; e; e = e.parentElement) layers.unshift(read(getComputedStyle(e).backgroundColor));
    return layers.reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const isText = (e) =>
    [...e.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()) &&
    e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    !e.closest("[disabled], svg, noscript, option, .tag, .toast, .skip");
  const found = [];
  for (const e of document.querySelectorAll("body *")) {
    if (!isText(e)) continue;
    const style = getComputedStyle(e), below = ground(e);
    const [one, other] = [light(over(read(style.color), below)), light(below)].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize), isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const ratio = (one + 0.05) / (other + 0.05);
    if (ratio < (isLarge ? 3 : 4.5)) found.push(`${e.className || e.id || e.tagName}: ${ratio.toFixed(2)}`);
  }
  return found;
}
