// Pages are complete without this; it only makes some things quicker.

// `/` goes to the field that finds.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const field = document.querySelector("[data-key='/']");
    if (field) {
      event.preventDefault();
      field.focus();
    }
  }
  if (event.key === "Escape") {
    document.querySelectorAll("details.menu[open]").forEach((menu) => menu.removeAttribute("open"));
  }
});

// A menu closes when something else is touched.
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.removeAttribute("open");
  });
});

// A page about work that goes on asks again, unless somebody is typing on it.
const refresh = document.querySelector("[data-refresh]");
if (refresh) {
  setTimeout(() => location.reload(), Number(refresh.dataset.refresh) * 1000);
}

// The file is looked at before it is sent, can be dropped, and says how much of it has gone.
for (const form of document.querySelectorAll("form[data-upload]")) {
  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector(".drop");
  const check = form.querySelector("[data-check]");
  const bar = form.querySelector("[data-progress]");
  const MOST = 64 * 1024 * 1024;

  const look = async () => {
    const file = input.files[0];
    if (!file) return;
    const mb = (file.size / 1e6).toFixed(1);
    const head = await file.slice(0, 64 * 1024).text();
    const header = head.split(/\r?\n/, 1)[0];
    if (file.size > MOST) check.textContent = `${file.name} has ${mb} MB; more than 64 MiB is not taken.`;
    else if (head.includes("\uFFFD")) check.textContent = `${file.name}, ${mb} MB: it does not look like UTF-8.`;
    else if (!/coupon code/i.test(header)) check.textContent = `${file.name}, ${mb} MB: its first line does not name a column Coupon Code.`;
    else check.textContent = `${file.name}, ${mb} MB: looks good.`;
  };
  input.addEventListener("change", look);
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    input.files = event.dataTransfer.files;
    look();
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    const sent = new FormData(form);
    if (event.submitter?.name) sent.append(event.submitter.name, event.submitter.value);
    const buttons = form.querySelectorAll("button");
    bar.hidden = false;
    buttons.forEach((button) => { button.disabled = true; });
    request.upload.addEventListener("progress", (gone) => {
      if (gone.lengthComputable) { bar.max = gone.total; bar.value = gone.loaded; }
    });
    request.addEventListener("load", () => {
      if (request.status === 200) { location.assign(request.responseURL); return; }
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      document.querySelector("main").replaceWith(page.querySelector("main"));
    });
    request.addEventListener("error", () => {
      check.textContent = "The connection broke. Nothing was added; send it again.";
      buttons.forEach((button) => { button.disabled = false; });
      bar.hidden = true;
    });
    request.send(sent);
  });
}

// Copies what a field or a block says, on plain http too, where browsers give no clipboard.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  const select = () => {
    if (source.select) { source.select(); return; }
    getSelection().selectAllChildren(source);
  };
  button.hidden = false;
  button.addEventListener("click", async () => {
    let copied = false;
    try {
      await navigator.clipboard.writeText((source.value ?? source.textContent).trim());
      copied = true;
    } catch {
      select();
      copied = document.execCommand("copy");
    }
    button.textContent = copied ? "Copied" : "Selected: copy it by the keyboard";
  });
}
