// All lists, one list, making, changing and ending it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { admin, assertQuiet, close, codes, list, take, workspace } from "./console.mjs";

after(close);

async function create(visitor, name) {
  await visitor.goto(`${workspace}/lists/new`);
  await visitor.fill("#name", name);
  await visitor.fill("#label", name.replace(/\W/g, "-"));
  await visitor.fill("#expires", "2099-12-31");
  await visitor.click("main form button");
  await visitor.waitForSelector(".figures");
}

test("a list is made, edited, archived and activated", async () => {
  const visitor = await admin();
  await create(visitor, "Spring sale");
  assert.match(await visitor.textContent(".message"), /created/);
  await visitor.reload();
  assert.equal(await visitor.locator(".message").count(), 0, "it is said once");
  await visitor.click("text=Edit");
  await visitor.check("#shortage");
  await visitor.click("main form button");
  assert.match(await visitor.textContent(".refusal"), /below how many codes/);
  assert.ok(await visitor.isChecked("#shortage"), "what was chosen is still there");
  await visitor.fill("#threshold", "100");
  await visitor.fill("#name", "Spring sale, extended");
  await visitor.click("main form button");
  assert.equal(await visitor.textContent("h1"), "Spring sale, extended");
  await visitor.click("text=Archive this list");
  await visitor.click("text=Archive it");
  assert.match(await visitor.textContent("h1 + p"), /archived/);
  await visitor.fill("#expires", "2098-12-31");
  await visitor.click("text=Activate it");
  assert.match(await visitor.textContent("h1 + p"), /empty/);
  assertQuiet(visitor);
});

test("the same form sent twice makes one list, and a taken name is told with what was typed", async () => {
  const visitor = await admin();
  await visitor.goto(`${workspace}/lists/new`);
  await visitor.fill("#name", "Only one");
  await visitor.fill("#label", "only-one");
  await visitor.fill("#expires", "2099-12-31");
  const statuses = await visitor.evaluate(async () => {
    const form = document.querySelector("main form");
    const body = new URLSearchParams(new FormData(form));
    const send = () => fetch(form.action, { method: "POST", body });
    return (await Promise.all([send(), send()])).map((answer) => answer.status);
  });
  assert.deepEqual(statuses, [200, 200]);
  await visitor.goto(`${workspace}/lists?q=Only+one`);
  assert.equal(await visitor.locator("tbody tr").count(), 1);
  await visitor.goto(`${workspace}/lists/new`);
  await visitor.fill("#name", "Only one");
  await visitor.fill("#label", "another-label");
  await visitor.fill("#expires", "2099-12-31");
  await visitor.click("main form button");
  assert.match(await visitor.textContent(".refusal"), /has this name/);
  assert.equal(await visitor.inputValue("#label"), "another-label");
  assertQuiet(visitor);
});

test("lists are found by filter, search and order, and their numbers are those of the API", async () => {
  const visitor = await admin();
  const full = await list("Filter full", codes("F", 1200));
  await list("Filter dry");
  for (let n = 0; n < 7; n += 1) await take(full, `user-${n}`);
  await visitor.goto(`${workspace}/lists?q=filter&sort=available`);
  assert.deepEqual(await visitor.locator("tbody th a").allTextContents(), ["Filter dry", "Filter full"]);
  const row = visitor.locator("tbody tr", { hasText: "Filter full" });
  assert.match(await row.textContent(), /1,193\s*of 1,200/);
  assert.match(await row.locator("td").nth(2).textContent(), /7\s*$/);
  await visitor.click("nav.filters >> text=Active");
  assert.equal(await visitor.locator("tbody tr").count(), 2);
  await visitor.click("nav.filters >> text=Dry");
  assert.equal(await visitor.locator("tbody tr").count(), 1);
  assertQuiet(visitor);
});

test("names with markup, other directions and no space are shown as text and break nothing", async () => {
  const visitor = await admin({ viewport: { width: 390, height: 844 } });
  const names = ["<img src=x onerror=alert(1)>", "שלום ‮abc", "🎉".repeat(60), "x".repeat(255), "a/b%2Fc?d#e"];
  for (const name of names) {
    const id = await list(name);
    await visitor.goto(`${workspace}/lists/${id}`);
    assert.equal(await visitor.textContent("h1"), name);
    const wide = await visitor.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    assert.ok(!wide, `${name} makes the page wider than the screen`);
  }
  assertQuiet(visitor);
});
