"use strict";
/* Draws what zooms. Every text comes harmless from the page's own data, and is only ever set as text. */
(() => {
  const view = JSON.parse(document.getElementById("l2tpscope-view").textContent);
  const words = view.words;
  const byId = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const fill = (text, n) => text.replace("{n}", n);

  // ---- pictures: what all of them share -------------------------------------------------------------------------
  const NS = "http://www.w3.org/2000/svg";
  const make = (parent, name, attributes = {}, text = null) => {
    const element = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== null) element.textContent = text;
    parent.append(element);
    return element;
  };
  const told = (element, text) => make(element, "title", {}, text);
  const RIGHT = 16, AXIS = 24, SHORTEST = 1e-4;
  const pad = Math.max(view.length * 0.01, 0.005);
  const whole = [-pad, view.length + pad];
  let [from, to] = whole;
  let printing = false;

  const STEPS = [1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120,
    300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000, 7776000, 31536000];
  const dated = (time) => { const date = new Date(time); return Number.isNaN(date.getTime()) ? "" : date.toISOString().slice(0, 10); };
  const several = dated(view.begin) !== dated(view.begin + view.length * 1e3);
  const clock = (seconds, step) => {
    const date = new Date(Math.floor(view.begin + seconds * 1e3 + 1e-3)); // cut to the ms, but for what a float lacks
    if (Number.isNaN(date.getTime())) return "";
    const iso = date.toISOString();
    const day = several ? `${iso.slice(5, 10)} ` : "";
    if (step >= 86400) return iso.slice(0, 10);
    if (step >= 1) return day + iso.slice(11, 19);
    return step >= 0.001 ? day + iso.slice(11, 23) : `+${seconds.toFixed(5)} s`;
  };
  const canvas = (name, height, label, left, role = "img") => {
    const box = byId(`draw-${name}`);
    const width = printing ? 980 : Math.max(320, box.clientWidth - 2);
    const svg = document.createElementNS(NS, "svg");
    for (const [key, value] of [["viewBox", `0 0 ${width} ${height}`], ["role", role], ["aria-label", label]]) svg.setAttribute(key, value);
    box.replaceChildren(svg);
    const room = width - left - RIGHT;
    const x = (seconds) => left + ((seconds - from) / (to - from)) * room;
    return { box, svg, width, height, left, room, x, inside: (seconds) => seconds >= from && seconds <= to };
  };
  const empty = (name, text) => {
    const line = document.createElement("p");
    line.textContent = text;
    byId(`draw-${name}`).replaceChildren(line);
  };
  const timeAxis = (on, bottom) => {
    const step = STEPS.find((each) => (to - from) / each <= Math.max(2, on.room / 110)) || STEPS[STEPS.length - 1];
    const base = view.begin / 1000;
    const first = Math.ceil((base + from) / step - 1e-9) * step - base;
    for (let at = first, n = 0; at <= to && n < 60; at += step, n += 1) {
      make(on.svg, "line", { x1: on.x(at), x2: on.x(at), y1: AXIS - 4, y2: bottom, class: "tick" });
      const anchor = on.x(at) > on.left + on.room - 30 ? "end" : "middle";
      make(on.svg, "text", { x: on.x(at), y: AXIS - 9, "text-anchor": anchor, class: "quiet" }, clock(at, step));
    }
    make(on.svg, "text", { x: 4, y: AXIS - 9, class: "quiet" }, "UTC");
  };
  const brush = (on) => {
    let begin = null, mark = null;
    const place = (event) => {
      const box = on.svg.getBoundingClientRect();
      const at = ((event.clientX - box.left) / box.width) * on.width;
      return Math.min(on.left + on.room, Math.max(on.left, at));
    };
    on.svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch" || event.target.closest("a")) return;
      begin = place(event);
      on.svg.setPointerCapture(event.pointerId);
      mark = make(on.svg, "rect", { x: begin, y: 0, width: 0, height: on.height, class: "brush" });
    });
    on.svg.addEventListener("pointermove", (event) => {
      if (begin === null) return;
      mark.setAttribute("x", Math.min(begin, place(event)));
      mark.setAttribute("width", Math.abs(place(event) - begin));
    });
    on.svg.addEventListener("pointerup", (event) => {
      if (begin === null) return;
      const [low, high] = [begin, place(event)].sort((a, b) => a - b).map((at) => from + ((at - on.left) / on.room) * (to - from));
      const wide = Math.abs(place(event) - begin) > 5;
      begin = null;
      mark.remove();
      if (wide) range(low, high);
    });
    on.svg.addEventListener("pointercancel", () => { begin = null; if (mark) mark.remove(); });
    on.svg.addEventListener("dblclick", () => range(...whole));
  };
  const short = (number) => {
    for (const [size, unit] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) if (number >= size) return `${+(number / size).toPrecision(3)} ${unit}`;
    return String(+number.toPrecision(3));
  };
  const nice = (number) => {
    const size = 10 ** Math.floor(Math.log10(number || 1));
    return [1, 2, 5, 10].map((each) => each * size).find((each) => each >= number * 0.999999) || number;
  };
  const mark = (parent, kind, x, y, size, kindOf) => {
    const shapes = {
      circle: () => make(parent, "circle", { cx: x, cy: y, r: size, class: kindOf }),
      up: () => make(parent, "path", { d: `M${x} ${y - size}l${size} ${2 * size}h${-2 * size}z`, class: kindOf }),
      down: () => make(parent, "path", { d: `M${x} ${y + size}l${size} ${-2 * size}h${-2 * size}z`, class: kindOf }),
      diamond: () => make(parent, "path", { d: `M${x} ${y - size}l${size} ${size}l${-size} ${size}l${-size} ${-size}z`, class: kindOf }),
      bar: () => make(parent, "line", { x1: x, x2: x, y1: y - size, y2: y + size, class: kindOf }),
      right: () => make(parent, "path", { d: `M${x} ${y - size}l${1.4 * size} ${size}l${-1.4 * size} ${size}z`, class: kindOf }),
    };
    return shapes[kind]();
  };
  /* The widths of letters are not asked of the browser: a wide one counts as two. */
  const columns = (text) => [...text].reduce((sum, letter) => sum + (letter.codePointAt(0) > 0x2e7f ? 2 : 1), 0);
  const clip = (text, most) => {
    let used = 0, kept = "";
    for (const letter of text) {
      used += columns(letter);
      if (used > most) return `${kept}\u2026`;
      kept += letter;
    }
    return kept;
  };
  const legend = (svg, left, y, entries) => {
    let at = left;
    for (const [draw, text] of entries) {
      draw(at + 6, y - 4);
      make(svg, "text", { x: at + 17, y, class: "quiet" }, text);
      at += 32 + columns(text) * 7;
    }
  };

  // ---- timeline -------------------------------------------------------------------------------------------------
  const KINDS = ["IKE SA", "ESP SA", "tunnel", "session"];
  const SHAPES = { hello: "bar", again: "down", rekeying: "diamond" };
  const drawTimeline = () => {
    const { left: leftOut } = view.timeline;
    const sought = (byId("lanes")?.value || "").trim().toLowerCase();
    const groups = view.timeline.groups.filter((group) =>
      `${group.name} ${group.lanes.flat().map((bar) => bar.name).join(" ")}`.toLowerCase().includes(sought));
    if (!groups.length) return empty("timeline", words["no-ladder"]);
    const lanes = groups.reduce((sum, group) => sum + group.lanes.length, 0);
    const row = lanes > 120 ? 15 : 20, head = 18, keys = 40;
    const top = AXIS + (view.findings.length ? 22 : 4);
    const height = top + lanes * row + groups.length * head + keys + (leftOut ? 20 : 0);
    const box = byId("draw-timeline");
    const wide = printing ? 980 : box.clientWidth;
    const left = Math.min(250, Math.max(90, wide * 0.25));
    const on = canvas("timeline", height, `${words.timeline}: ${groups.length}`, left, "group");
    timeAxis(on, height - keys);
    let last = -9;
    for (const flag of view.findings.filter((each) => on.inside(each.at)).sort((a, b) => a.at - b.at)) {
      const x = Math.max(on.x(flag.at), last + 9);
      if (x > on.left + on.room) break;
      last = x;
      const link = make(on.svg, "a", { href: `#finding-${flag.card}`, "aria-label": flag.text });
      told(link, flag.text);
      mark(link, flag.severity === "error" ? "down" : flag.severity === "warning" ? "up" : "circle", x, AXIS + 7, 5, `flag ${flag.severity}`);
    }
    if (view.findings.length) make(on.svg, "text", { x: 4, y: AXIS + 11, class: "quiet" }, words.finding);
    let y = top;
    for (const group of groups) {
      make(on.svg, "text", { x: 4, y: y + 13, class: "group" }, clip(group.name || words["no-vpn"], (on.width - 8) / 7.2));
      y += head;
      for (const lane of group.lanes) {
        drawLane(on, lane, y, row);
        y += row;
      }
    }
    if (leftOut) make(on.svg, "text", { x: 4, y: y + 14, class: "quiet" }, fill(words["lanes-left"], leftOut));
    const key = (number) => (x, at) => make(on.svg, "rect", { x: x - 6, y: at - 4, width: 14, height: 8, class: `bar k${number}` });
    legend(on.svg, 4, height - 24, [...KINDS.map((kind, number) => [key(number), words[kind]]),
      [(x, at) => make(on.svg, "rect", { x: x - 6, y: at - 4, width: 14, height: 8, class: "bar broken hollow" }), words.broken]]);
    legend(on.svg, 4, height - 7, [...Object.entries(SHAPES).map(([kind, shape]) => [(x, at) => mark(on.svg, shape, x, at, 4, kind), words[kind]]),
      [(x, at) => mark(on.svg, "right", x, at, 5, "beyond"), words.beyond]]);
    brush(on);
  };
  const drawLane = (on, lane, y, row) => {
    const tall = row - 6, middle = y + row / 2;
    const name = lane.length === 1 ? lane[0].name : `${words[lane[0].kind]} ${lane[0].way}×${lane.length}`;
    make(on.svg, "text", { x: 14, y: middle + 4, class: "quiet" }, clip(name, (on.left - 24) / 7));
    for (const bar of lane) {
      if (bar.end < from || bar.begin > to) continue;
      const begin = on.x(Math.max(from, bar.begin)), end = on.x(Math.min(to, bar.end));
      const shape = make(on.svg, "rect", { x: begin, y: y + 3, width: Math.max(2, end - begin), height: tall,
        class: `bar k${KINDS.indexOf(bar.kind)}${bar.broken ? " broken" : ""}` });
      told(shape, `${bar.name}${bar.state ? `, ${bar.state}` : ""}: ${clock(bar.begin, 0.001)} \u2013 ${clock(bar.end, 0.001)}`);
      if (bar.beyond && bar.end <= to) mark(on.svg, "right", end + 1, middle, 5, "beyond");
      const drawn = {};
      for (const [time, kind] of bar.marks) {
        const x = on.x(time);
        if (!on.inside(time) || x - (drawn[kind] ?? -9) < (kind === "hello" ? 6 : 2)) continue;
        drawn[kind] = x;
        told(mark(on.svg, SHAPES[kind], x, middle, 4, kind), `${words[kind]}: ${clock(time, 0.001)}`);
      }
    }
  };

  // ---- round trips ----------------------------------------------------------------------------------------------
  const SIDES = [["circle", "side-initiator"], ["up", "side-responder"]];
  const drawRtt = () => {
    const points = view.rtt.points;
    if (!points.length) return empty("rtt", words["no-rtt"]);
    const height = 330, bottom = height - 36, top = AXIS + 8;
    const on = canvas("rtt", height, `${words.rtt}: ${view.rtt.all}`, 66);
    const values = points.map((point) => Math.max(point[1], 0.001));
    let low = Infinity, high = 0;
    for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
    const [least, most] = [Math.log10(low / 1.4), Math.log10(high * 1.4)];
    const y = (value) => bottom - ((Math.log10(Math.max(value, 0.001)) - least) / (most - least)) * (bottom - top);
    timeAxis(on, bottom);
    const factors = most - least > 3 ? [1] : [1, 2, 5];
    for (let power = Math.floor(least); power <= most; power += 1) {
      for (const value of factors.map((factor) => factor * 10 ** power).filter((each) => Math.log10(each) >= least && Math.log10(each) <= most)) {
        make(on.svg, "line", { x1: on.left, x2: on.left + on.room, y1: y(value), y2: y(value), class: "tick" });
        make(on.svg, "text", { x: on.left - 6, y: y(value) + 4, "text-anchor": "end", class: "quiet" }, value < 1000 ? `${+value.toPrecision(2)} ms` : `${+(value / 1000).toPrecision(2)} s`);
      }
    }
    for (const [time, value, side, clean, text] of points) {
      if (!on.inside(time)) continue;
      const shape = mark(on.svg, SIDES[side][0], on.x(time), y(value), 3.5, `s${side}${clean ? "" : " hollow"}`);
      told(shape, `${value} ms, ${words[SIDES[side][1]]}, ${text}, ${clock(time, 0.001)}`);
    }
    legend(on.svg, on.left, height - 10, SIDES.flatMap(([shape, name], side) => [
      [(x, at) => mark(on.svg, shape, x, at, 4, `s${side}`), `${words[name]}, ${words.clean}`],
      [(x, at) => mark(on.svg, shape, x, at, 4, `s${side} hollow`), words["not-clean"]]]));
    brush(on);
  };

  const WAYS = ["to_responder", "to_initiator"];

  // ---- loss -----------------------------------------------------------------------------------------------------
  const drawLoss = () => {
    const { rows, left: leftOut } = view.loss;
    if (!rows.length) return empty("loss", words["no-loss"]);
    const row = 22, height = AXIS + rows.length * row + 12 + (leftOut ? 20 : 0);
    const box = byId("draw-loss");
    const wide = printing ? 980 : box.clientWidth;
    const left = Math.min(270, wide * 0.36);
    const on = canvas("loss", height, `${words.loss}: ${rows.length}`, left);
    const room = Math.max(60, on.room - 230);
    /* The interval of a few numbers says little: it does not press the others flat, and goes on beyond the edge. */
    const narrow = rows.filter((each) => each.high - each.low < 0.1).map((each) => each.high);
    const reach = Math.max(1e-4, ...rows.map((each) => each.ratio * 1.3), ...narrow);
    const high = Math.min(1, nice(reach > 1e-4 ? reach : Math.min(...rows.map((each) => each.high ?? 1))));
    const x = (ratio) => left + (Math.min(ratio, high) / high) * room;
    for (const part of [0, 0.5, 1]) {
      make(on.svg, "line", { x1: x(high * part), x2: x(high * part), y1: AXIS - 4, y2: AXIS + rows.length * row, class: part ? "tick" : "zero" });
      make(on.svg, "text", { x: x(high * part), y: AXIS - 9, "text-anchor": "middle", class: "quiet" }, `${+(high * part * 100).toPrecision(3)} %`);
    }
    rows.forEach((each, number) => {
      const y = AXIS + number * row + row / 2;
      make(on.svg, "text", { x: 4, y: y + 4 }, clip(each.name, (left - 14) / 7));
      if (each.low !== null && each.high !== null) make(on.svg, "line", { x1: x(each.low), x2: x(each.high), y1: y, y2: y, class: "span" });
      if (each.high > high) mark(on.svg, "right", x(1), y, 4, "beyond");
      told(make(on.svg, "circle", { cx: x(each.ratio), cy: y, r: 4.5, class: "dot" }), each.text);
      const text = make(on.svg, "text", { x: left + room + 14, y: y + 4, class: each.suspect ? "quiet" : "" }, each.text + (each.suspect ? " *" : ""));
      if (each.suspect) told(text, words.suspect);
    });
    if (leftOut) make(on.svg, "text", { x: 4, y: height - 6, class: "quiet" }, fill(words["loss-left"], leftOut));
    if (rows.some((each) => each.suspect)) {
      const line = document.createElement("p");
      line.textContent = `* ${words.suspect}`;
      box.append(line);
    }
  };

  const drawCourse = () => {
    const { courses } = view.loss;
    const box = byId("draw-course");
    box.hidden = !courses.length;
    if (!courses.length) return;
    const height = 210, bottom = height - 34, top = AXIS + 8;
    const on = canvas("course", height, `${words.loss}: ${courses.map((each) => each.name).join(", ")}`, 66);
    const seen = courses.map((each) => each.stretches.filter((one) => one[1] >= from && one[0] <= to));
    let most = 1e-3;
    for (const one of seen.flat()) most = Math.max(most, one[2], one[3]);
    const high = Math.min(1, nice(most));
    const y = (ratio) => bottom - (ratio / high) * (bottom - top);
    const x = (seconds) => on.x(Math.min(to, Math.max(from, seconds)));
    timeAxis(on, bottom);
    for (const part of [0, 0.5, 1]) {
      make(on.svg, "line", { x1: on.left, x2: on.left + on.room, y1: y(high * part), y2: y(high * part), class: part ? "tick" : "zero" });
      make(on.svg, "text", { x: on.left - 6, y: y(high * part) + 4, "text-anchor": "end", class: "quiet" }, `${+(high * part * 100).toPrecision(3)} %`);
    }
    courses.forEach((course, number) => seen[number].forEach(([begin, end, lost, late, text]) => {
      const said = `${course.name}: ${clock(begin, 1)} \u2013 ${clock(end, 1)}: ${words["lost-course"]} + ${words["late-course"]} ${text}`;
      const wide = Math.max(1, x(end) - x(begin));
      told(make(on.svg, "rect", { x: x(begin), y: y(lost), width: wide, height: Math.max(0, bottom - y(lost)), class: `course s${course.way}` }), said);
      if (late) told(make(on.svg, "line", { x1: x(begin), x2: x(begin) + wide, y1: y(late), y2: y(late), class: `line s${course.way}` }), said);
    }));
    const late = (way) => courses.some((each) => each.way === way && each.stretches.some((one) => one[3]));
    const ways = [0, 1].filter((way) => courses.some((each) => each.way === way));
    legend(on.svg, on.left, height - 10, [
      ...ways.map((way) => [(at, level) => make(on.svg, "rect", { x: at - 7, y: level - 4, width: 16, height: 8, class: `course s${way}` }),
        `${words["lost-course"]}, ${words[WAYS[way]]}`]),
      ...ways.filter(late).map((way) => [(at, level) => make(on.svg, "path", { d: `M${at - 7} ${level}h16`, class: `line s${way}` }),
        `${words["late-course"]}, ${words[WAYS[way]]}`])]);
    brush(on);
  };

  // ---- throughput -----------------------------------------------------------------------------------------------
  const drawThroughput = () => {
    const { bin, series } = view.throughput;
    const chosen = series[Number(byId("series")?.value) || 0];
    if (!chosen) return empty("throughput", words["no-throughput"]);
    const height = 270, bottom = height - 34, top = AXIS + 8;
    const on = canvas("throughput", height, `${words.throughput}: ${words[chosen.name] || chosen.name}`, 66);
    const visible = (pair) => pair[0] + bin >= from && pair[0] <= to;
    let most = 1;
    const rate = (octets) => octets * 8 / bin;
    for (const way of WAYS) for (const pair of chosen[way]) if (visible(pair)) most = Math.max(most, rate(pair[1]));
    const high = nice(most);
    const level = (bits) => bottom - (bits / high) * (bottom - top);
    const y = (octets) => level(rate(octets));
    const x = (seconds) => on.x(Math.min(to, Math.max(from, seconds)));
    timeAxis(on, bottom);
    for (const part of [0, 0.25, 0.5, 0.75, 1]) {
      make(on.svg, "line", { x1: on.left, x2: on.left + on.room, y1: level(high * part), y2: level(high * part), class: part ? "tick" : "zero" });
      make(on.svg, "text", { x: on.left - 6, y: level(high * part) + 4, "text-anchor": "end", class: "quiet" }, short(high * part));
    }
    WAYS.forEach((way, number) => {
      let path = "", end = null;
      for (const [begin, octets] of chosen[way].filter(visible)) {
        const next = Math.abs(begin - (end ?? -Infinity)) < bin / 1000;
        path += next ? `V${y(octets)}` : `${end === null ? "M" : `V${bottom}L`}${x(begin)} ${bottom}V${y(octets)}`;
        path += `H${x(begin + bin)}`;
        end = begin + bin;
      }
      if (path) make(on.svg, "path", { d: `${path}V${bottom}`, class: `line s${number}` });
    });
    legend(on.svg, on.left, height - 10, [...WAYS.map((way, number) => [
      (at, under) => make(on.svg, "path", { d: `M${at - 7} ${under}h16`, class: `line s${number}` }), words[way]]),
      [() => {}, fill(words["bit-a-second"], bin)]]);
    brush(on);
  };

  // ---- zoom -----------------------------------------------------------------------------------------------------
  const draw = () => {
    drawTimeline();
    drawRtt();
    drawCourse();
    drawThroughput();
    if (byId("range")) byId("range").textContent = view.begin === 0 ? "" : `${several ? clock(from, 86400).slice(0, 5) : `${clock(from, 86400)} `}${clock(from, 0.001)} \u2013 ${clock(to, 0.001)} UTC`;
  };
  const range = (low, high) => {
    const length = Math.min(whole[1] - whole[0], Math.max(SHORTEST, high - low));
    from = Math.max(whole[0], Math.min(low, whole[1] - length));
    to = from + length;
    draw();
  };
  const zoom = (factor, at = (from + to) / 2) => range(at - (at - from) * factor, at + (to - at) * factor);
  const KEYS = {
    "+": () => zoom(0.5),
    "\u2212": () => zoom(2),
    "\u2190": () => range(from - (to - from) / 4, to - (to - from) / 4),
    "\u2192": () => range(from + (to - from) / 4, to + (to - from) / 4),
    0: () => range(...whole),
  };
  const ALIASES = { "-": "\u2212", "=": "+", ArrowLeft: "\u2190", ArrowRight: "\u2192" };
  all("[data-zoom]").forEach((button) => button.addEventListener("click", () => KEYS[button.dataset.zoom]()));
  all(".picture.zooms").forEach((box) => {
    box.addEventListener("keydown", (event) => {
      const action = KEYS[ALIASES[event.key] || event.key];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action();
    });
    box.addEventListener("wheel", (event) => {
      const svg = box.querySelector("svg");
      if (!event.ctrlKey || !svg) return;
      event.preventDefault();
      const place = svg.getBoundingClientRect();
      const left = box.id === "draw-timeline" ? Math.min(250, Math.max(90, place.width * 0.25)) : 66;
      const share = Math.min(1, Math.max(0, (event.clientX - place.left - left) / Math.max(1, place.width - left - RIGHT)));
      zoom(event.deltaY > 0 ? 1.25 : 0.8, from + share * (to - from));
    }, { passive: false });
  });

  const choice = byId("series");
  if (choice && view.throughput.series.length < 2) choice.closest("p").hidden = true;
  if (choice) view.throughput.series.forEach((each, number) => {
    const option = document.createElement("option");
    option.value = number;
    option.textContent = words[each.name] || each.name;
    choice.append(option);
  });
  choice?.addEventListener("change", drawThroughput);
  byId("lanes")?.addEventListener("input", drawTimeline);
  draw();
  drawLoss();
  let waiting = 0;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(() => { draw(); drawLoss(); }, 120); });
  const print = (on) => () => { printing = on; draw(); drawLoss(); };
  addEventListener("beforeprint", print(true));
  addEventListener("afterprint", print(false));
})();
