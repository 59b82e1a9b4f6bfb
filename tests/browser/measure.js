// What a person with this viewport could not read: lines of text, each naming the place.
() => {
  const found = new Set();
  const name = (element) => {
    const words = element.textContent.trim().replace(/\s+/g, " ").slice(0, 40);
    const styles = typeof element.className === "string" && element.className ? "." + element.className.trim().split(/\s+/).join(".") : "";
    return `<${element.localName}${styles}> “${words}”`;
  };
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
  const isForReadersAlone = (element) => {
    for (let one = element; one; one = one.parentElement) {
      if (getComputedStyle(one).clipPath === "inset(50%)") return true;
      if (one.classList.contains("skip") && !one.matches(":focus")) return true;
    }
    return false;
  };
  const wide = innerWidth;
  const scroller = document.scrollingElement;
  if (scroller.scrollWidth > wide) found.add(`the page scrolls sideways: ${scroller.scrollWidth} of ${wide}`);

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walker.nextNode()) {
    const text = walker.currentNode;
    const element = text.parentElement;
    if (!text.data.trim() || element.closest("noscript, script, style, title, desc, select") || !isShown(element) || isForReadersAlone(element)) continue;
    range.selectNodeContents(text);
    const boxes = [...range.getClientRects()].filter((box) => box.width > 0);
    const frames = [];
    for (let one = element; one; one = one.parentElement) {
      const { overflowX } = getComputedStyle(one);
      if (overflowX === "auto" || overflowX === "scroll") break;
      if (overflowX !== "visible" && one !== document.body && one !== document.documentElement) frames.push(one.getBoundingClientRect());
    }
    for (const box of boxes) {
      if (box.left < -1 || box.right > wide + 1) found.add(`off the page: ${name(element)}`);
      if (frames.some((frame) => box.left < frame.left - 1 || box.right > frame.right + 1)) found.add(`cut: ${name(element)}`);
    }
  }

  for (const control of document.querySelectorAll("button, select, input:not([type=hidden])")) {
    if (!isShown(control) || isForReadersAlone(control)) continue;
    if (control.localName === "button" && control.scrollWidth > control.clientWidth + 1) found.add(`cut: ${name(control)}`);
    if (control.type === "number" && control.scrollWidth > control.clientWidth + 1) found.add(`number cut: #${control.id}`);
  }

  for (const picture of document.querySelectorAll("svg")) {
    const texts = [...picture.querySelectorAll("text")].filter((text) => isShown(text) && text.textContent.trim());
    const boxes = texts.map((text) => text.getBoundingClientRect());
    const whole = picture.getBoundingClientRect();
    boxes.forEach((box, one) => {
      if (box.left < Math.min(whole.left, 0) - 1 || box.right > whole.right + 4) found.add(`beyond its picture: ${name(texts[one])}`);
      for (let other = one + 1; other < boxes.length; other++) {
        const across = Math.min(box.right, boxes[other].right) - Math.max(box.left, boxes[other].left);
        const down = Math.min(box.bottom, boxes[other].bottom) - Math.max(box.top, boxes[other].top);
        if (across > 1 && down > 4) found.add(`on top of each other: ${name(texts[one])} and ${name(texts[other])}`);
      }
    });
  }
  return [...found];
}
