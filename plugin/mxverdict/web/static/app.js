// The page works without this file; it makes the countdowns tick and the page follow what happens.
(() => {
  "use strict";
  const page = document.getElementById("mxverdict");
  const news = document.getElementById("mxverdict-news");
  if (!page || !news) return;

  // All pages within WHM's frame come with the same title.
  if (page.dataset.title) document.title = `${page.dataset.title} · ${document.title}`;

  let sent = false;
  page.addEventListener("submit", (event) => {
    sent = true;
    const button = event.submitter || event.target.querySelector("button");
    setTimeout(() => { button.disabled = true; button.textContent = news.dataset.working; });
  });
  const named = location.hash && document.getElementById(location.hash.slice(1));
  if (named && named.closest("details")) named.closest("details").open = true;
  if (page.dataset.watch === undefined) return;

  const { signature, job } = page.dataset;
  const busy = page.dataset.busy === "1";
  const POLL_BUSY = 1500, POLL_AWAITING = 3000, POLL_CALM = 15000, LOOK_EVERY = 8;
  if (job && !busy && !/[?&]view=/.test(location.search)) history.replaceState(null, "", location.pathname);

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
  const stale = document.getElementById("mxverdict-stale");
  stale.querySelector("button").addEventListener("click", () => location.reload());
  const isTyped = (field) => {
    if (field.matches("select")) {
      return field.selectedIndex !== Math.max(0, [...field.options].findIndex((one) => one.defaultSelected));
    }
    if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
    return field.value !== field.defaultValue || (field === document.activeElement && field.value !== "");
  };
  // A reload would lose what is half typed, or call back a form on its way.
  const renew = () => {
    if (sent) return;
    if (![...page.querySelectorAll("input, textarea, select")].some(isTyped)) location.reload();
    else if (stale.hidden) {
      stale.hidden = false;
      news.textContent = stale.querySelector("span").textContent;
    }
  };

  const announced = new Set();
  const announce = (minutes) => {
    if (announced.has(minutes)) return;
    announced.add(minutes);
    news.textContent = minutes === 1 ? news.dataset.lastMinute : news.dataset.fiveMinutes;
  };
  const tick = () => {
    for (const timer of timers) {
      const left = Math.max(0, Math.ceil((timer.end - performance.now()) / 1000));
      timer.element.textContent = clock(left);
      if (left === 300) announce(5);
      if (left === 60) announce(1);
      if (left === 0 && !timer.over) { timer.over = true; if (page.dataset.watch === "1") poll(); }
    }
  };

  const awaited = page.querySelectorAll("[data-met]");
  const calm = awaited.length ? POLL_AWAITING : POLL_CALM;
  let waiting = 0, turn = 0, marks = (page.dataset.version || "").split(" ");

  // The marks of the journal, of Exim's log and of the job: see web/poll.py.
  const moved = (now) => now.length !== marks.length
    || now.some((mark, place) => mark !== marks[place] && (place !== 1 || awaited.length));

  const ask = async (query) => {
    const answer = await fetch(query, { cache: "no-store" });
    if (answer.status === 401 || answer.status === 403 || answer.redirected) { renew(); throw answer; }
    if (!answer.ok) throw answer;
    return answer;
  };
  const look = async () => {
    const state = await (await ask(`?view=state&job=${encodeURIComponent(job)}`)).json();
    const step = page.querySelector("[data-step]");
    if (step && state.step && step.textContent !== state.step) step.textContent = state.step;
    for (const list of awaited) {
      const lines = state.met[list.dataset.met];
      if (!lines || [...list.children].map((item) => item.textContent).join("\n") === lines.join("\n")) continue;
      list.replaceChildren(...lines.map((line) => {
        const item = document.createElement("li");
        item.textContent = line;
        return item;
      }));
    }
    for (const timer of timers) {
      const row = state.windows.find((one) => String(one.id) === timer.element.dataset.window);
      timer.end = performance.now() + (row ? row.seconds_left : 0) * 1000;
      timer.done = !row;
    }
    if (state.signature !== signature || state.busy !== busy) renew();
  };
  const poll = async () => {
    clearTimeout(waiting);
    const over = timers.some((timer) => timer.over && !timer.done);
    try {
      const now = (await (await ask(`?view=poll&job=${encodeURIComponent(job)}`)).text()).split(" ");
      turn += 1;
      if (over || turn % LOOK_EVERY === 0 || moved(now)) { await look(); marks = now; }
    } catch {
      // cpsrvd restarts while Exim is rebuilt: ask again
    }
    waiting = setTimeout(poll, busy || over ? POLL_BUSY : calm);
  };

  if (timers.length) { tick(); setInterval(tick, 500); }
  if (page.dataset.watch === "1") waiting = setTimeout(poll, busy ? POLL_BUSY : calm);
})();
