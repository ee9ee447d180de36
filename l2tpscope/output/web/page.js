"use strict";
/* Theme, sorting, filtering, copying. What is drawn is in pictures.js. */
(() => {
  const { words } = JSON.parse(document.getElementById("l2tpscope-view").textContent);
  const byId = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // ---- theme ----------------------------------------------------------------------------------------------------
  byId("theme").addEventListener("change", (event) => {
    if (event.target.value === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = event.target.value;
  });

  // ---- tables: sort and filter ----------------------------------------------------------------------------------
  const UNKNOWN = "\u2013";
  const order = (a, b) => {
    if (a.by !== null && b.by !== null) return a.by - b.by;
    if (a.by !== null || b.by !== null) return a.by !== null ? -1 : 1;
    return a.text.localeCompare(b.text, undefined, { numeric: true });
  };
  const sort = (button) => {
    const head = button.closest("th");
    const body = head.closest("table").tBodies[0];
    const down = head.getAttribute("aria-sort") === "ascending";
    const rows = [...body.rows].map((row) => {
      const cell = row.cells[head.cellIndex];
      return { row, text: cell.textContent, by: "by" in cell.dataset ? Number(cell.dataset.by) : null };
    });
    const known = rows.filter((each) => each.text !== UNKNOWN);
    known.sort((a, b) => (down ? order(b, a) : order(a, b)));
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    body.append(...[...known, ...rows.filter((each) => each.text === UNKNOWN)].map((each) => each.row));
  };
  all("button.sort").forEach((button) => button.addEventListener("click", () => sort(button)));
  all("input.filter").forEach((field) => {
    const grid = field.closest(".grid");
    const rows = [...grid.querySelector("table").tBodies[0].rows];
    field.addEventListener("input", () => {
      const wanted = field.value.toLowerCase();
      let shown = 0;
      for (const row of rows) {
        row.hidden = !row.textContent.toLowerCase().includes(wanted);
        shown += !row.hidden;
      }
      grid.querySelector("output").textContent = `${shown} ${words.of} ${rows.length} ${words.rows}`;
    });
  });

  // ---- findings: filter and copy --------------------------------------------------------------------------------
  const cards = all(".card");
  const find = () => {
    const wanted = byId("find").value.toLowerCase();
    const severity = byId("severity").value;
    let shown = 0;
    for (const card of cards) {
      card.hidden = !card.textContent.toLowerCase().includes(wanted) || (severity !== "" && card.dataset.severity !== severity);
      shown += !card.hidden;
    }
    byId("found").textContent = `${shown} ${words.of} ${cards.length}`;
  };
  if (byId("find")) {
    byId("find").addEventListener("input", find);
    byId("severity").addEventListener("change", find);
  }
  const copied = (button) => {
    const before = button.dataset.before || button.textContent;
    button.dataset.before = before;
    button.textContent = words.copied;
    setTimeout(() => { button.textContent = before; }, 1500);
  };
  const copyOld = (code) => {
    const range = document.createRange();
    range.selectNodeContents(code);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    return document.execCommand("copy");
  };
  all("button.copy").forEach((button) => button.addEventListener("click", () => {
    const code = button.previousElementSibling;
    const old = () => { if (copyOld(code)) copied(button); };
    if (!navigator.clipboard) old();
    else navigator.clipboard.writeText(code.textContent).then(() => copied(button), old);
  }));
})();
