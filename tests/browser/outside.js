// What of the page stands in no ⟦brackets⟧: pairs of the place and the text, attributes that people are shown included.
({ notOurs, attributes }) => {
  const found = [];
  const blocks = "p, li, dt, dd, td, th, h1, h2, h3, h4, summary, label, legend, caption, figcaption, button, a, option, text, desc, title, strong";
  const root = document.querySelector("#mxverdict") ?? document.body;
  const name = (element) => {
    const styles = typeof element.className === "string" && element.className ? "." + element.className.trim().split(/\s+/).join(".") : "";
    return element.localName + styles;
  };
  const left = (text, start) => {
    let depth = start;
    let rest = "";
    for (const character of text) {
      if (character === "⟦") depth += 1;
      else if (character === "⟧") depth -= 1;
      else if (depth <= 0) rest += character;
    }
    return [rest, depth];
  };
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let block = null;
  let depth = 0;
  while (walker.nextNode()) {
    const text = walker.currentNode;
    const element = text.parentElement;
    if (!text.data.trim() || element.closest("noscript, script, style") || element.closest(notOurs)) continue;
    const around = element.closest(blocks);
    if (around !== block) [block, depth] = [around, 0];
    let rest;
    [rest, depth] = left(text.data, depth);
    if (rest.trim()) found.push([`${around ? name(around) + " " : ""}${name(element)}`, rest.trim().replace(/\s+/g, " ")]);
  }
  for (const element of [root, ...root.querySelectorAll("*")]) {
    if (element.closest(notOurs)) continue;
    for (const attribute of attributes) {
      const [rest] = left(element.getAttribute(attribute) ?? "", 0);
      if (rest.trim()) found.push([`${name(element)}[${attribute}]`, rest.trim()]);
    }
  }
  return found;
}
