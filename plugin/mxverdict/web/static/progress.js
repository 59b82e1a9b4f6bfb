// Puts in what a running check finds as it finds it. Without this file the page asks again by itself.
(() => {
  "use strict";
  const news = document.getElementById("mxverdict-news");
  const place = () => document.getElementById("mxverdict-check");
  if (!place() || place().dataset.running !== "1") return;
  const job = place().dataset.job;
  const EVERY = 1000;

  const get = async (query) => {
    const answer = await fetch(query, { cache: "no-store" });
    if (answer.status === 401 || answer.status === 403 || answer.redirected) { location.reload(); throw answer; }
    if (!answer.ok) throw answer;
    return answer;
  };

  const move = (state) => {
    const bar = place().querySelector("progress");
    const step = place().querySelector("[data-step]");
    if (state.total) {
      bar.max = state.total;
      bar.value = state.done;
    }
    if (step.textContent !== state.text) step.textContent = state.text;
  };

  // Where the keyboard is within `old`: at an element with an id, or at the summary of what is folded up.
  const focused = (old) => {
    const element = document.activeElement;
    if (!element || !old.contains(element)) return null;
    if (element.id) return (root) => root.querySelector(`#${CSS.escape(element.id)}`);
    const folded = element.closest("details[id]");
    return (root) => folded && root.querySelector(`#${CSS.escape(folded.id)} > summary`);
  };
  const isBeingRead = (old) => {
    const chosen = document.getSelection();
    return chosen && !chosen.isCollapsed && old.contains(chosen.anchorNode);
  };

  // Put `fresh` in the place of `old`: what was unfolded stays so, the keyboard stays where it is, and so does
  // what is at the top of the screen. False when that cannot be done yet.
  const replace = (old, fresh) => {
    const find = focused(old);
    if (isBeingRead(old) || (find && !find(fresh))) return false;
    for (const details of old.querySelectorAll("details[id]")) {
      const same = fresh.querySelector(`#${CSS.escape(details.id)}`);
      if (same) same.open = details.open;
    }
    const top = [...old.querySelectorAll("details[id]")].find((one) => one.getBoundingClientRect().bottom > 0);
    const before = top && top.getBoundingClientRect().top;
    old.replaceWith(fresh);
    const same = top && document.getElementById(top.id);
    if (same && scrollY > 0) scrollBy(0, same.getBoundingClientRect().top - before);
    if (find) find(fresh).focus({ preventScroll: true });
    return true;
  };

  // Ask for the rows as they are now. True when nothing is left to come.
  const renew = async () => {
    const text = await (await get(place().dataset.address)).text();
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("mxverdict-check");
    const old = place();
    if (!fresh) { location.reload(); return true; }  // something went wrong: the whole page says what
    if (fresh.dataset.running !== "1") {
      if (!replace(old, fresh)) return false;
      const sentence = fresh.querySelector("[role=alert], .sentence");
      if (news && sentence) news.textContent = sentence.textContent;
      return true;
    }
    if (!replace(old.querySelector("[data-rows]"), fresh.querySelector("[data-rows]"))) return false;
    const told = old.querySelector("[data-told]"), now = fresh.querySelector("[data-told]").textContent;
    if (told.textContent !== now) told.textContent = now;
    old.dataset.version = fresh.dataset.version;
    return false;
  };

  const poll = async () => {
    try {
      const { job: state } = await (await get(`?view=state&job=${encodeURIComponent(job)}`)).json();
      const running = state && state.state === "running";
      if (running) move(state);
      if (!running || String(state.version) !== place().dataset.version) {
        if (await renew()) return;
      }
    } catch {
      // cpsrvd restarts while Exim is rebuilt: ask again
    }
    setTimeout(poll, EVERY);
  };
  setTimeout(poll, EVERY);
})();
