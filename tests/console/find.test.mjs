// One field that finds; a code's page; who got what; forgetting a person.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { admin, assertQuiet, close, codes, list, take, workspace } from "./console.mjs";

after(close);

const find = async (visitor, text) => {
  await visitor.keyboard.press("/");
  await visitor.keyboard.type(text);
  await visitor.keyboard.press("Enter");
  await visitor.waitForSelector("#what");
};

test("a code, its person, a request and a list are found by the keyboard alone", async () => {
  const visitor = await admin();
  const id = await list("Findable list", ["one/two%3?x", "OTHER"]);
  const given = await take(id, "user of find", { request_id: "request of find", campaign: { id: "spring" } });
  await find(visitor, given.coupon_code);
  await visitor.click("main li a");
  assert.match(await visitor.textContent("h1 + p"), /handed out/);
  assert.match(await visitor.textContent("dl.facts"), /user of find\s*Campaign\s*spring/);
  for (const asked of ["user of find", "request of find"]) {
    await find(visitor, asked);
    assert.match(await visitor.textContent("tbody"), /user of find/);
  }
  await find(visitor, "findable");
  assert.equal(await visitor.textContent("main li a"), "Findable list");
  await find(visitor, "nothing of the kind");
  assert.match(await visitor.textContent(".empty"), /Nothing is called/);
  assertQuiet(visitor);
});

test("a code is given back, redeemed and disabled", async () => {
  const visitor = await admin();
  const id = await list("Actions", ["ACT-1"]);
  await take(id, "first");
  await visitor.goto(`${workspace}/lists/${id}/codes/ACT-1`);
  await visitor.click("text=Give it back");
  assert.match(await visitor.textContent("h1 + p"), /free/);
  await take(id, "second");
  await visitor.reload();
  await visitor.click("text=Mark it as redeemed");
  assert.match(await visitor.textContent("h1 + p"), /redeemed/);
  assert.equal(await visitor.locator("text=Disable it").count(), 0, "a redeemed code cannot be disabled");
  assertQuiet(visitor);
});

test("who got what is filtered, and an erased person is gone", async () => {
  const visitor = await admin();
  const id = await list("Ledger", ["L-1", "L-2", "L-3"]);
  await take(id, "ann", { campaign: { id: "c" } });
  await take(id, "bob");
  await visitor.goto(`${workspace}/lists/${id}/handed-out`);
  assert.equal(await visitor.locator("tbody tr").count(), 2);
  await visitor.fill("#user", "ann");
  await visitor.click("main form button");
  assert.equal(await visitor.locator("tbody tr").count(), 1);
  await find(visitor, "ann");
  await visitor.click("text=Erase this person");
  await visitor.click("text=Erase the person");
  assert.match(await visitor.textContent(".message"), /1 hand-out/);
  await visitor.goto(`${workspace}/lists/${id}/handed-out`);
  assert.match(await visitor.textContent("tbody"), /erased/);
  assert.doesNotMatch(await visitor.textContent("main"), /ann/);
  assertQuiet(visitor);
});

test("all hand-outs of a campaign are given back, and the export has just these", async () => {
  const visitor = await admin();
  const id = await list("Bulk", codes("BULK", 8));
  for (let n = 0; n < 3; n += 1) await take(id, `spring-${n}`, { campaign: { id: "spring" } });
  await take(id, "autumn-1", { campaign: { id: "autumn" } });
  await visitor.goto(`${workspace}/lists/${id}/handed-out`);
  await visitor.fill("#campaign", "spring");
  await visitor.getByRole("button", { name: "Show", exact: true }).click();
  assert.equal(await visitor.locator("tbody tr").count(), 3);
  const exported = visitor.waitForEvent("download");
  await visitor.getByRole("link", { name: "Export these as CSV" }).click();
  const file = readFileSync(await (await exported).path(), "utf8").trim().split("\r\n");
  assert.equal(file.length, 4);
  assert.ok(file.slice(1).every((line) => line.includes(",spring,")), file.join("\n"));
  await visitor.getByRole("link", { name: /Change all that are like this/ }).click();
  assert.match(await visitor.textContent("main"), /3 hand-outs \(campaign spring\)/);
  await visitor.getByLabel("Give back").check();
  await visitor.getByRole("button", { name: "Do it" }).click();
  await visitor.waitForSelector("dl.figures", { timeout: 15_000 });
  assert.match((await visitor.textContent("dl.figures")).replace(/\s+/g, " "), /given back ?3/);
  await visitor.getByRole("link", { name: "Who got what" }).click();
  await visitor.selectOption("#status", "ALLOCATED");
  await visitor.getByRole("button", { name: "Show", exact: true }).click();
  assert.match(await visitor.textContent("tbody"), /autumn-1/);
  assert.equal(await visitor.locator("tbody tr").count(), 1);
  assertQuiet(visitor);
});
