// The page works without this file; it makes the countdown tick and the page follow what happens.
(() => {
  "use strict";
  const page = document.getElementById("mxverdict");
  const news = document.getElementById("mxverdict-news");
  if (!page || page.dataset.watch === undefined) return;
  const { signature, job } = page.dataset;
  const busy = page.dataset.busy === "1";
  const POLL_BUSY = 1500, POLL_AWAITING = 3000, POLL_CALM = 15000;

  if (job && !busy && !/[?&]view=/.test(location.search)) history.replaceState(null, "", location.pathname);

  for (const form of page.querySelectorAll("form")) {
    form.addEventListener("submit", (event) => {
      const button = event.submitter || form.querySelector("button");
      setTimeout(() => { button.disabled = true; button.textContent = "Working …"; });
    });
  }

  const timers = [...page.querySelectorAll("[data-left]")].map((element) => ({
    element,
    end: performance.now() + Number(element.dataset.left) * 1000,
  }));
  const two = (number) => String(number).padStart(2, "0");
  const clock = (seconds) => {
    const minutes = Math.floor(seconds / 60);
    const tail = `${minutes >= 60 ? two(minutes % 60) : minutes}:${two(seconds % 60)}`;
    return minutes >= 60 ? `${Math.floor(minutes / 60)}:${tail}` : tail;
  };
  const announced = new Set();
  const announce = (minutes) => {
    if (announced.has(minutes)) return;
    announced.add(minutes);
    news.textContent = minutes === 1 ? "The test window closes in 1 minute." : `The test window closes in ${minutes} minutes.`;
  };
  const tick = () => {
    for (const timer of timers) {
      const left = Math.max(0, Math.ceil((timer.end - performance.now()) / 1000));
      timer.element.textContent = clock(left);
      if (left === 300) announce(5);
      if (left === 60) announce(1);
      if (left === 0 && !timer.over) { timer.over = true; poll(); }
    }
  };

  const awaited = page.querySelectorAll("[data-met]");
  const calm = awaited.length ? POLL_AWAITING : POLL_CALM;
  let waiting = 0;
  const poll = async () => {
    clearTimeout(waiting);
    try {
      const answer = await fetch(`?view=state&job=${encodeURIComponent(job)}`, { cache: "no-store" });
      if (answer.status === 401 || answer.status === 403 || answer.redirected) { location.reload(); return; }
      const state = await answer.json();
      const step = page.querySelector("[data-step]");
      if (step && state.step && step.textContent !== state.step) step.textContent = state.step;
      for (const list of awaited) {
        const lines = (state.met || {})[list.dataset.met] || [];
        if ([...list.children].map((item) => item.textContent).join("\n") === lines.join("\n")) continue;
        list.replaceChildren(...lines.map((line) => {
          const item = document.createElement("li");
          item.textContent = line;
          return item;
        }));
      }
      if (state.signature !== signature || state.busy !== busy) { location.reload(); return; }
    } catch {
      // cpsrvd restarts while Exim is rebuilt: ask again
    }
    waiting = setTimeout(poll, busy || timers.some((timer) => timer.over) ? POLL_BUSY : calm);
  };

  if (timers.length) { tick(); setInterval(tick, 500); }
  if (page.dataset.watch === "1") waiting = setTimeout(poll, busy ? POLL_BUSY : calm);
})();
