// What the report can do beyond being read. It is complete without any of this.
"use strict";

// ── copying ─────────────────────────────────────────────────────────────────────────────────

for (const button of document.querySelectorAll("button.copy")) {
  const text = document.getElementById(button.dataset.of)
    || button.closest(".command, .record").querySelector("code, pre");
  const word = button.textContent;
  const say = (done) => {
    button.textContent = done;
    setTimeout(() => { button.textContent = word; }, 2000);
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    const select = () => {
      for (let node = text; node; node = node.parentElement) {
        if (node.tagName === "DETAILS") { node.open = true; }
      }
      getSelection().selectAllChildren(text);
      say(button.dataset.selected);
    };
    if (!navigator.clipboard) { select(); return; }
    navigator.clipboard.writeText(text.textContent).then(() => say(button.dataset.done), select);
  });
}

// ── what is folded away ─────────────────────────────────────────────────────────────────────

// A link to something that is folded away opens it.
function reveal() {
  const target = document.getElementById(location.hash.slice(1));
  for (let node = target; node; node = node.parentElement) {
    if (node.tagName === "DETAILS") { node.open = true; }
  }
  if (target && target.closest("[data-unasked]")) { dispatchEvent(new Event("unfilter")); }
  if (target) { target.scrollIntoView(); }
}
addEventListener("hashchange", reveal);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link && link.getAttribute("href") === location.hash) { reveal(); }
});
reveal();

// On paper nothing can be unfolded: findings are open there, and what is for the screen only stays away.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details.finding:not([open])")];
  for (const details of opened) { details.open = true; }
});
addEventListener("afterprint", () => {
  for (const details of opened) { details.open = false; }
});

// ── the timeline ────────────────────────────────────────────────────────────────────────────

