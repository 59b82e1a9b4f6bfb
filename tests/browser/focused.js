// Where the keyboard is; null when nowhere. `first` marks the places that were seen before.
() => {
  const element = document.activeElement;
  if (!element || element === document.body || element === document.documentElement) return null;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const middle = [box.left + Math.min(box.width / 2, 40), box.top + box.height / 2];
  const onTop = document.elementFromPoint(...middle);
  const seen = element.dataset.reached !== undefined;
  element.dataset.reached = "";
  return {
    what: `<${element.localName}${element.id ? "#" + element.id : ""}> “${(element.innerText || element.name || "").trim().replace(/\s+/g, " ").slice(0, 40)}”`,
    ours: element.closest("#mxverdict") !== null,
    seen,
    marked: element.matches(":focus-visible") && (style.outlineStyle === "auto" || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)),
    covered: !(onTop && (element.contains(onTop) || onTop.contains(element))),
    left: box.left + scrollX,
    top: box.top + scrollY,
    bottom: box.bottom + scrollY,
    order: element.tabIndex,
  };
}
