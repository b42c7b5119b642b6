// The six screens that matter most, by the keyboard alone: what has no place in the order of Tab is not there.

import assert from "node:assert/strict";
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
  assert.match(await visitor.textContent("h1 + p"), /free/);

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
  assert.match(await visitor.textContent("main"), /1 hand-out/);
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
  assert.match(await visitor.textContent(".message"), /1 person got another code/);
  await press(visitor, visitor.locator("summary", { hasText: "Delete the file" }));
  await press(visitor, button(visitor, "Delete it"));
  assert.match(await visitor.textContent(".message"), /deleted/);
  assertQuiet(visitor);
});
