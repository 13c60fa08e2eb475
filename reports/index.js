// Finding rows. The page is complete without it.
"use strict";

const search = document.querySelector(".search");

if (search) {
  const field = search.querySelector("input");
  const told = search.querySelector("output");
  const rows = [...document.querySelectorAll("tr[data-row]")].map((node) => ({
    node,
    text: `${node.textContent} ${node.dataset.row}`.toLowerCase(), // and the rules that fired
  }));
  // A row is shown if it holds every word.
  const filter = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { node, text } of rows) {
      node.hidden = !words.every((word) => text.includes(word));
      shown += node.hidden ? 0 : 1;
    }
    told.textContent = words.length ? told.dataset.says.replace("{shown}", shown) : "";
  };
  field.addEventListener("input", filter);
  search.hidden = false;
  filter(); // what the browser kept in the field
}
