// What the pages of the server can do beyond forms and links. They are complete without any of this.
"use strict";

// ── sending files ───────────────────────────────────────────────────────────────────────────

// Yields the files of a dropped folder, with their paths in it.
async function* filesOf(entry, path) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => { entry.file(resolve, reject); });
    yield [file, path + entry.name];
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const found = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (!found.length) { return; }
    for (const one of found) { yield* filesOf(one, `${path}${entry.name}/`); }
  }
}

for (const form of document.querySelectorAll("form.upload")) {
  const area = form.querySelector("[data-drop]");
  const list = form.querySelector(".chosen");
  const sending = form.querySelector(".sending");
  const problem = form.querySelector(".problem");
  let dropped = [];

  const addItem = (text, label, spoken, isKept) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "remove";
    button.textContent = label;
    button.setAttribute("aria-label", spoken);
    button.addEventListener("click", () => {
      dropped = dropped.filter(isKept);
      listDropped();
      (list.querySelector("button") || form.querySelector("input")).focus();
    });
    item.append(text, " ", button);
    list.append(item);
  };
  // The first names are enough to recognise a folder.
  const listDropped = () => {
    list.replaceChildren();
    const { remove, removeAll } = list.dataset;
    for (const one of dropped.slice(0, 20)) {
      addItem(one[1], remove, `${remove}: ${one[1]}`, (other) => other !== one);
    }
    const more = dropped.length - 20;
    if (dropped.length > 1) { addItem(more > 0 ? `+${more}` : "", removeAll, removeAll, () => false); }
  };

  const over = (event, is) => { event.preventDefault(); area.classList.toggle("over", is); };
  area.addEventListener("dragover", (event) => over(event, true));
  area.addEventListener("dragleave", (event) => over(event, false));
  area.addEventListener("drop", async (event) => {
    over(event, false);
    const entries = [...event.dataTransfer.items].map((one) => one.webkitGetAsEntry && one.webkitGetAsEntry());
    const plain = [...event.dataTransfer.files];
    const found = [];
    if (entries.some((one) => one)) {
      for (const entry of entries.filter((one) => one)) {
        for await (const one of filesOf(entry, "")) { found.push(one); }
      }
    } else {
      for (const file of plain) { found.push([file, file.name]); }
    }
    dropped.push(...found);
    listDropped();
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const data = new FormData(form);
    for (const [file, name] of dropped) { data.append("files", file, name); }
    const request = new XMLHttpRequest();
    const says = sending.querySelector("[role=status]");
    const bar = sending.querySelector("progress");
    const button = form.querySelector("button.main");
    const mib = (size) => (size / 1048576).toFixed(1);
    const end = (text) => {
      sending.hidden = true;
      button.disabled = false;
      problem.textContent = text;
    };
    sending.querySelector("[data-stop]").onclick = () => request.abort();
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.max = total;
      bar.value = loaded;
      const left = Math.ceil((Date.now() - began) / 1000 / loaded * (total - loaded)) || 0;
      says.textContent = says.dataset.says.replace("{sent}", mib(loaded)).replace("{all}", mib(total)).replace("{left}", left);
    });
    request.addEventListener("load", () => {
      if (request.status < 400) { location.assign(request.responseURL); return; }
      const main = new DOMParser().parseFromString(request.responseText, "text/html").querySelector("main");
      // Its title and sentences, one on each line, without the link back.
      const lines = main ? [...main.querySelectorAll("h1, .verdict-rest")].map((one) => one.textContent) : [];
      end(lines.join("\n") || problem.dataset.cut);
    });
    request.addEventListener("error", () => end(problem.dataset.cut));
    request.addEventListener("abort", () => end(""));
    const began = Date.now();
    problem.textContent = "";
    sending.hidden = false;
    button.disabled = true;
    request.open("POST", form.action);
    request.send(data);
  });
}

// ── progress ────────────────────────────────────────────────────────────────────────────────

// The page asks for itself, and takes over what has changed. A page without [data-poll] is the result.
async function poll() {
  const shown = document.querySelector("[data-poll]");
  let isLeaving = false; // a reload would undo the way to the page after Cancel
  document.addEventListener("submit", () => { isLeaving = true; });
  while (shown) {
    await new Promise((resolve) => { setTimeout(resolve, 700); });
    let text;
    try {
      const answer = await fetch(location.href);
      text = await answer.text();
    } catch {
      continue; // the server may be gone, or busy
    }
    const next = new DOMParser().parseFromString(text, "text/html").querySelector("[data-poll]");
    if (isLeaving) { return; }
    if (!next) { location.reload(); return; }
    for (const selector of ["[role=status]", ".stages", "dl"]) {
      const [before, after] = [shown.querySelector(selector), next.querySelector(selector)];
      if (before.innerHTML !== after.innerHTML) { before.replaceChildren(...after.childNodes); }
    }
    const [bar, newer] = [shown.querySelector("progress"), next.querySelector("progress")];
    bar.max = newer.max;
    bar.value = newer.value;
  }
}
poll();
