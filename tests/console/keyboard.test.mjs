// What people do here, by the keyboard alone: what has no place in the order of Tab is not there.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { admin, assertQuiet, close, codes, csv, list, take, workspace } from "./console.mjs";

after(close);

/** Presses Tab until the one that is meant has the focus, which must be seen. */
async function reach(visitor, what) {
  const meant = await what.elementHandle({ timeout: 15_000 });
  for (let presses = 0; presses < 200; presses += 1) {
    await visitor.keyboard.press("Tab");
    const focused = await visitor.evaluate((one) => one === document.activeElement, meant);
    if (!focused) continue;
    const isSeen = await visitor.evaluate((one) => {
      const style = getComputedStyle(one);
      return style.outlineStyle !== "none" && style.outlineWidth !== "0px";
    }, meant);
    assert.ok(isSeen, `the focus is not seen on ${await meant.evaluate((one) => one.outerHTML)}`);
    return;
  }
  assert.fail(`Tab never comes to ${await meant.evaluate((one) => one.outerHTML)}`);
}

async function press(visitor, what) {
  await reach(visitor, what);
  await visitor.keyboard.press("Enter");
}

async function type(visitor, what, text) {
  await reach(visitor, what);
  await visitor.keyboard.type(text);
}

/** A key is pressed before the page that it leads to is there. */
const says = (visitor, what, text) => visitor.locator(what, { hasText: text }).first().waitFor({ timeout: 30_000 });
const link = (visitor, name) => visitor.getByRole("link", { name }).first();
const button = (visitor, name) => visitor.getByRole("button", { name, exact: true }).first();

test("lists, a list and its first codes: made, pasted, taken, looked up and given back", async () => {
  const visitor = await admin();
  await visitor.goto(`${workspace}/lists`);
  await press(visitor, link(visitor, "Create a list"));
  await type(visitor, visitor.locator("#name"), "By keyboard");
  await type(visitor, visitor.locator("#label"), "by-keyboard");
  await type(visitor, visitor.locator("#expires"), "12312099");
  await press(visitor, button(visitor, "Create the list"));
  await visitor.waitForURL(/\/lists\/[0-9a-f]{24}$/);
  const id = visitor.url().split("/").at(-1);

  await press(visitor, link(visitor, "Add codes"));
  await type(visitor, visitor.locator("#pasted"), codes("KEYS", 3).join("\n"));
  await press(visitor, button(visitor, "Add them"));
  await visitor.waitForSelector(".figures", { timeout: 30_000 });
  await take(id, "user of keys");

  await visitor.keyboard.press("/");
  await visitor.keyboard.type("user of keys");
  await visitor.keyboard.press("Enter");
  await press(visitor, visitor.locator("tbody a").first());
  await press(visitor, button(visitor, "Give it back"));
  await says(visitor, "h1 + p", /free/);

  await visitor.goto(`${workspace}/lists`);
  await type(visitor, visitor.locator("#q"), "By keyboard");
  await press(visitor, button(visitor, "Show"));
  await press(visitor, link(visitor, "By keyboard"));
  await press(visitor, link(visitor, "Who got what"));
  await type(visitor, visitor.locator("#user"), "user of keys");
  await press(visitor, button(visitor, "Show"));
  await visitor.waitForURL(/user=user/);
  assert.equal(await visitor.locator("tbody tr").count(), 1);
  await press(visitor, link(visitor, /Change all that are like this/));
  await says(visitor, "main", /1 hand-out/);
  assertQuiet(visitor);
});

test("a file is chosen, sent, set aside, replaced and deleted", async () => {
  const visitor = await admin();
  const id = await list("Files by keyboard");
  await visitor.goto(`${workspace}/lists/${id}/upload`);
  const file = visitor.locator("#file");
  await reach(visitor, file);
  const choosing = visitor.waitForEvent("filechooser");
  await visitor.keyboard.press("Space");
  await (await choosing).setFiles({ name: "bad.csv", mimeType: "text/csv", buffer: Buffer.from(csv(codes("BAD", 2))) });
  await press(visitor, button(visitor, "Send it"));
  await visitor.waitForSelector(".figures", { timeout: 30_000 });
  await take(id, "ann");
  await press(visitor, button(visitor, "Set it aside"));
  await press(visitor, link(visitor, "Add codes"));
  await type(visitor, visitor.locator("#pasted"), "GOOD-1");
  await press(visitor, button(visitor, "Add them"));
  await visitor.waitForSelector(".figures", { timeout: 30_000 });
  await press(visitor, link(visitor, "Files by keyboard"));
  await press(visitor, link(visitor, "bad.csv"));
  await press(visitor, button(visitor, "Give them another code"));
  await says(visitor, ".message", /1 person got another code/);
  await press(visitor, visitor.locator("summary", { hasText: "Delete the file" }));
  await press(visitor, button(visitor, "Delete it"));
  await says(visitor, ".message", /deleted/);
  assertQuiet(visitor);
});

test("a file is fetched from an address", async () => {
  const host = createServer((_, answer) => answer.end(csv(codes("FAR", 20))));
  await new Promise((resolve) => host.listen(0, "127.0.0.1", resolve));
  const visitor = await admin();
  const id = await list("An address by keyboard");
  await visitor.goto(`${workspace}/lists/${id}/upload`);
  await type(visitor, visitor.locator("#url"), `http://127.0.0.1:${host.address().port}/codes.csv`);
  await press(visitor, button(visitor, "Fetch it"));
  await visitor.waitForSelector(".figures", { timeout: 30_000 });
  assert.match(await visitor.textContent(".figures"), /Codes added\s*20/);
  host.close();
  assertQuiet(visitor);
});

test("a report is asked for and downloaded", async () => {
  const visitor = await admin();
  const id = await list("A report by keyboard", ["REPORTED-1"]);
  await take(id, "ann");
  await visitor.goto(`${workspace}/lists/${id}`);
  await press(visitor, link(visitor, "As a report"));
  await press(visitor, button(visitor, "Ask for it"));
  await visitor.waitForURL(/\/reports$/);
  const row = visitor.locator("tbody tr", { hasText: "A report by keyboard" });
  const download = row.getByRole("link", { name: /^Download/ });
  await download.waitFor({ timeout: 30_000 });
  const arriving = visitor.waitForEvent("download");
  await press(visitor, download);
  const report = await (await arriving).createReadStream();
  let text = "";
  for await (const piece of report) text += piece;
  assert.match(text, /REPORTED-1/);
  assertQuiet(visitor);
});

test("an API key is made and revoked", async () => {
  const visitor = await admin();
  await visitor.goto(`${workspace}/access`);
  await type(visitor, visitor.locator("#label"), "by keyboard");
  await press(visitor, button(visitor, "Make a key"));
  await reach(visitor, visitor.locator("#secret"));
  assert.notEqual(await visitor.inputValue("#secret"), "");
  await press(visitor, link(visitor, "Done"));
  const row = visitor.locator("tr", { hasText: "by keyboard" });
  await press(visitor, row.locator("summary", { hasText: "Change" }));
  await press(visitor, row.locator("summary", { hasText: "Revoke it" }));
  await press(visitor, row.getByRole("button", { name: "Revoke it now" }));
  await says(visitor, ".message", /revoked/);
  assert.equal(await row.locator(".state").textContent(), "revoked");
  assertQuiet(visitor);
});
