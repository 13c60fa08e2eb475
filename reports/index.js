// Finding clusters. The page is complete without it.
"use strict";

const tools = document.querySelector(".tools");

if (tools) {
  const field = tools.querySelector("#search");
  const output = tools.querySelector("output");
  const boxes = [...tools.querySelectorAll(".filter input")];
  const rows = [...document.querySelectorAll("li[data-row]")].map((node) => ({
    node,
    text: `${node.textContent} ${node.dataset.row}`.toLowerCase(), // and what no line has room for
  }));
  // A cluster is shown if it has a severity that is asked for, and every word.
  const filter = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const asked = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let shown = 0;
    for (const { node, text } of rows) {
      const wanted = asked.has(node.dataset.level) && words.every((word) => text.includes(word));
      node.toggleAttribute("data-unasked", !wanted);
      shown += wanted ? 1 : 0;
    }
    const filtered = words.length || asked.size < boxes.length;
    output.textContent = filtered ? output.dataset.says.replace("{shown}", shown) : "";
  };
  field.addEventListener("input", filter);
  for (const box of boxes) { box.addEventListener("change", filter); }
  tools.hidden = false;
  filter(); // what the browser kept
}