// Places are percent of the whole time, as they were drawn; `from` and `to` are what is shown of it.
function timeline(chart) {
  const drawing = chart.querySelector("svg");
  const axis = chart.querySelector(".axis");
  const scale = JSON.parse(document.getElementById("chart-scale").textContent);
  const things = [...drawing.querySelectorAll(".at")].map((node) => ({
    node,
    x: parseFloat(node.getAttribute("x")),
    width: parseFloat(node.getAttribute("width") || "0"),
    sized: node.hasAttribute("width"),
  }));
  const drawn = [...axis.childNodes];
  const bottom = Number(axis.dataset.y);
  let from = 0;
  let to = 100;

  // Seconds since 1970 at a place: time runs evenly between the points of the scale.
  function time(place) {
    let n = 1;
    while (n < scale.length - 1 && scale[n][1] < place) { n += 1; }
    const [[t0, p0], [t1, p1]] = [scale[n - 1], scale[n]];
    return p1 > p0 ? t0 + (place - p0) / (p1 - p0) * (t1 - t0) : t0;
  }

  function make(name, attributes, text) {
    const node = document.createElementNS(drawing.namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) { node.setAttribute(key, value); }
    if (text) { node.textContent = text; }
    return node;
  }

  function ticks() {
    if (from === 0 && to === 100) { axis.replaceChildren(...drawn); return; }
    const nodes = [];
    for (let n = 0; n < 5; n += 1) {
      const x = 2 + n * 24;
      const [day, clock] = new Date(time(from + (to - from) * x / 100) * 1000).toISOString().split("T");
      const anchor = { "text-anchor": n === 0 ? "start" : n === 4 ? "end" : "middle", class: "tick" };
      nodes.push(make("line", { class: "grid", x1: `${x}%`, x2: `${x}%`, y1: 0, y2: bottom }));
      nodes.push(make("text", { ...anchor, x: `${x}%`, y: bottom + 16 }, clock.slice(0, 12)));
      if (n === 0) { nodes.push(make("text", { ...anchor, x: `${x}%`, y: bottom + 31 }, day)); }
    }
    axis.replaceChildren(...nodes);
  }

  function show(first, last) {
    const size = Math.min(100, Math.max(0.05, last - first));
    from = Math.min(Math.max(0, first), 100 - size);
    to = from + size;
    for (const { node, x, width, sized } of things) {
      node.setAttribute("x", `${(x - from) / size * 100}%`);
      if (sized) { node.setAttribute("width", `${width / size * 100}%`); }
      node.toggleAttribute("data-outside", x + width < from - size / 50 || x > to + size / 50);
    }
    chart.classList.toggle("zoomed", size < 100);
    ticks();
  }

  // The worst event in sight, or the middle: zooming in leads to what matters.
  function focus() {
    const marks = [...drawing.querySelectorAll(".event")].filter((mark) => !mark.closest("[data-outside]"));
    const worst = ["critical", "high", "medium", "low"].map((level) =>
      marks.find((mark) => mark.classList.contains(level))).find(Boolean);
    const thing = worst && things.find(({ node }) => node === worst.parentNode);
    return thing ? thing.x : (from + to) / 2;
  }

  function zoom(factor, around) {
    const size = (to - from) * factor;
    const middle = around === undefined ? focus() : around;
    show(middle - size * (middle - from) / (to - from), middle + size * (to - middle) / (to - from));
  }

  const step = { in: () => zoom(0.5), out: () => zoom(2), all: () => show(0, 100) };
  step.left = () => show(from - (to - from) / 3, to - (to - from) / 3);
  step.right = () => show(from + (to - from) / 3, to + (to - from) / 3);
  for (const button of chart.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => step[button.dataset.zoom]());
  }
  const place = (event) => {
    const box = drawing.getBoundingClientRect();
    return from + (event.clientX - box.left) / box.width * (to - from);
  };
  drawing.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) { return; } // without it a wheel moves the page
    event.preventDefault();
    zoom(event.deltaY < 0 ? 0.8 : 1.25, place(event));
  }, { passive: false });
  drawing.addEventListener("dblclick", (event) => zoom(0.5, place(event)));
  let held = null;
  drawing.addEventListener("pointerdown", (event) => {
    if (to - from < 100 && !event.target.closest("a")) {
      held = { place: place(event), from, to, x: event.clientX };
      drawing.setPointerCapture(event.pointerId);
    }
  });
  drawing.addEventListener("pointermove", (event) => {
    if (held) {
      const moved = (event.clientX - held.x) / drawing.getBoundingClientRect().width * (held.to - held.from);
      show(held.from - moved, held.to - moved);
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    drawing.addEventListener(end, () => { held = null; });
  }

  // What a mark stands for, beside it; the browser's own tooltip would come late and stand twice.
  const tip = chart.querySelector(".tip");
  for (const node of drawing.querySelectorAll(".event, .lasting")) {
    const title = node.querySelector("title");
    const text = title.textContent;
    title.remove();
    const open = () => {
      const [box, outer] = [node.getBoundingClientRect(), chart.getBoundingClientRect()];
      tip.replaceChildren(...text.split("; ").map((line) => {
        const row = document.createElement("p");
        row.textContent = line;
        return row;
      }));
      tip.hidden = false;
      const left = Math.min(Math.max(8, box.left - outer.left), outer.width - tip.offsetWidth - 8);
      tip.style.left = `${Math.max(8, left)}px`;
      tip.style.top = `${box.bottom - outer.top + 8}px`;
    };
    const close = () => { tip.hidden = true; };
    node.addEventListener("pointerenter", open);
    node.addEventListener("focus", open);
    node.addEventListener("pointerleave", close);
    node.addEventListener("blur", close);
  }
  addEventListener("keydown", (event) => { if (event.key === "Escape") { tip.hidden = true; } });

  chart.querySelector(".zoom").hidden = false;
}

if (document.getElementById("chart")) { timeline(document.getElementById("chart")); }

// ── search and severities ───────────────────────────────────────────────────────────────────

function filters(tools) {
  const boxes = [...tools.querySelectorAll(".filter input")];
  const field = tools.querySelector("#search");
  const output = tools.querySelector("output");
  const findings = [...document.querySelectorAll("details.finding")];
  const texts = new Map(findings.map((node) => [node, node.textContent.toLowerCase()]));
  const leveled = [...document.querySelectorAll("[data-level]")].filter((node) => !texts.has(node));
  const marks = [...document.querySelectorAll("#chart .event")];
  const bars = [...document.querySelectorAll("#chart .lasting")];

  function apply() {
    const asked = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [node, text] of texts) {
      const wanted = asked.has(node.dataset.level) && words.every((word) => text.includes(word));
      node.toggleAttribute("data-unasked", !wanted);
      shown += wanted ? 1 : 0;
    }
    for (const node of leveled) {
      node.toggleAttribute("data-unasked", node.dataset.level !== "" && !asked.has(node.dataset.level));
    }
    for (const node of marks) {
      node.toggleAttribute("data-unasked", !node.dataset.levels.split(" ").some((level) => asked.has(level)));
    }
    for (const node of bars) {
      node.toggleAttribute("data-unasked", ![...asked].some((level) => node.classList.contains(level)));
    }
    const filtered = words.length || asked.size < boxes.length;
    output.textContent = filtered
      ? output.dataset.says.replace("{shown}", shown).replace("{all}", findings.length) : "";
  }

  field.addEventListener("input", apply);
  // Enter leads to what was found.
  field.addEventListener("change", () => {
    if (field.value) { document.getElementById("findings").scrollIntoView({ behavior: "instant" }); }
  });
  for (const box of boxes) { box.addEventListener("change", apply); }
  // A link to something that the filter hides shows everything again.
  addEventListener("unfilter", () => {
    for (const box of boxes) { box.checked = true; }
    field.value = "";
    apply();
  });
  tools.hidden = false;
}

if (document.getElementById("filter")) { filters(document.getElementById("filter")); }
