// What the report can do beyond being read. It is complete without any of this.
"use strict";

function say(button, word) {
  button.textContent = word;
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

for (const button of document.querySelectorAll("button.copy")) {
  const code = button.closest(".command").querySelector("code");
  button.hidden = false;
  button.addEventListener("click", () => {
    const select = () => {
      getSelection().selectAllChildren(code);
      say(button, "Selected");
    };
    if (!navigator.clipboard) { select(); return; }
    navigator.clipboard.writeText(code.textContent).then(() => say(button, "Copied"), select);
  });
}

// A link to something that is folded away opens it.
function reveal() {
  const target = document.getElementById(location.hash.slice(1));
  for (let node = target; node; node = node.parentElement) {
    if (node.tagName === "DETAILS") { node.open = true; }
  }
  if (target) { target.scrollIntoView(); }
}
addEventListener("hashchange", reveal);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link && link.hash === location.hash) { reveal(); }
});
reveal();

// On paper nothing can be unfolded.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const details of opened) { details.open = true; }
});
addEventListener("afterprint", () => {
  for (const details of opened) { details.open = false; }
});
